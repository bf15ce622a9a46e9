"""Align: the word links between the two sides of a translation, stored from original to rendering."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, sentence, translation
from xprojdb.models.pharaoh import format_links
from xprojdb.steps.inputs import read_keys
from xprojdb.steps.learning.means import read_mean
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Rows, Stage

if TYPE_CHECKING:
    from xprojdb.models.aligners import Aligner
    from xprojdb.models.pharaoh import Links
    from xprojdb.models.transforms import Floats

Read = tuple[int, list[str], list[str]]


@runtime_checkable
class Centrable(Protocol):
    """An aligner whose vectors can be centred; see :meth:`xprojdb.models.aligners.EncoderAligner.centred`."""

    def centred(self, left: Floats, right: Floats) -> Aligner: ...


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
        links = self._links(connection, self._aligner, read)
        rows, outcomes = [], []
        for (key, _, _), found in zip(read, links, strict=True):
            if not len(found.pairs):
                outcomes.append(Outcome(key, "empty", "no-links"))
                continue
            rows.append((self.step_id, key, format_links(found)))
            outcomes.append(Outcome(key, "ok"))
        return Result(outcomes, [Rows(alignment, ("step_id", "translation_id", "links"), rows)])

    def _links(self, connection: Connection, aligner: Aligner, read: Sequence[Read]) -> list[Links]:  # noqa: ARG002
        return aligner.align([(original, rendering) for _, original, rendering in read])


class AlignCentred(Align):
    """Run an encoder's aligner, with the mean of each side's language in the corpus taken off the vectors."""

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return dict.fromkeys(("original_mean", "rendering_mean"), translation.c.corpus_id)

    def _links(self, connection: Connection, aligner: Aligner, read: Sequence[Read]) -> list[Links]:
        assert isinstance(aligner, Centrable), "only an encoder has vectors"
        corpora = read_keys(connection, [key for key, _, _ in read], translation.c.corpus_id)
        found: dict[int, Links] = {}
        for corpus_id in sorted(set(corpora)):
            own = [each for each, corpus in zip(read, corpora, strict=True) if corpus == corpus_id]
            means = [read_mean(connection, self.input_ids[role], corpus_id) for role in self.needs()]
            links = super()._links(connection, aligner.centred(*means), own)
            found.update(zip((key for key, _, _ in own), links, strict=True))
        return [found[key] for key, _, _ in read]


def read_words(connection: Connection, items: Sequence[int]) -> list[Read]:
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
