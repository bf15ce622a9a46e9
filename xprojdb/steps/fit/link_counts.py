"""Link counts: how often the words of a corpus are linked, according to a statistical aligner trained on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, translation
from xprojdb.steps.fit.stage import Fit, FitParams
from xprojdb.steps.params import left_out
from xprojdb.steps.stage import ModelStage

Words = tuple[list[str], list[str]]


@dataclass(frozen=True, kw_only=True)
class LinkCountsParams(FitParams):
    """Parameters of the step.

    :param lang: the language of the originals.
    :param rendering_lang: the language of the renderings.
    :param iterations: training iterations, relative to the number eflomal would choose.
    :param segment: the segmenter of each side that is written without spaces.
    """

    kind: ClassVar[str] = "link-counts"
    rendering_lang: str
    iterations: float
    segment: Any = left_out(None)


class Learns(Protocol):
    """Learns from sentence pairs, like :meth:`xprojdb.models.aligners.eflomal.Eflomal.learn`."""

    def learn(self, pairs: Iterable[Words]) -> Any: ...


class LinkCounts(ModelStage[Learns], Fit):
    """Train an aligner on all translations between two languages, from ``lang`` into ``rendering_lang``."""

    kind = LinkCountsParams.kind
    version = 1

    @property
    def rendering_lang(self) -> str:
        """The language of the renderings."""
        return LinkCountsParams.from_params(self.spec.params).rendering_lang

    @property
    def title(self) -> str:
        return f"train {self.spec.model} on {self.lang}–{self.rendering_lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        return self.model.learn(stream_pairs(connection, corpus_id, self.lang, self.rendering_lang))


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
