"""Project by markers: the entities carried through a translation become its labels (EasyProject)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.db.tables import translation
from xprojdb.steps.inputs import longs, read_entities, read_keys
from xprojdb.steps.project.stage import Labels, ProjectStage
from xprojdb.steps.stage import Outcome, Result, other, sentence_key


class ProjectMarkers(ProjectStage):
    """Label the renderings of a carry step with the entities it found in them; every score is 1."""

    kind = "markers"
    version = 1

    @property
    def title(self) -> str:
        return "project, entities carried by markers"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {"carried": translation.c.original_id, **super().needs()}

    def project(self, connection: Connection, items: Sequence[int]) -> Result:
        # The carry step stored them on the side that receives labels.
        entities = read_entities(connection, self.input_ids["carried"], items, other(self.labelled), self.mapping)
        rows = np.lexsort((entities.start, entities.item))
        ones = np.ones(len(rows))
        start, end = entities.start[rows].astype(np.int32), entities.end[rows].astype(np.int32)
        labels = Labels(rows, start, end, ones, ones, [entities.label[row] for row in rows.tolist()])
        labelled = set(entities.item.tolist())
        outcomes = [Outcome(i, "ok") if i in labelled else Outcome(i, "empty", "no-entities") for i in items]
        renderings = dict(zip(items, read_keys(connection, items, sentence_key(other(self.labelled))), strict=True))
        sentences = longs([renderings[item] for item in entities.item.tolist()])
        return Result(outcomes, [self.label_rows(entities._replace(sentence=sentences), labels)])
