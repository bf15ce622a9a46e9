"""What changed between two exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table

if TYPE_CHECKING:
    from xprojdb.exports.changelog.comparing import ExportChange

_COUNTS = ("before", "after", "added", "removed", "moved", "reworded", "relabelled")
_KINDS = ("added", "removed", "renamed", "moved")


class ChangelogResult(ReportResult):
    """What changed between two exports: one row per split of a language."""

    report: ExportChange

    def to_dict(self) -> list[Row]:
        """A row for each split: its sentences before and after, and how sentences and labels changed."""
        return [
            {**{key: value for key, value in asdict(part).items() if key != "labels"},
             **{f"labels_{kind}": part.labels.get(kind, 0) for kind in _KINDS}}
            for part in self.report.parts
        ]  # fmt: skip

    def to_markdown(self) -> str:
        """A section for the change log of a data set."""
        lines = [f"- {line}" for line in (*self._changes(), *self._parts())]
        return "\n".join(lines or ["- nothing changed"]) + "\n"

    def _changes(self) -> Iterator[str]:
        report = self.report
        for what, added, removed in (
            ("labels", report.labels_added, report.labels_removed),
            ("columns", report.columns_added, report.columns_removed),
        ):
            if added:
                yield f"new {what}: {', '.join(added)}"
            if removed:
                yield f"{what} that are gone: {', '.join(removed)}"
        if report.same_recipe is False:
            yield "the recipe is another one"

    def _parts(self) -> Iterator[str]:
        for part in self.report.parts:
            counts = [f"{getattr(part, name):,} {name}" for name in _COUNTS[2:] if getattr(part, name)]
            labels = [f"{part.labels[kind]:,} {kind}" for kind in _KINDS if part.labels.get(kind)]
            label_counts = f" (labels: {', '.join(labels)})" if labels else ""
            if counts:
                yield f"{part.lang} {part.split}: {part.after:,} sentences, {', '.join(counts)}{label_counts}"

    def __rich__(self) -> RenderableType:
        shown = table("language", "split", *(f"{name}>" for name in _COUNTS), *(f"labels {kind}>" for kind in _KINDS))
        for part in self.report.parts:
            counts = (f"{getattr(part, name):,}" for name in _COUNTS)
            shown.add_row(part.lang, part.split, *counts, *(f"{part.labels.get(kind, 0):,}" for kind in _KINDS))
        examples = (f"{kind}: {', '.join(names)}" for kind, names in sorted(self.report.examples.items()))
        return Group(shown, *map(Text, (*self._changes(), *examples)))
