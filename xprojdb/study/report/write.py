"""Write a report into a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xprojdb.db import Database
from xprojdb.exports.atomic import reporting
from xprojdb.exports.errors import ExportError
from xprojdb.exports.outputs import output_file
from xprojdb.study.report.analysis import Analysis, analyse
from xprojdb.study.report.figures import figures
from xprojdb.study.report.measurements import read_study
from xprojdb.study.report.methods import methods_paragraph
from xprojdb.study.report.page import report_page
from xprojdb.study.report.tables import CURVE, MEASURED, as_csv, as_latex, measured_rows

#: the file of a report by which its folder is known
REPORT = "report.json"


@dataclass(frozen=True)
class WrittenReport:
    """A report and where it is.

    :param files: bytes of each.
    """

    analysis: Analysis
    folder: str
    files: dict[str, int]


def write_report(
    database: Database, name: str, folder: str | Path, *, resamples: int = 1000, seed: int = 0
) -> WrittenReport:
    """Write everything that is known of a study; an earlier report in the folder is replaced.

    :param name: of the study.
    :raises UsageError: when there is no such study, or nothing of it is measured.
    :raises MissingExtra: without matplotlib, statsmodels, scipy or pandas.
    :raises ExportError: when a file cannot be written, is a link, or would replace what is no report's.
    """
    with database.read() as connection:
        data = read_study(connection, name)
    analysis = analyse(data, resamples=resamples, seed=seed)
    place, contents = Path(folder), _contents(analysis)
    with reporting(place):
        place.mkdir(parents=True, exist_ok=True)
        _check_replaceable(place, contents)
    for file, content in contents.items():
        with output_file(place / file) as stream:
            stream.write(content)
    return WrittenReport(analysis, str(place), {file: len(content) for file, content in contents.items()})


def _check_replaceable(place: Path, names: Iterable[str]) -> None:
    """Refuse to replace what no report wrote, and to follow links that the folder has for the names of our files."""
    taken = [place / name for name in names if os.path.lexists(place / name)]
    if linked := next((path for path in taken if path.is_symlink()), None):
        raise ExportError(f"{linked} is a link, which a report does not follow", hint="choose a folder of its own")
    if taken and not _is_report(place / REPORT):
        raise ExportError(f"{taken[0]} is not of a report", hint="choose another folder, or move that file")


def _is_report(path: Path) -> bool:
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(report, dict) and {"study", "digest", "measured"} <= report.keys()


def _contents(analysis: Analysis) -> dict[str, bytes]:
    drawn = figures(analysis)
    curves = [(*series.series, *point.__dict__.values()) for series in analysis.series for point in series.points]
    texts = {
        "report.html": report_page(analysis, drawn),
        REPORT: json.dumps(analysis.to_dict(), indent=2, ensure_ascii=False, default=str) + "\n",
        "measurements.csv": as_csv(MEASURED, measured_rows(analysis.data)),
        "curves.csv": as_csv(("task", "arm", "regime", *CURVE), curves),
        "curves.tex": as_latex(analysis),
        "methods.txt": methods_paragraph(analysis) + "\n",
    }
    images = {f"{name}.{form}": content for name, forms in drawn.items() for form, content in forms.items()}
    return {**{name: text.encode("utf-8") for name, text in texts.items()}, **images}
