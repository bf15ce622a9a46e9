"""Results of training and studies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.importing.pairs.importing import PairsReport
    from xprojdb.study.report.write import WrittenReport
    from xprojdb.study.rounds import Rounds
    from xprojdb.study.run import StudyReport
    from xprojdb.study.train import TrainReport


class TrainResult(ReportResult):
    """A trained model; a row is a language in its training set.

    :param rounds: those of a self-training.
    """

    report: TrainReport

    def __init__(self, report: TrainReport, rounds: Rounds | None = None) -> None:
        super().__init__(report)
        self.rounds = rounds

    @property
    def notes(self) -> list[str]:
        """Remarks, such as languages with less data than the budget."""
        return [*self.report.notes, *super().notes]

    @property
    def tagger(self) -> str:
        """Its name in ``[tag]``."""
        return f"trained:{self.report.name}"

    def to_dict(self) -> list[Row]:
        """A row for each language: the size of its training set."""
        return [{"model": self.report.name, "lang": lang, **sizes} for lang, sizes in self.report.samples.items()]

    def to_json(self) -> Any:
        """What ``xprojdb train --json`` prints."""
        fields = {**asdict(self.report), "run": self.report.run.run_id}
        if self.rounds is None:
            return fields
        return {**fields, "rounds": [asdict(entry) for entry in self.rounds.rounds], "settled": self.rounds.settled}

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("lang", "sentences>", "words>", "entities>")
        for lang, sizes in report.samples.items():
            shown.add_row(lang, *(f"{sizes[unit]:,}" for unit in ("sentences", "words", "entities")))
        return Group(shown, *self._round_lines(), Text(self._summary()))

    def _round_lines(self) -> list[RenderableType]:
        """What each round of a self-training learned from, and why it ended."""
        if self.rounds is None or not self.rounds.rounds:
            return []
        shown = table("round>", "labels of", "entities>", "agree with the round before>")
        for entry in self.rounds.rounds:
            agreed = "–" if entry.agreement is None else f"{100 * entry.agreement:.1f} %"
            shown.add_row(str(entry.number), entry.labels, f"{entry.entities:,}", agreed)
        settled = self.rounds.settled
        why = "rounds were used up" if settled is None else f"a further round would agree by {100 * settled:.1f} %"
        return [shown, Text(f"stopped: {why}")]

    def _summary(self) -> str:
        report = self.report
        if report.sha256 is None:
            return f"{report.name} was not trained" + (
                f": {report.problem}\n  → xprojdb status --failed shows more; --retry-failed tries again"
                * bool(report.problem)
            )
        done = "nothing to do: " if report.run.run_id is None else ""
        summary = f"{done}{self.tagger} ({report.digest[:8]}): {report.steps} steps, {report.cpu_s:.1f} CPU seconds"
        best = max(report.measures.get("dev", {}).values(), default=None)
        return summary + (f", F1 {best:.1f} on the dev split" if best is not None else "")


class StudyResult(ReportResult):
    """A study; a row is the mean of a task, an arm, a regime and a number of sources."""

    report: StudyReport

    @property
    def notes(self) -> list[str]:
        """What weakens the study."""
        return [*self.report.warnings, *super().notes]

    def to_dict(self) -> list[Row]:
        """Mean scores, F1 or accuracy in percent, and how many measurements they are of."""
        names = ("task", "arm", "regime", "k", "score", "measurements")
        return [dict(zip(names, row, strict=True)) for row in self.report.scores]

    def to_json(self) -> Any:
        """What ``xprojdb study run --json`` prints."""
        run = self.report.run
        return {**asdict(self.report), "scores": self.to_dict(), "run": None if run is None else run.run_id}

    def __rich__(self) -> RenderableType:
        shown = table("task", "arm", "regime", "k>", "mean>", "measurements>")
        for task, arm, regime, k, score, count in self.report.scores:
            shown.add_row(task, arm, regime, str(k), f"{score:.1f}", f"{count:,}")
        return Group(*([shown] if self.report.scores else []), *map(Text, self._summary()))

    def _summary(self) -> list[str]:
        report = self.report
        left = report.trainings - report.trained
        size = f"{report.name}: {report.cells:,} cells, {report.trainings:,} models, {report.trained:,} trained before"
        if report.run is None:
            disk = f"{(report.bytes or 0) / 1e6:,.0f} MB of disk"
            encode = f"{report.unread:,} of {report.sentences:,} sentences to encode"
            return [
                size,
                f"{encode}, {left:,} models to train: about {_duration(report.hours or 0)} of one core, {disk}",
            ]
        if report.run.run_id is None:
            return [size, "nothing to do"]
        ended = "stopped" if report.run.stopped else "done"
        return [size, f"run {report.run.run_id} {ended}: {report.run.done:,} models, {report.run.failed:,} failed"]


def _duration(hours: float) -> str:
    """For people: ``40 seconds``, ``12 minutes`` or ``3.5 hours``."""
    seconds = 3600 * hours
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{hours:.1f} hours"


class StudyReportResult(ReportResult):
    """A report that was written; a row is a point of a curve."""

    report: WrittenReport

    @property
    def notes(self) -> list[str]:
        """What weakens the study, and where the report is."""
        return [*self.report.analysis.warnings, f"wrote {len(self.report.files)} files into {self.report.folder}"]

    def to_dict(self) -> list[Row]:
        """A row for each number of sources of each series, in percent."""
        return [
            {**curve.series._asdict(), **asdict(point)}
            for curve in self.report.analysis.series
            for point in curve.points
        ]

    def to_json(self) -> Any:
        """What ``xprojdb study report --json`` prints."""
        return {**self.report.analysis.to_dict(), "folder": self.report.folder, "files": self.report.files}

    def __rich__(self) -> RenderableType:
        from xprojdb.study.report.methods import findings
        from xprojdb.study.report.tables import curve_rows

        parts: list[RenderableType] = []
        for curve in self.report.analysis.series:
            shown = table("k>", "score [95 %]>", "Δ to k = 1 [95 %]>", "SD over subsets>", "measurements>")
            for row in curve_rows(curve):
                shown.add_row(*row)
            parts += [Text(curve.series.title), shown, *map(Text, findings(curve)), Text()]
        return Group(*parts)


class PairsResult(ReportResult):
    """What an import of sentence pairs added; a row is a language of a file."""

    report: PairsReport

    def to_dict(self) -> list[Row]:
        """A row for each language of each file."""
        return [{"corpus": self.report.corpus, **asdict(file)} for file in self.report.files]

    def to_json(self) -> Any:
        """What ``xprojdb import nli --json`` prints."""
        return self.to_dict()

    @property
    def notes(self) -> list[str]:
        """How many pairs were left out."""
        left = {file.path: file.unlabelled for file in self.report.files if file.unlabelled}
        return [f"{path}: {count:,} pairs without an agreed label left out" for path, count in left.items()]

    def __rich__(self) -> RenderableType:
        shown = table("file", "language", "split", "pairs>", "new>")
        for file in self.report.files:
            shown.add_row(Path(file.path).name, file.lang, file.split, f"{file.pairs:,}", f"{file.added:,}")
        return Group(shown, *([] if any(file.added for file in self.report.files) else [Text("nothing new")]))
