"""How probable labels are right, by what a calibration has learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from xprojdb.config.tables.export import ExportTable
from xprojdb.errors import UsageError
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.references import Calibrated, References
from xprojdb.planning.labellings import Labelling

#: by step and language
Calibrations = Mapping[tuple[int, str], Calibrated]


def calibrations_of(
    connection: Connection, chosen: Sequence[Labelling], table: ExportTable, references: References | None
) -> Calibrations:
    """What was learned of labels; nothing where no probability is asked for.

    :raises UsageError: when nothing was learned of some language: the field ``lang``.
    """
    if not table.asks_probability:
        return {}
    calibrations = {}
    for labelling in chosen:
        step_id = labelling.step.step_id
        known = None if references is None else references.calibration(connection, step_id, labelling.target)
        if known is None:
            hint = f"xprojdb review calibrate --lang {labelling.target}; it learns from gold labels"
            message = f"how probable labels in {labelling.target} are right has not been learned"
            raise UsageError(message, hint=hint, lang=labelling.target)
        calibrations[step_id, labelling.target] = known
    return calibrations


def with_probabilities(
    sentence: ProjectedSentence, labelling: Labelling, calibrations: Calibrations
) -> ProjectedSentence:
    """A sentence whose projected labels have probabilities, where these are asked for."""
    known = calibrations.get((labelling.step.step_id, labelling.target))
    if known is None or not sentence.labels or sentence.annotation != "projected":
        return sentence
    values = np.array([label.margin if known.measure == "margin" else label.score for label in sentence.labels])
    chances = known.probabilities([label.label for label in sentence.labels], values).tolist()
    labels = [label._replace(probability=chance) for label, chance in zip(sentence.labels, chances, strict=True)]
    return sentence._replace(labels=labels)
