"""Vote on links: the links of several aligners made one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, translation
from xprojdb.models.aligners.symmetrization import symmetrise, voted
from xprojdb.models.aligners.word_links import Links, format_links
from xprojdb.steps.align.stage import Align, aligner_title
from xprojdb.steps.inputs import parse_links, within
from xprojdb.steps.stage import Outcome, Result, Rows, Stage


class VoteLinks(Stage):
    """Make one set of the links of other align steps, its inputs.

    Parameters: ``rule`` of ``RULES``, or ``votes``: links that at least so many have;
    ``floors``: per input, in the order of their roles, the score that a link must exceed to count.
    """

    kind = Align.kind
    version = 1

    @property
    def title(self) -> str:
        return f"align {aligner_title(self.spec)}"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return dict.fromkeys(sorted(self.spec.inputs), translation.c.id)

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        floors = zip(self.needs(), self.spec.params["floors"], strict=True)
        sides = [read_links(connection, self.input_ids[role], items, floor) for role, floor in floors]
        rows, outcomes = [], []
        for item, *several in zip(items, *sides, strict=True):
            found = self._joined(several)
            if len(found.pairs):
                rows.append((self.step_id, item, format_links(found)))
                outcomes.append(Outcome(item, "ok"))
            else:
                outcomes.append(Outcome(item, "empty", "no-links"))
        return Result(outcomes, [Rows(alignment, ("step_id", "translation_id", "links"), rows)])

    def _joined(self, several: Sequence[Links]) -> Links:
        params = self.spec.params
        if params["rule"] == "votes":
            return voted(several, params["votes"])
        return symmetrise(several, params["rule"])


def read_links(connection: Connection, step_id: int, items: Sequence[int], floor: float = 0.0) -> list[Links]:
    """The links that an align step gave translations, none where it gave none.

    :param items: keys of translations, ascending.
    :param floor: links whose score is not above it are left out.
    """
    query = select(alignment.c.translation_id, alignment.c.links).where(
        alignment.c.step_id == step_id, within(connection, alignment.c.translation_id, items)
    )
    texts: dict[int, str] = {item: text for item, text in bulk.fetch(connection, query)}  # noqa: C416
    ptr, left, right, scores = parse_links([texts.get(item, "") for item in items])
    certain = np.ones(len(left), np.float32) if scores is None else scores
    kept = certain > floor
    pairs = np.stack([left, right], 1)
    spans = zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)
    return [Links(pairs[a:b][kept[a:b]], certain[a:b][kept[a:b]]) for a, b in spans]
