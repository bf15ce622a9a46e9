"""The labels a plan produces: those of one language from another, or from several."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, literal

from xprojdb.db.tables import translation
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.project.stage import ProjectStage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Side, other, sentence_key, translations
from xprojdb.text.label_schemes import LabelMapping


class Covered(NamedTuple):
    """The sentences a plan labels.

    :param query: the translation the labels come through, 0 for several, and the sentence that receives them.
    :param item: the column of the query that outcomes refer to.
    :param sentence: the column of the sentence.
    """

    query: Select[tuple[int, int]]
    item: ColumnElement[int]
    sentence: ColumnElement[int]


class Projection(NamedTuple):
    """The labels of one language from another.

    :param step: the project step.
    :param pair: the translations they come through.
    :param labelled: the side the labels come from.
    :param maker: the step that made the translations; None if they were imported.
    """

    step: ProjectStage
    pair: Bitext
    labelled: Side
    maker: StepSpec | None = None

    @property
    def source(self) -> str:
        """The language the labels come from."""
        return self.pair.original_lang if self.labelled == "original" else self.pair.rendering_lang

    @property
    def sources(self) -> tuple[str, ...]:
        """The source language, as a tuple."""
        return (self.source,)

    @property
    def target(self) -> str:
        """The language that receives them."""
        return self.pair.rendering_lang if self.labelled == "original" else self.pair.original_lang

    @property
    def makers(self) -> tuple[StepSpec, ...]:
        """The step that made its translations, if any."""
        return () if self.maker is None else (self.maker,)

    @property
    def is_made(self) -> bool:
        """Whether a step made the sentences that receive labels."""
        return self.maker is not None and self.labelled == "original"

    @property
    def corpus_id(self) -> int:
        """The corpus of its sentences."""
        return self.pair.corpus_id

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it is limited to; all if empty."""
        return self.pair.splits

    @property
    def mapping(self) -> LabelMapping | None:
        """The label mapping applied before projection."""
        return self.step.mapping

    @property
    def direction(self) -> str:
        """Source and target, for display."""
        return f"{self.source} → {self.target}"

    def covered(self) -> Covered:
        """Select the translations and the sentences on their unlabelled side."""
        target = sentence_key(other(self.labelled))
        query = translations(self.pair).add_columns(target.label("sentence_id"))
        return Covered(query, translation.c.id, target)


class Consensus(NamedTuple):
    """The labels of one language from several others.

    :param step: the combine step.
    :param pairs: the translations they come through, of one corpus.
    :param makers: the steps that made these, unless they were imported.
    """

    step: Combine
    pairs: tuple[Bitext, ...]
    makers: tuple[StepSpec, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The languages the labels come from, which may include ``transfer``."""
        return self.step.sources

    @property
    def source(self) -> str:
        """All sources as text, such as ``en,es,it``."""
        return ",".join(self.sources)

    @property
    def target(self) -> str:
        """The language that receives them."""
        return self.step.target

    @property
    def is_made(self) -> bool:
        """Whether a step made the sentences that receive labels: never, since several sources must share one text."""
        return False

    @property
    def corpus_id(self) -> int:
        """The corpus of its sentences."""
        return self.pairs[0].corpus_id

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it is limited to; all if empty."""
        return self.pairs[0].splits

    @property
    def mapping(self) -> LabelMapping | None:
        """The label mapping applied before projection."""
        return self.step.mapping

    @property
    def direction(self) -> str:
        """Sources and target, for display."""
        return f"{'+'.join(self.sources)} → {self.target}"

    def covered(self) -> Covered:
        """Select the sentences that have a translation."""
        sentences = self.step.covered(self.pairs)
        key = sentences.selected_columns[0]
        return Covered(sentences.with_only_columns(literal(0).label("id"), key.label("sentence_id")), key, key)


#: labels of one target language, from one source or several
Labelling = Projection | Consensus
