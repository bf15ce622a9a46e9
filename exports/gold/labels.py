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
        """What its sentences are called in a data set."""
        return "gold" if self.spec == GOLD else "reviewed"

    @classmethod
    def of(cls, connection: Connection, step_id: int | None = None) -> GoldStep:
        """The step of a key; None: that of imported labels.

        :raises UsageError: when no labels were imported.
        """
        key = find_step(connection, GOLD) if step_id is None else step_id
        if key is None:
            raise UsageError("this database has no gold labels", hint="import some: xprojdb import --help")
        return cls(key, GOLD if step_id is None else load_spec(connection, key))


class GoldLabels(NamedTuple):
    """The sentences of a corpus and language that have gold labels; it is read like a projection, without scores.

    :param step: where the labels are.
    :param splits: of the recipe; empty: all.
    :param mapping: what becomes of their labels, so that they are of the same scheme as the projected ones.
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
        """None: nobody labels what a step made."""
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
    """The gold labels of the corpora and languages that some labellings are of."""
    found: dict[tuple[int, str], GoldLabels] = {}
    for each in chosen:
        gold = GoldLabels(step, each.corpus_id, each.target, each.splits, each.mapping)
        found.setdefault((each.corpus_id, each.target), gold)
    return list(found.values())


def renamed(names: Sequence[str], mapping: LabelMapping | None) -> Mapping[str, str | None]:
    """What each of some gold labels is called beside projected ones; None: it has no name there, and is left out."""
    if mapping is None:
        return {name: name for name in names}
    found = {}
    for name in names:
        mapped = mapping.apply_to_gold([Span(0, 1, name)])
        found[name] = mapped[0].label if mapped else None
    return found
