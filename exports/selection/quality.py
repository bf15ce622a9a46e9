"""Which sentences have translations that are good enough, by the scores of ``[quality]``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Flags, Longs
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.quality.stage import QUALITY, reached
from xprojdb.steps.spec import StepSpec, find_step


def reaches(connection: Connection, labelling: Labelling, items: Longs, least: Mapping[str, float]) -> Flags:
    """Whether the translation of each sentence reaches the thresholds; for a consensus, one of its translations.

    :param items: (N,) the keys of their outcomes.
    :param least: thresholds by score.
    :returns: (N,)
    :raises UsageError: when the recipe does not score translations.
    """
    if not isinstance(labelling, Consensus):
        return _reached(connection, labelling.step.spec, items, least)
    stage = labelling.step
    present = stage.read_present(connection, np.sort(items).tolist())
    good: set[int] = set()
    for number, voter in enumerate(stage.voters):
        if voter.lang is not None:
            sentences, translations = present.of(number)
            good.update(sentences[_reached(connection, voter.spec, translations, least)].tolist())
    return np.isin(items, list(good))


def _reached(connection: Connection, spec: StepSpec, translations: Longs, least: Mapping[str, float]) -> Flags:
    scores = spec.inputs.get(QUALITY)
    step_id = None if scores is None else find_step(connection, scores)
    if step_id is None:
        hint = "add the table [quality] to the recipe and run it again"
        raise UsageError("translations have no scores to choose by", hint=hint, key="min_quality")
    if "similarity" in least and (scores is None or scores.model is None):
        hint = "leave out similarity = false in [quality] and run the recipe again"
        raise UsageError("the similarity of translations was not computed", hint=hint, key="min_quality")
    return reached(connection, step_id, translations.tolist(), least)
