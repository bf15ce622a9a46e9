"""What was deleted, checked, copied, merged and measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import megabytes, table

if TYPE_CHECKING:
    from xprojdb.db.schema import SchemaState
    from xprojdb.maintenance.corpus_deletion import CorpusContents
    from xprojdb.maintenance.database_copy import CopyReport
    from xprojdb.maintenance.garbage_collection import Garbage
    from xprojdb.maintenance.merging.merge import MergedSource, MergeReport
    from xprojdb.maintenance.sizing.estimate import Need, SizeReport
    from xprojdb.maintenance.tuned_encoders import TunedFolder
    from xprojdb.maintenance.vacuum import VacuumReport
    from xprojdb.maintenance.verify import CheckReport, VerifyReport


class GarbageResult(ReportResult):
    """Steps that no recipe or export references, one per row.

    :param deleted: whether they were deleted.
    """

    report: Garbage

    def __init__(self, report: Garbage, deleted: bool) -> None:
        super().__init__(report)
        self.deleted = deleted

    def to_dict(self) -> list[Row]:
        """A row for each step: its rows in the database, and their approximate size in bytes."""
        return [
            {
                "digest": step.step.digest,
                "kind": step.step.kind,
                "model": step.model,
                "rows": sum(step.rows.values()),
                "bytes": step.bytes,
            }
            for step in self.report.steps
        ]

    def to_json(self) -> Any:
        """What ``xprojdb gc --json`` prints."""
        report = self.report
        steps = [
            {"digest": step.step.digest, "kind": step.step.kind, "rows": step.rows, "bytes": step.bytes}
            for step in report.steps
        ]
        return {
            "steps": steps,
            "rows": dict(report.rows),
            "bytes": report.bytes,
            "kept": report.remaining,
            "freed": report.freed,
            "tuned": _folders(report.tuned),
            "freed_tuned": _folders(report.freed_tuned),
        }

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _parts(self) -> Iterator[RenderableType]:
        report = self.report
        shown = table("step", "model", "rows", "bytes>")
        for step in report.steps:
            shown.add_row(step.step.short, step.model or "–", _counts(step.rows) or "none", megabytes(step.bytes))
        if report.steps:
            yield shown
        if report.phrases[0]:
            yield Text(f"phrase scores by models that no other step uses: {report.phrases[0]:,}")
        total = sum(report.rows.values())
        yield Text(
            f"{len(report.steps)} unreferenced steps, {total:,} rows, about {megabytes(report.bytes)}; "
            f"{report.remaining} steps are kept"
        )
        if report.tuned:
            folders = table("tuned encoder that no step here names", "days unused>", "bytes>")
            for folder in report.tuned:
                folders.add_row(folder.path.name, f"{folder.days:.1f}", megabytes(folder.bytes))
            yield folders
        if self.deleted:
            yield Text(f"deleted: {_counts(dict(sorted(report.freed.items()))) or 'nothing'}")
        if report.freed_tuned:
            size = megabytes(sum(folder.bytes for folder in report.freed_tuned))
            yield Text(f"deleted: tuned encoders {len(report.freed_tuned)}, {size}")


def _folders(folders: Sequence[TunedFolder]) -> list[Row]:
    return [{"folder": str(one.path), "bytes": one.bytes, "days": round(one.days, 2)} for one in folders]


class CorpusDeletionResult(ReportResult):
    """The rows of a corpus, by table.

    :param deleted: whether they were deleted.
    """

    report: CorpusContents

    def __init__(self, report: CorpusContents, deleted: bool) -> None:
        super().__init__(report)
        self.deleted = deleted

    def to_dict(self) -> list[Row]:
        """A row for each table."""
        return [{"table": name, "rows": rows} for name, rows in sorted(self.report.rows.items())]

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("table", "rows>")
        for row in self.to_dict():
            shown.add_row(row["table"], f"{row['rows']:,}")
        forgotten, narrowed = ("was", "no longer covers") if self.deleted else ("would be", "would no longer cover")
        lines = [f"the recipe {name} covers nothing else: it {forgotten} deleted" for name in report.recipes]
        lines += [f"the recipe {name} {narrowed} {report.name}" for name in report.narrowed]
        lines += [f"{report.name} was deleted"] if self.deleted else []
        return Group(shown, *map(Text, lines))


class VerificationResult(ReportResult):
    """The results of the checks, one check per row.

    :param repaired: whether a repair was requested.
    """

    report: VerifyReport

    def __init__(self, report: VerifyReport, repaired: bool) -> None:
        super().__init__(report)
        self.repaired = repaired

    @property
    def sound(self) -> bool:
        """Whether there is no damage, or all of it was repaired."""
        return not self.report.left and (self.repaired or not self.report.damage)

    def to_dict(self) -> list[Row]:
        """A row for each check: how much damage it found, and the first example."""
        return [
            {"check": check.name, "found": check.count, "example": _example(check), "repair": check.repair}
            for check in self.report.checks
        ]

    def to_json(self) -> Any:
        """What ``xprojdb verify --json`` prints."""
        checks, left = ([_check(check) for check in part] for part in (self.report.checks, self.report.left))
        return {"checks": checks, "taken": self.report.taken, "left": left}

    def __rich__(self) -> RenderableType:
        shown = table("check", "found>", "such as")
        for check in self.report.checks:
            shown.add_row(check.name, f"{check.count:,}", _example(check) or "", style="red" if check.count else None)
        return Group(shown, *map(Text, self._lines()))

    def _lines(self) -> Iterator[str]:
        report = self.report
        if not report.damage:
            yield "no damage was found"
            return
        yield from (f"{check.name}: {check.repair}" for check in report.checks if check.count)
        if self.repaired:
            yield f"deleted: {_counts(dict(sorted(report.taken.items()))) or 'nothing'}"
            left = ", ".join(check.name for check in report.left)
            yield f"not repaired: {left}" if left else "repaired; now run the recipe again"


def _check(check: CheckReport) -> Row:
    return {"name": check.name, "found": check.count, "examples": check.examples, "repair": check.repair}


def _example(check: CheckReport) -> str | None:
    return check.examples[0] if check.examples else None


def _counts(rows: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in rows.items())


class VacuumResult(ReportResult):
    """The size of the database before and after."""

    report: VacuumReport

    def to_dict(self) -> list[Row]:
        """One row: bytes before and after."""
        return [self.to_json()]

    def to_json(self) -> Any:
        """What ``xprojdb db vacuum --json`` prints."""
        return {"before": self.report.before, "after": self.report.after}

    def __rich__(self) -> RenderableType:
        return Text(f"{megabytes(self.report.before)} before, {megabytes(self.report.after)} now")


class CopyResult(ReportResult):
    """What was copied: one row per table."""

    report: CopyReport

    def to_dict(self) -> list[Row]:
        """A row for each table: its rows and their checksum, which are the same in both databases."""
        return [
            {"table": name, "rows": total.rows, "checksum": total.checksum}
            for name, total in self.report.tables.items()
        ]

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("table", "rows>", "checksum")
        for row in self.to_dict():
            shown.add_row(row["table"], f"{row['rows']:,}", row["checksum"])
        return Group(shown, Text(f"{report.rows:,} rows of {report.source} are in {report.target}, verified"))


class MergeResult(ReportResult):
    """What was merged: one row per table of each source."""

    report: MergeReport

    def to_dict(self) -> list[Row]:
        """A row for each table of each source: how many rows were added, were there already, or stayed behind."""
        return [
            {
                "source": source.url,
                "table": name,
                "added": source.added[name],
                "known": source.known[name],
                "left": source.left[name],
            }
            for source in self.report.sources
            for name in sorted({*source.added, *source.known, *source.left})
        ]

    def to_json(self) -> Any:
        """What ``xprojdb db merge --json`` prints."""
        return {"target": self.report.target, "sources": [_merged(source) for source in self.report.sources]}

    def __rich__(self) -> RenderableType:
        parts: list[RenderableType] = []
        for source in self.report.sources:
            shown = table("table", "added>", "known>", "left>")
            for row in self.to_dict():
                if row["source"] == source.url:
                    shown.add_row(row["table"], *(f"{row[name]:,}" for name in ("added", "known", "left")))
            parts += [
                shown,
                Text(f"{sum(source.added.values()):,} rows of {source.url} are now in {self.report.target}, verified"),
            ]
            if source.left_steps:
                steps = ", ".join(source.left_steps)
                parts.append(Text(f"left behind, since they made something else of the same items here: {steps}"))
            parts += map(Text, source.notes)
        return Group(*parts)


class SizeResult(ReportResult):
    """How large a database is, and what a recipe needs: one row per table, or per step of the recipe."""

    report: SizeReport

    def to_dict(self) -> list[Row]:
        """A row for each table or, with a recipe, for each of its steps."""
        rows = self.report.tables if self.report.need is None else self.report.need.steps
        return [asdict(need) for need in rows]

    def to_json(self) -> Any:
        """What ``xprojdb db size --json`` prints."""
        need = self.report.need
        totals = {} if need is None else {"rows": need.rows, "size": need.size, "hours": need.hours}
        return {**asdict(self.report), "need": None if need is None else {**asdict(need), **totals}}

    def __rich__(self) -> RenderableType:
        report = self.report
        shown = table("table", "rows>", "bytes>")
        for size in report.tables:
            shown.add_row(size.name, f"{size.rows:,}", megabytes(size.size))
        total = Text(f"{report.url}: {megabytes(report.size)} on disk")
        return Group(shown, total) if report.need is None else Group(shown, total, Text(""), *_need(report.need))


def _need(need: Need) -> list[RenderableType]:
    shown = table("step", "what", "items>", "s per 1,000>", "hours>", "rows>", "bytes>", "measured on>")
    shown.add_row(
        "", "sentences, translations", "", "", "", f"{need.imported.rows:,}", megabytes(need.imported.size), ""
    )
    for step in need.steps:
        measured = f"{step.measured:,}" if step.measured else "documentation"
        shown.add_row(
            step.digest[:8], step.title, f"{step.items:,}", f"{step.seconds:,.3g}", f"{step.hours:,.1f}",
            f"{step.rows:,}", megabytes(step.size), measured,
        )  # fmt: skip
    total = f"{need.sentences:,} sentences: {need.rows:,} rows, {megabytes(need.size)}"
    total += f", {need.hours:,.1f} hours of one process"
    if need.drivers is not None:
        total += f"; {need.drivers:,} processes at once, {need.connections:,} connections"
    return [shown, Text(total)]


def _merged(source: MergedSource) -> dict[str, Any]:
    counts = {"added": source.added, "known": source.known, "left": source.left}
    steps = {"left_steps": list(source.left_steps), "notes": list(source.notes)}
    return {"url": source.url, **{name: dict(count) for name, count in counts.items()}, **steps}


class SchemaResult(ReportResult):
    """The schema revision of a database.

    :param url: of the database, without a password.
    """

    report: SchemaState

    def __init__(self, report: SchemaState, url: str) -> None:
        super().__init__(report)
        self.url = url

    def to_dict(self) -> list[Row]:
        """One row: the revision it is at, and the one that this version needs."""
        return [{"url": self.url, "current": self.report.current, "head": self.report.head}]

    def to_json(self) -> Any:
        """What ``xprojdb db current --json`` prints."""
        return {"current": self.report.current, "head": self.report.head, "tables": self.report.tables}

    def __rich__(self) -> RenderableType:
        report = self.report
        needed = "" if report.current == report.head else f" (this version needs {report.head})"
        return Text(f"{self.url} is at revision {report.current or 'base'}{needed}")
