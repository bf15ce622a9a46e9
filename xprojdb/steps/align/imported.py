"""Imported links: alignments that someone else made, as a step that only an import fills."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, false

from xprojdb.steps.align.stage import Align, aligner_title
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Result, Stage

ALIGNER = "imported"


def imported_spec(name: str) -> StepSpec:
    """The step of the alignments that were imported under a name."""
    return StepSpec(Align.kind, ImportedLinks.version, {"aligner": ALIGNER, "name": name})


class ImportedLinks(Stage):
    """Alignments that ``xprojdb import alignments`` has stored under a name: a run has nothing to do for them.

    Translations without one wait, as those of which an earlier step is not done.
    """

    kind = Align.kind
    version = 1

    @property
    def title(self) -> str:
        return f"align {aligner_title(self.spec)}"

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(false())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:  # noqa: ARG002
        raise AssertionError("nothing of an import is ever pending")
