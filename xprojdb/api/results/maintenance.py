"""What was deleted, checked, copied and moved."""

from __future__ import annotations

from collections.abc import Iterator
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
        if self.deleted:
            yield Text(f"deleted: {_counts(dict(sorted(report.freed.items()))) or 'nothing'}")


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
    """What was copied; a row is a table."""

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
