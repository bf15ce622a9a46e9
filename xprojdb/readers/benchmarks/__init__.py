"""Published benchmarks: what they are, how their files lie in a folder, and how they come from the Hub."""

from xprojdb.readers.benchmarks.catalog import BENCHMARKS, Benchmark, benchmark
from xprojdb.readers.benchmarks.layouts import BenchmarkFile, find_files

__all__ = ["BENCHMARKS", "Benchmark", "BenchmarkFile", "benchmark", "find_files"]
