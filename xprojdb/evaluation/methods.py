"""The methods to compare: recipes, or the labels of a recipe from one source language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select, union, union_all

from xprojdb.db import Database
from xprojdb.db.tables import recipe
from xprojdb.errors import UsageError
from xprojdb.evaluation.gold import projected, with_gold
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.store import load_plan
from xprojdb.text.label_schemes import LabelMapping

#: a corpus and a target language
Slot = tuple[int, str]


@dataclass(frozen=True)
class Method:
    """One way to label the target languages.

    :param name: the name of the recipe, followed by ``:SOURCE`` for the labels from one of several source languages.
    :param projections: its projections, at least one.
    """

    name: str
    recipe: str
    projections: tuple[Labelling, ...]

    @property
    def mapping(self) -> LabelMapping | None:
        """The label mapping of its recipe."""
        return self.projections[0].mapping

    @property
    def step_ids(self) -> list[int]:
        """The ids of its project or combine steps."""
        return sorted({projection.step.step_id for projection in self.projections})

    @property
    def digests(self) -> list[str]:
        """The digests of its project or combine steps."""
        return sorted({projection.step.spec.digest for projection in self.projections})

    @property
    def slots(self) -> list[Slot]:
        """The corpora and languages it labels, in the order of its projections."""
        return list(dict.fromkeys((projection.corpus_id, projection.target) for projection in self.projections))

    def onto(self, slot: Slot) -> Method:
        """The part of the method that labels one language."""
        chosen = tuple(
            projection for projection in self.projections if (projection.corpus_id, projection.target) == slot
        )
        return Method(self.name, self.recipe, chosen)


def find_methods(database: Database, names: Sequence[str] = ()) -> list[Method]:
    """Find methods by name.

    A recipe that labels a language from several others is one method for each of them, unless it combines them; then
    its name refers to the consensus.

    :param names: recipes, optionally with ``:SOURCE`` to choose a source language; all recipes if empty.
    :returns: the distinct methods in the order of the names.
    :raises UsageError: when there is no such recipe, it has no such source language, or there are fewer than two
        methods.
    """
    with database.read() as connection:
        recipes = list(connection.execute(select(recipe.c.name).order_by(recipe.c.name)).scalars())
    methods = [method for name in names or recipes for method in _methods(database, name, recipes)]
    distinct = list({method.name: method for method in methods}.values())
    if len(distinct) < 2:
        raise UsageError(
            f"a comparison needs at least two methods; found {', '.join(m.name for m in distinct) or 'none'}",
            hint=f"run a second recipe under another name, or choose two of {', '.join(recipes) or 'those you ran'}",
            methods=tuple(method.name for method in distinct),
        )
    return distinct


def _methods(database: Database, name: str, recipes: Sequence[str]) -> list[Method]:
    called, _, source = (name, "", "") if name in recipes else name.rpartition(":")
    plan = load_plan(database, called or name)
    projections = plan.projections
    sources = list(dict.fromkeys(projection.source for projection in projections))
    if source and source not in sources:
        hint = f"it has labels from {', '.join(sources)}"
        raise UsageError(f"the recipe {called} projects nothing from {source}", hint=hint, recipe=called, source=source)
    if source:
        return [_from(name, called, source, projections)]
    if plan.consensuses:
        return [Method(name, name, tuple(plan.consensuses))]
    if _is_ambiguous(projections):
        return [_from(f"{name}:{lang}", name, lang, projections) for lang in sources]
    return [Method(name, name, tuple(projections))]


def _from(name: str, called: str, source: str, projections: Sequence[Labelling]) -> Method:
    return Method(name, called, tuple(projection for projection in projections if projection.source == source))


def _is_ambiguous(projections: Sequence[Labelling]) -> bool:
    pairs = {(projection.corpus_id, projection.target, projection.source) for projection in projections}
    return len(pairs) > len({(corpus_id, target) for corpus_id, target, _ in pairs})


def done_sentences(connection: Connection, method: Method, gold_step: int | None = None) -> Select[tuple[int, int]]:
    """Select the sentences with gold labels that a method has processed, and the translation behind its labels.

    If it reached a sentence through several translations, the first counts; for a consensus it is 0.

    :param gold_step: the step whose entities are gold; None for the imported ones.
    """
    read = union_all(*(projected(connection, projection, gold_step) for projection in method.projections)).subquery(
        "done"
    )
    key, sentence = read.c[0], read.c.sentence_id
    return select(sentence, func.min(key).label("translation_id")).group_by(sentence)


def common_sentences(
    connection: Connection, methods: Sequence[Method], gold_step: int | None = None
) -> Select[tuple[int, ...]]:
    """Select the sentences that all methods have processed: their key, and that of the translation for each method."""
    first, *others = [
        done_sentences(connection, method, gold_step).cte(f"method_{number}")
        for number, method in enumerate(methods, 1)
    ]
    columns = [first.c.sentence_id, first.c.translation_id, *(other.c.translation_id for other in others)]
    query = select(*columns)
    for other in others:
        query = query.join(other, other.c.sentence_id == first.c.sentence_id)
    return query.order_by(first.c.sentence_id)


def count_covered(connection: Connection, methods: Sequence[Method], gold_step: int | None = None) -> int:
    """Count the sentences with gold labels that at least one of the methods would label."""
    covered = (with_gold(connection, projection, gold_step) for method in methods for projection in method.projections)
    targets = [select(query.subquery().c.sentence_id) for query in covered]
    return int(connection.execute(select(func.count()).select_from(union(*targets).subquery())).scalar_one())
