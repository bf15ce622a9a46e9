"""Gold labels as something that can be exported: the sentences of one language that people have labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, literal, select

from xprojdb.db.tables import sentence
from xprojdb.errors import UsageError
from xprojdb.planning.labellings import Covered, Labelling
from xprojdb.steps.spec import GOLD, StepSpec, find_step, load_spec
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span

Annotation = Literal["projected", "gold", "reviewed"]


class GoldStep(NamedTuple):
    """Where gold labels are stored: the step of imported ones, or one that holds frozen reviews."""

    step_id: int
    spec: StepSpec

    @property
    def annotation(self) -> Annotation:
        """The value of the ``annotation`` column for its sentences."""
        return "gold" if self.spec == GOLD else "reviewed"

    @classmethod
    def of(cls, connection: Connection, step_id: int | None = None) -> GoldStep:
        """The step with a key; None: the step of imported labels.

        :raises UsageError: if no labels were imported.
        """
        key = find_step(connection, GOLD) if step_id is None else step_id
        if key is None:
            raise UsageError("this database has no gold labels", hint="import some: xprojdb import --help")
        return cls(key, GOLD if step_id is None else load_spec(connection, key))


class GoldLabels(NamedTuple):
    """The sentences of a corpus and language that have gold labels; read like a projection, but without scores.

    :param step: the step that holds the labels.
    :param splits: the splits the recipe reads; empty: all.
    :param mapping: how their labels are mapped to the scheme of the projected ones.
    """

    step: GoldStep
    corpus_id: int
    target: str
    splits: tuple[str, ...]
    mapping: LabelMapping | None

    @property
    def source(self) -> str:
        """No language: people labelled the sentences themselves."""
        return ""

    @property
    def sources(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def makers(self) -> tuple[StepSpec, ...]:
        """None: gold labels do not depend on the output of other steps."""
        return ()

    def covered(self) -> Covered:
        """The sentences of this corpus and language."""
        query = select(literal(0).label("id"), sentence.c.id.label("sentence_id"))
        query = query.where(sentence.c.corpus_id == self.corpus_id, sentence.c.lang == self.target)
        if self.splits:
            query = query.where(sentence.c.split.in_(self.splits))
        return Covered(query, sentence.c.id, sentence.c.id)


#: what can be exported
Exported = Labelling | GoldLabels


def gold_of(chosen: Sequence[Labelling], step: GoldStep) -> list[GoldLabels]:
    """The gold labels of the corpora and languages of some labellings."""
    gold_labels: dict[tuple[int, str], GoldLabels] = {}
    for labelling in chosen:
        gold = GoldLabels(step, labelling.corpus_id, labelling.target, labelling.splits, labelling.mapping)
        gold_labels.setdefault((labelling.corpus_id, labelling.target), gold)
    return list(gold_labels.values())


def renamed(names: Sequence[str], mapping: LabelMapping | None) -> Mapping[str, str | None]:
    """The name of each gold label in the projected scheme; None if it has none, so that the label is left out."""
    if mapping is None:
        return {name: name for name in names}
    new_names = {}
    for name in names:
        mapped = mapping.apply_to_gold([Span(0, 1, name)])
        new_names[name] = mapped[0].label if mapped else None
    return new_names
