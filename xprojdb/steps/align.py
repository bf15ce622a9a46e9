"""Align: the word links between the two sides of a translation, stored from original to rendering."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, sentence, translation
from xprojdb.models.pharaoh import format_links
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Rows, Stage

if TYPE_CHECKING:
    from xprojdb.models.aligners import Aligner


class Align(Stage):
    """Run a word aligner over translations.

    :param load: makes the aligner; called when the first batch is due.
    """

    kind = "align"
    version = 1
    block = 512

    def __init__(self, spec: StepSpec, load: Callable[[], Aligner]) -> None:
        super().__init__(spec)
        self._load = load
        self._aligner: Aligner | None = None

    @property
    def title(self) -> str:
        return f"align with {self.spec.model or 'no model'} ({self.spec.params.get('method', 'links')})"

    def open(self) -> None:
        self._aligner = self._load()

    def close(self) -> None:
        self._aligner = None

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        assert self._aligner is not None, "open() comes first"
        read = read_words(connection, items)
        links = self._aligner.align([(original, rendering) for _, original, rendering in read])
        rows, outcomes = [], []
        for (key, _, _), found in zip(read, links, strict=True):
            if not len(found.pairs):
                outcomes.append(Outcome(key, "empty", "no-links"))
                continue
            rows.append((self.step_id, key, format_links(found)))
            outcomes.append(Outcome(key, "ok"))
        return Result(outcomes, [Rows(alignment, ("step_id", "translation_id", "links"), rows)])


def read_words(connection: Connection, items: Sequence[int]) -> list[tuple[int, list[str], list[str]]]:
    """The words on both sides of translations: (key, original, rendering), in key order."""
    original, rendering = sentence.alias("original"), sentence.alias("rendering")
    query = (
        select(translation.c.id, original.c.words, rendering.c.words)
        .join(original, original.c.id == translation.c.original_id)
        .join(rendering, rendering.c.id == translation.c.rendering_id)
        .where(bulk.among(connection, translation.c.id, items))
        .order_by(translation.c.id)
    )
    return [(key, json.loads(left), json.loads(right)) for key, left, right in bulk.fetch(connection, query)]
