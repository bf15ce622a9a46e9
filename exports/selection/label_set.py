"""The types of label of a data set, in an order that does not depend on which of them occur."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, Select, select

from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import corpus, entity, label, sentence
from xprojdb.exports.gold.labels import GoldStep, renamed
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.text.label_schemes import SCHEMES, LabelMapping

_CUSTOMARY = ("PER", "ORG", "LOC", "DATE", "MISC")


def label_set(
    connection: Connection, plan: Plan, chosen: Sequence[Labelling], gold: GoldStep | None, counts: CountCache
) -> list[str]:
    """The types of label: those of the scheme in its order, then any others that occur.

    The scheme is the one that labels were mapped to, otherwise that of the corpora. If none is known, it consists of
    every type that occurs among the imported labels and is produced by a recipe step, in customary order: PER, ORG,
    LOC, DATE, MISC, then the others. All languages of the recipe count, not only the exported ones.

    :param chosen: the labellings to export.
    :param gold: the gold labels to export, if any.
    """
    every = plan.labellings or list(chosen)
    scheme = list(dict.fromkeys(_scheme(connection, every)))
    occurring = _projected(connection, every, counts) | _of_people(connection, every, gold, counts)
    if not scheme:
        imported = find_step(connection, GOLD)
        occurring |= _of_people(connection, every, None if imported is None else GoldStep(imported, GOLD), counts)
    return [*scheme, *_in_customary_order(occurring.difference(scheme))]


def _in_customary_order(names: Iterable[str]) -> list[str]:
    present = set(names)
    return [name for name in _CUSTOMARY if name in present] + sorted(present.difference(_CUSTOMARY))


def _scheme(connection: Connection, every: Sequence[Labelling]) -> Iterator[str]:
    """The labels of the known schemes, the most general first."""
    query = (
        select(corpus.c.scheme)
        .where(corpus.c.id.in_({labelling.corpus_id for labelling in every}))
        .order_by(corpus.c.id)
    )
    imported = [SCHEMES[name] for name in connection.execute(query).scalars() if name in SCHEMES]
    for labelling in every:
        mapped = labelling.mapping and SCHEMES.get(labelling.mapping.name.rpartition("->")[2])
        if mapped:
            yield from mapped.labels
        elif labelling.mapping is None or labelling.mapping.others != "drop":
            for scheme in imported:
                yield from _mapped(scheme.labels, labelling.mapping)


def _mapped(names: Sequence[str], mapping: LabelMapping | None) -> list[str]:
    return [name for name in renamed(names, mapping).values() if name is not None]


def _projected(connection: Connection, every: Sequence[Labelling], counts: CountCache) -> set[str]:
    names: set[str] = set()
    for step_id in sorted({labelling.step.step_id for labelling in every}):
        query = select(label.c.label).where(label.c.step_id == step_id)
        names.update(_distinct(connection, f"labels {step_id}", query, counts))
    return names


def _of_people(
    connection: Connection, every: Sequence[Labelling], step: GoldStep | None, counts: CountCache
) -> set[str]:
    if step is None:
        return set()
    corpora = sorted({labelling.corpus_id for labelling in every})
    query = select(entity.c.label).join(sentence, sentence.c.id == entity.c.sentence_id)
    query = query.where(entity.c.step_id == step.step_id, sentence.c.corpus_id.in_(corpora))
    names = _distinct(connection, f"gold labels {step.step_id} {corpora}", query, counts)
    return {name for mapping in {labelling.mapping for labelling in every} for name in _mapped(names, mapping)}


def _distinct(connection: Connection, name: str, query: Select[tuple[str]], counts: CountCache) -> list[str]:
    """The distinct values of a query, cached until something is written."""
    return counts.of(name, lambda: sorted(map(str, connection.execute(query.distinct()).scalars())))
