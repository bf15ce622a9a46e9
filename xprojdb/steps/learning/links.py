"""Links: how often the words of a corpus are linked, as a statistical aligner finds that is trained on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, translation
from xprojdb.steps.learning.fit import Fit
from xprojdb.steps.spec import StepSpec

Words = tuple[list[str], list[str]]


class Learns(Protocol):
    """Whatever learns from sentence pairs, as :meth:`xprojdb.models.eflomal.Eflomal.learn` does."""

    def learn(self, pairs: Iterable[Words]) -> Any: ...


class LinkCounts(Fit):
    """Train an aligner on all translations between two languages, from the language ``lang`` into ``rendering_lang``.

    :param load: makes the aligner; called when the first corpus is due.
    """

    kind = "link-counts"
    version = 1

    def __init__(self, spec: StepSpec, load: Callable[[], Learns]) -> None:
        super().__init__(spec)
        self._load = load
        self._aligner: Learns | None = None

    @property
    def title(self) -> str:
        return f"train {self.spec.model} on {self.lang}–{self.spec.params['rendering_lang']}"

    def open(self) -> None:
        self._aligner = self._load()

    def close(self) -> None:
        self._aligner = None

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        assert self._aligner is not None, "open() comes first"
        return self._aligner.learn(stream_pairs(connection, corpus_id, self.lang, self.spec.params["rendering_lang"]))


def stream_pairs(connection: Connection, corpus_id: int, original: str, rendering: str) -> Iterator[Words]:
    """The words of both sides of all translations of a corpus between two languages, in key order."""
    left, right = sentence.alias("original"), sentence.alias("rendering")
    query = (
        select(left.c.words, right.c.words)
        .select_from(translation)
        .join(left, left.c.id == translation.c.original_id)
        .join(right, right.c.id == translation.c.rendering_id)
        .where(
            translation.c.corpus_id == corpus_id,
            translation.c.original_lang == original,
            translation.c.rendering_lang == rendering,
        )
        .order_by(translation.c.id)
    )
    for block in bulk.stream(connection, query):
        yield from ((json.loads(ours), json.loads(theirs)) for ours, theirs in block)
