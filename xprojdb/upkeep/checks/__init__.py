"""What ``xprojdb verify`` looks for, a kind of damage a module, and how each is mended."""

from __future__ import annotations

from xprojdb.upkeep.checks.check import Check, Finding
from xprojdb.upkeep.checks.dangling import DanglingRows, LostRuns, LostVotes, UnknownEntities
from xprojdb.upkeep.checks.digests import ArtifactDigests, StepDigests
from xprojdb.upkeep.checks.outcomes import OkWithoutRows, RowsDespiteOutcome, RowsWithoutOutcome
from xprojdb.upkeep.checks.plans import BrokenPlans, UnfinishedDeletions
from xprojdb.upkeep.checks.sources import FileCounts, SentenceWords
from xprojdb.upkeep.checks.spans import Gaps, LinkRange, Overlaps, SpanRange

#: in the order in which they are mended: what others read comes first, then what takes much away
CHECKS: tuple[type[Check], ...] = (
    BrokenPlans,
    UnfinishedDeletions,
    StepDigests,
    DanglingRows,
    LostRuns,
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
