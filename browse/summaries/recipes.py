"""The recipes of a database as needed by pages: their final steps, and what these cover."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from xprojdb.config.recipe import export_table
from xprojdb.db import Database
from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import corpus, data_version, recipe, sentence
from xprojdb.errors import XprojdbError
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.planning.plan import Plan
from xprojdb.planning.store import load_plan
from xprojdb.provenance.questions import final_steps

Receiving = Literal["original", "rendering"]


@dataclass(frozen=True, slots=True)
class FinalStep:
    """A final step of a recipe, for one language.

    :param source: the languages its labels come from.
    :param receiving: the side of translations with its labels; None if its items are sentences.
    """

    id: int
    digest: str
    lang: str
    corpus_id: int
    source: str
    receiving: Receiving | None


@dataclass(frozen=True)
class KnownRecipe:
    """A recipe.

    :param finals: its final steps.
    :param shared: whether another recipe uses the same final step for labels from other languages.
    :param tiers: the tiers of its exports, highest first: name and minimal margin (or score).
    """

    name: str
    plan: Plan
    finals: tuple[FinalStep, ...]
    shared: bool
    tiers: tuple[tuple[str, float], ...]
    tier_by: str

    @property
    def steps(self) -> list[int]:
        """The keys of its final steps."""
        return sorted({final.id for final in self.finals})

    @property
    def langs(self) -> list[str]:
        return sorted({final.lang for final in self.finals})

    @property
    def sources(self) -> set[tuple[int, str, str]]:
        """Its steps through translations: key, target and source language of each."""
        return {(final.id, final.lang, final.source) for final in self.finals if final.receiving is not None}

    @property
    def combines(self) -> bool:
        """Whether it has votes."""
        return any(final.receiving is None for final in self.finals)


class Recipes:
    """Recipes, read again when the database has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[tuple[str, str], KnownRecipe] = {}
        self._lock = Lock()

    def names(self) -> list[str]:
        with self._database.read() as connection:
            return list(connection.execute(select(recipe.c.name).order_by(recipe.c.name)).scalars())

    def all(self) -> list[KnownRecipe]:
        """All recipes, by name."""
        return [known for name in self.names() if (known := self.get(name)) is not None]

    def get(self, name: str | None) -> KnownRecipe | None:
        """A recipe by name; without a name the first one, or None if there are none.

        :raises UsageError: when there is no recipe of that name.
        """
        if not name:
            names = self.names()
            if not names:
                return None
            name = names[0]
        with self._database.read() as connection:
            query = select(recipe.c.digest, recipe.c.plan).where(recipe.c.name == name)
            row = connection.execute(query).first()
        key = (name, f"{row.digest} {row.plan}" if row else "")
        with self._lock:
            if key not in self._cache:
                self._cache[key] = self._read(name)
            return self._cache[key]

    def _read(self, name: str) -> KnownRecipe:
        plan = load_plan(self._database, name)
        with self._database.read() as connection:
            final_ids = set(final_steps(connection, name))
        finals = tuple(_final(labelling) for labelling in plan.labellings if labelling.step.step_id in final_ids)
        tiers, by = _tiers(plan)
        return KnownRecipe(name, plan, finals, self._is_shared(name, finals), tiers, by)

    def _is_shared(self, name: str, finals: tuple[FinalStep, ...]) -> bool:
        own = {(final.id, final.lang): final.source for final in finals if final.receiving is not None}
        others = [load_plan(self._database, other) for other in self.names() if other != name]
        brought = [
            (projection.step.step_id, projection.target, projection.source)
            for plan in others
            for projection in plan.projections
        ]
        return any(own.get((step_id, lang), source) != source for step_id, lang, source in brought)


def _final(labelling: Labelling) -> FinalStep:
    receiving: Receiving | None = None
    if not isinstance(labelling, Consensus):
        receiving = "rendering" if labelling.labelled == "original" else "original"
    return FinalStep(
        labelling.step.step_id,
        labelling.step.spec.digest,
        labelling.target,
        labelling.corpus_id,
        labelling.source,
        receiving,
    )


def _tiers(plan: Plan) -> tuple[tuple[tuple[str, float], ...], str]:
    try:
        table = export_table(plan.recipe.text, {})
    except XprojdbError:
        # A recipe of another version: its labels can be shown, but its tiers are unknown.
        return (), "margin"
    return tuple(sorted(table.tiers.items(), key=lambda item: -item[1])), table.tier_by


def corpus_names(connection: Connection) -> dict[int, str]:
    """The corpora by key."""
    rows = connection.execute(select(corpus.c.id, corpus.c.name).order_by(corpus.c.name))
    return {row.id: row.name for row in rows}


#: the counts of a database, by its address, with the version they were taken at
_COUNTED: dict[str, tuple[int, list[tuple[int, str, int]]]] = {}


def sentence_counts(connection: Connection) -> list[tuple[int, str, int]]:
    """Corpus, language and number of sentences, counted once until the database changes."""
    key, version = str(connection.engine.url), version_of(connection)
    if _COUNTED.get(key, (None,))[0] != version:
        counted = CountCache(connection).of("sentences", lambda: _counted(connection))
        _COUNTED[key] = version, [(int(corpus_id), str(lang), int(count)) for corpus_id, lang, count in counted]
    return _COUNTED[key][1]


def _counted(connection: Connection) -> list[list[Any]]:
    scope = (sentence.c.corpus_id, sentence.c.lang)
    return [list(row) for row in connection.execute(select(*scope, func.count()).group_by(*scope))]


def version_of(connection: Connection) -> int:
    """A number that increases with every change of the database; counts are valid until it changes."""
    return int(connection.execute(select(data_version.c.number)).scalar() or 0)
