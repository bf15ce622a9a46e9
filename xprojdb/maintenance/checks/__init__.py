"""The checks of ``xprojdb verify``, one module per kind of damage, with their repairs."""

from __future__ import annotations

from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.checks.dangling import DanglingRows, LostRuns, LostVotes, UnknownEntities
from xprojdb.maintenance.checks.digests import ArtifactDigests, StepDigests
from xprojdb.maintenance.checks.earlier import OlderThanItem, OlderThanStep
from xprojdb.maintenance.checks.outcomes import OkWithoutRows, RowsDespiteOutcome, RowsWithoutOutcome
from xprojdb.maintenance.checks.plans import BrokenPlans, UnfinishedDeletions
from xprojdb.maintenance.checks.sources import FileCounts, SentenceWords
from xprojdb.maintenance.checks.spans import Gaps, LinkRange, Overlaps, SpanRange

#: in the order of repair: first what others read, then what removes much
CHECKS: tuple[type[Check], ...] = (
    BrokenPlans,
    UnfinishedDeletions,
    StepDigests,
    DanglingRows,
    LostRuns,
    OlderThanStep,
    OlderThanItem,
    FileCounts,
    SentenceWords,
    ArtifactDigests,
    SpanRange,
    LinkRange,
    Overlaps,
    Gaps,
    UnknownEntities,
    LostVotes,
    OkWithoutRows,
    RowsWithoutOutcome,
    RowsDespiteOutcome,
)

__all__ = ["CHECKS", "Check", "Finding"]
