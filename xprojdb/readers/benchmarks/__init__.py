"""Published benchmarks: what they are, how their files are arranged in a folder, and how to download them."""

from xprojdb.readers.benchmarks.catalog import BENCHMARKS, Benchmark, benchmark
from xprojdb.readers.benchmarks.layouts import BenchmarkFile, find_files

__all__ = ["BENCHMARKS", "Benchmark", "BenchmarkFile", "benchmark", "find_files"]
