"""Who made a label: a projection, a vote, or people."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, case

from xprojdb.db.tables import label
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.project.revised import RevisedParams

LabelAnnotation = Literal["projected", "voted", "gold", "reviewed"]

#: what a label can say, by number
ANNOTATIONS: tuple[LabelAnnotation, ...] = ("projected", "voted", "gold", "reviewed")
PROJECTED, VOTED = 0, 1


def made_by(labelling: Labelling) -> ColumnElement[int] | int:
    """The number of the annotation of labels that a program made: one for all, or a column of ``label``.

    A label is voted if it is the consensus of several sources, or if only taggers of its language found it.
    """
    if isinstance(labelling, Consensus):
        return VOTED
    if labelling.step.spec.kind == RevisedParams.kind:
        return case((label.c.entity_ordinal.is_(None), VOTED), else_=PROJECTED)
    return PROJECTED
