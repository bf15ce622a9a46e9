"""Published scores to compare with: those of known benchmarks, and others from CSV files."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from xprojdb.errors import InputError

_REQUIRED = ("dataset", "lang", "method", "f1")
_SCORES = ("f1", "precision", "recall")

#: the publications behind the built-in scores, by :attr:`PublishedScore.source`
SOURCES: Mapping[str, str] = {
    "politov2025": "Politov, Shkalikov, Jäkel, Färber: Revisiting Projection-based Data Transfer for Cross-Lingual NER "
    "in Low-Resource Languages. NoDaLiDa 2025, arXiv 2501.18750",
    "shkalikov2025": "O. Shkalikov's thesis on projection as an integer linear program, 2025, which also lists those "
    "of CODEC (Le et al. 2024, arXiv 2402.03131) and EasyProject (Chen et al. 2023, arXiv 2211.15613)",
}


@dataclass(frozen=True)
class PublishedScore:
    """One published score, in 0..1 (the files contain percentages).

    :param source: the source given in the file, or the file's name without suffix, such as ``"politov2025"``.
    :param dataset: the gold data set.
    :param lang: language code as in the publication.
    :param method: the system.
    :param f1: entity F1.
    :param precision: precision, if published.
    :param recall: recall, if published.
    :param settings: all further non-empty columns, such as ``{"aligner": "awesome"}``.
    """

    source: str
    dataset: str
    lang: str
    method: str
    f1: float
    precision: float | None = None
    recall: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)


def load_benchmark_scores() -> list[PublishedScore]:
    """Load the built-in scores on the test splits of benchmarks; :data:`SOURCES` lists the publications."""
    with resources.as_file(resources.files("xprojdb.evaluation") / "benchmarks.csv") as file:
        return load_published(file)


def load_published(path: Path | str) -> list[PublishedScore]:
    """Load published scores.

    :param path: a CSV file with the columns dataset, lang, method and f1 (percent), optionally source, precision and
        recall, and any settings; or a folder of such files, read in the order of their names.
    :raises InputError: when the path does not exist or contains no CSV file, a column is missing, or a score is not a
        number in 0..100.
    """
    path = Path(path)
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise InputError(f"there are no published scores at {path}", hint="pass a CSV file or a folder", file=path)
    return [score for file in files for score in _read(file)]


def select(scores: Iterable[PublishedScore], **criteria: str) -> list[PublishedScore]:
    """Keep the scores whose fields and settings have the given values.

    :param criteria: values by name, such as ``dataset="europarl-ner", lang="de", aligner="awesome"``.
    """
    return [score for score in scores if all(_value(score, name) == value for name, value in criteria.items())]


def _value(score: PublishedScore, name: str) -> str | None:
    if name in ("source", "dataset", "lang", "method"):
        return str(getattr(score, name))
    return score.settings.get(name)


def _read(file: Path) -> Iterator[PublishedScore]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                f"{file}:1: no column {', '.join(missing)}",
                hint=f"the first line must name the columns {', '.join(_REQUIRED)}",
                file=file,
                line=1,
                columns=missing,
            )
        for row in reader:
            yield _score(file, reader.line_num, row)


def _score(file: Path, line: int, row: Mapping[str | None, str | None]) -> PublishedScore:
    if None in row or None in row.values():
        raise InputError(
            f"{file}:{line}: the number of cells differs from the number of columns",
            hint="quote cells with commas",
            file=file,
            line=line,
        )
    cells = {str(name): value or "" for name, value in row.items()}
    f1, precision, recall = (_share(file, line, name, cells.get(name, "")) for name in _SCORES)
    if f1 is None:
        raise _bad_score(file, line, "f1", "")
    columns = ("source", *_REQUIRED, *_SCORES)
    others = {name: value for name, value in cells.items() if value and name not in columns}
    source = cells.get("source") or file.stem
    return PublishedScore(
        source, cells["dataset"], cells["lang"], cells["method"], f1, precision, recall, settings=others
    )


def _share(file: Path, line: int, column: str, cell: str) -> float | None:
    if not cell:
        return None
    try:
        percent = float(cell)
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise _bad_score(file, line, column, cell)
    return round(percent / 100, 8)


def _bad_score(file: Path, line: int, column: str, cell: str) -> InputError:
    return InputError(
        f"{file}:{line}: {column} is {cell!r}, not a percentage",
        hint="write scores as numbers from 0 to 100",
        file=file,
        line=line,
        column=column,
    )
