"""Find the files of a benchmark in a folder, in any of its published layouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from xprojdb.errors import InputError, UsageError
from xprojdb.readers.benchmarks.catalog import Benchmark, Layout, TableFormat
from xprojdb.text.languages import language


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    """One file of a benchmark.

    :param lang: the language, as xprojdb stores it.
    :param part: the split, with a number if it consists of several files.
    :param reading: options of the reader.
    """

    path: Path
    lang: str
    split: str
    part: str
    format: TableFormat
    reading: Mapping[str, Any]


def find_files(
    benchmark: Benchmark, folder: Path, langs: Sequence[str] = (), splits: Sequence[str] = ()
) -> list[BenchmarkFile]:
    """The files of some languages and splits.

    :param folder: a copy of the benchmark.
    :param langs: by any of their codes; empty: all that are there.
    :param splits: such as ``("test",)``; empty: all of the benchmark.
    :raises UsageError: when the benchmark has no such language or split.
    :raises InputError: when a file is missing.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", hint="name the folder with --path", file=str(folder))
    names = published_names(benchmark, langs)
    chosen = _checked_splits(benchmark, splits)
    layouts_found = {lang: _of_language(benchmark, folder, lang) for lang in names}
    missing = [lang for lang, layout in layouts_found.items() if layout is None]
    if len(missing) == len(names) or (langs and missing):
        raise _nothing(benchmark, folder, missing)
    layouts = {lang: layout for lang, layout in layouts_found.items() if layout is not None}
    return [file for lang, layout in layouts.items() for file in _files(folder, lang, layout, chosen)]


def published_names(benchmark: Benchmark, langs: Sequence[str]) -> list[str]:
    """The names of languages in the files of a benchmark, given any of their codes; all, if none are given.

    :raises UsageError: when it has no such language.
    """
    names = {language(name).code: name for name in benchmark.langs}
    for code in langs:
        if language(code).code not in names:
            hint = f"its languages: {', '.join(benchmark.langs)}"
            raise UsageError(f"{benchmark.title} has no {language(code).name}", hint=hint, lang=code)
    return [names[language(code).code] for code in langs] if langs else list(benchmark.langs)


def _checked_splits(benchmark: Benchmark, splits: Sequence[str]) -> Sequence[str]:
    for split in splits:
        if split not in benchmark.splits:
            hint = f"its splits: {', '.join(benchmark.splits)}"
            raise UsageError(f"{benchmark.title} has no split {split!r}", hint=hint, split=split)
    return splits or benchmark.splits


def _of_language(benchmark: Benchmark, folder: Path, lang: str) -> Layout | None:
    """The first layout in which there are files of a language."""
    for layout in benchmark.layouts:
        if any(_matching(folder, layout, lang, name) for name in layout.splits.values()):
            return layout
    return None


def _matching(folder: Path, layout: Layout, lang: str, split: str) -> list[Path]:
    pattern = layout.pattern.format(lang=escape(lang), split=escape(split))
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _files(folder: Path, lang: str, layout: Layout, splits: Sequence[str]) -> Iterator[BenchmarkFile]:
    code = language(lang).code
    for split in splits:
        paths = _matching(folder, layout, lang, layout.splits[split]) if split in layout.splits else []
        if not paths:
            pattern = layout.pattern.format(lang=lang, split=layout.splits.get(split, split))
            raise InputError(
                f"there is no {pattern} in {folder}",
                hint="complete the copy, or select other files with --langs and --splits",
                file=str(folder / pattern),
                lang=lang,
                split=split,
            )
        for number, path in enumerate(paths):
            part = split if len(paths) == 1 else f"{split}-{number:05d}"
            yield BenchmarkFile(path, code, split, part, layout.format, layout.reading)


def _nothing(benchmark: Benchmark, folder: Path, missing: Sequence[str]) -> InputError:
    first = missing[0]
    expected = " or ".join(
        layout.pattern.format(lang=first, split=next(iter(layout.splits.values()))) for layout in benchmark.layouts
    )
    return InputError(
        f"{folder} has no file of {benchmark.title} in {first}: no {expected}",
        hint=f"download it from {benchmark.url}",
        file=str(folder),
        lang=first,
    )
