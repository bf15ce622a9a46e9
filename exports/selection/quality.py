"""Which sentences have translations that are good enough, by the scores of ``[quality]``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Flags, Longs
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.quality.stage import reached


def reaches(connection: Connection, labelling: Labelling, items: Longs, least: Mapping[str, float]) -> Flags:
    """Whether the translation of each sentence reaches the thresholds; for a consensus, one of its translations.

    :param items: (N,) the keys of their outcomes.
    :param least: thresholds by score.
    :returns: (N,)
    :raises UsageError: when the recipe does not score translations.
    """
    if not isinstance(labelling, Consensus):
        return reached(connection, labelling.step.spec, items.tolist(), least)
    stage = labelling.step
    present = stage.read_present(connection, np.sort(items).tolist())
    good: set[int] = set()
    for number, voter in enumerate(stage.voters):
        if voter.lang is not None:
            sentences, translations = present.of(number)
            good.update(sentences[reached(connection, voter.spec, translations.tolist(), least)].tolist())
    return np.isin(items, list(good))
