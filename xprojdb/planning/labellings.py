"""What a plan gives to whom: the labels of one language from another, or from several."""

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
    """What a plan is to label.

    :param query: the translation that the labels come through, 0 for several, and the sentence that receives them.
    :param item: the column of the query that a step's outcomes name.
    :param sentence: the column of the sentence.
    """

    query: Select[tuple[int, int]]
    item: ColumnElement[int]
    sentence: ColumnElement[int]


class Projection(NamedTuple):
    """The labels that a plan gives one language from another.

    :param step: the project step.
    :param pair: the translations they come through.
    :param labelled: the side of these that the labels come from.
    :param maker: the step that made the translations; None: they were imported.
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
        """It alone."""
        return (self.source,)

    @property
    def target(self) -> str:
        """The language that receives them."""
        return self.pair.rendering_lang if self.labelled == "original" else self.pair.original_lang

    @property
    def makers(self) -> tuple[StepSpec, ...]:
        """The steps that made its translations."""
        return () if self.maker is None else (self.maker,)

    @property
    def is_made(self) -> bool:
        """Whether the sentences that receive labels are themselves made by a step."""
        return self.maker is not None and self.labelled == "original"

    @property
    def corpus_id(self) -> int:
        """The corpus of its sentences."""
        return self.pair.corpus_id

    @property
    def splits(self) -> tuple[str, ...]:
        """Only sentences of these splits; empty: all."""
        return self.pair.splits

    @property
    def mapping(self) -> LabelMapping | None:
        """What becomes of each label before it is projected."""
        return self.step.mapping

    @property
    def direction(self) -> str:
        """Source and target, for people."""
        return f"{self.source} → {self.target}"

    def covered(self) -> Covered:
        """The translations, and the sentences on their unlabelled side."""
        target = sentence_key(other(self.labelled))
        query = translations(self.pair).add_columns(target.label("sentence_id"))
        return Covered(query, translation.c.id, target)


class Consensus(NamedTuple):
    """The labels that a plan gives one language from several others.

    :param step: the combine step.
    :param pairs: the translations they come through, of one corpus.
    :param makers: the steps that made these, where they were not imported.
    """

    step: Combine
    pairs: tuple[Bitext, ...]
    makers: tuple[StepSpec, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The languages the labels come from, and perhaps ``transfer``."""
        return self.step.sources

    @property
    def source(self) -> str:
        """All of them: ``en,es,it``."""
        return ",".join(self.sources)

    @property
    def target(self) -> str:
        """The language that receives them."""
        return self.step.target

    @property
    def is_made(self) -> bool:
        """Whether the sentences that receive labels are themselves made by a step: several sources need one text."""
        return False

    @property
    def corpus_id(self) -> int:
        """The corpus of its sentences."""
        return self.pairs[0].corpus_id

    @property
    def splits(self) -> tuple[str, ...]:
        """Only sentences of these splits; empty: all."""
        return self.pairs[0].splits

    @property
    def mapping(self) -> LabelMapping | None:
        """What becomes of each label before it is projected."""
        return self.step.mapping

    @property
    def direction(self) -> str:
        """Sources and target, for people."""
        return f"{'+'.join(self.sources)} → {self.target}"

    def covered(self) -> Covered:
        """The sentences that have a translation."""
        sentences = self.step.covered(self.pairs)
        key = sentences.selected_columns[0]
        return Covered(sentences.with_only_columns(literal(0).label("id"), key.label("sentence_id")), key, key)


#: labels of one target language, whether from one source or from several
Labelling = Projection | Consensus
