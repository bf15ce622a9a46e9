"""The recipes of a database as needed by pages: their final steps, and what these cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

from sqlalchemy import Connection, exists, func, select

from xprojdb.config.recipe import export_table
from xprojdb.db import Database
from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import corpus, data_version, label, recipe, sentence, step, translation
from xprojdb.errors import OtherVersion, UsageError, XprojdbError
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.planning.plan import Plan
from xprojdb.planning.store import load_plan
from xprojdb.provenance.questions import final_steps, labelled_side
from xprojdb.provenance.voted_labels import projections_before
from xprojdb.steps.stage import other

Receiving = Literal["original", "rendering"]
#: among how many labels of a step its languages are looked for
_FIRST = 4_000


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
    :param voted: by final step, the projection whose labels taggers voted on.
    :param shared: whether another recipe uses the same final step for labels from other languages.
    :param tiers: the tiers of its exports, highest first: name and minimal margin (or score).
    """

    name: str
    plan: Plan
    finals: tuple[FinalStep, ...]
    voted: Mapping[int, int]
    shared: bool
    tiers: tuple[tuple[str, float], ...]
    tier_by: str

    #: the digest of the one step whose labels are shown, in place of those of the recipe
    step: str = ""

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
    def has_votes(self) -> bool:
        """Whether several sources, or taggers, vote on its labels."""
        return bool(self.voted) or any(final.receiving is None for final in self.finals)


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
        """All recipes by name, without those that another version of xprojdb has run."""
        known = []
        for name in self.names():
            with suppress(OtherVersion):
                known.append(self._named(name))
        return known

    def get(self, name: str | None) -> KnownRecipe | None:
        """A recipe by name; without a name the first one, or None if there are none.

        :raises UsageError: when there is no recipe of that name.
        :raises OtherVersion: when another version of xprojdb has run it.
        """
        if name:
            return self._named(name)
        for first in self.names():
            with suppress(OtherVersion):
                return self._named(first)
        return None

    def _named(self, name: str) -> KnownRecipe:
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
            voted = projections_before(connection, sorted(final_ids))
        finals = tuple(_final(labelling) for labelling in plan.labellings if labelling.step.step_id in final_ids)
        tiers, by = _tiers(plan)
        return KnownRecipe(name, plan, finals, voted, self._is_shared(name, finals), tiers, by)

    def with_step(self, known: KnownRecipe, prefix: str) -> KnownRecipe:
        """A recipe with the labels of one step, such as a draft or one of an earlier version, as its final ones.

        :param prefix: of the digest of the step.
        :raises UsageError: when there is no such step, or several.
        """
        with self._database.read() as connection:
            ids = named_steps(connection, prefix)
            return replace(
                known,
                finals=tuple(_finals_of(connection, ids[0])),
                voted=projections_before(connection, ids),
                shared=False,
                step=connection.execute(select(step.c.digest).where(step.c.id == ids[0])).scalar_one(),
            )

    def labelling_steps(self) -> list[tuple[str, str]]:
        """Digest and kind of the steps with labels, the latest first."""
        with self._database.read() as connection:
            query = select(step.c.digest, step.c.kind).where(exists().where(label.c.step_id == step.c.id))
            return [(row.digest, row.kind) for row in connection.execute(query.order_by(step.c.id.desc()))]

    def _is_shared(self, name: str, finals: tuple[FinalStep, ...]) -> bool:
        own = {(final.id, final.lang): final.source for final in finals if final.receiving is not None}
        others = []
        for one in self.names():
            # Labels of a plan of another version are not shown.
            with suppress(OtherVersion):
                others += [load_plan(self._database, one)] if one != name else []
        brought = [
            (projection.step.step_id, projection.target, projection.source)
            for plan in others
            for projection in plan.projections
        ]
        return any(own.get((step_id, lang), source) != source for step_id, lang, source in brought)


def named_steps(connection: Connection, prefix: str) -> list[int]:
    """The step whose digest begins with these digits, as a list.

    :raises UsageError: when there is no such step, or several.
    """
    digits = all(digit in "0123456789abcdef" for digit in prefix)
    query = select(step.c.id).where(step.c.digest.like(f"{prefix}%"))
    steps = list(connection.execute(query).scalars()) if digits else []
    if len(steps) != 1:
        message = f"{len(steps)} steps start with {prefix}" if steps else f"there is no recipe and no step {prefix!r}"
        raise UsageError(message, hint="xprojdb status shows recipes and digests", step=prefix, found=len(steps))
    return steps


def _finals_of(connection: Connection, step_id: int) -> Iterator[FinalStep]:
    """A step for each corpus, language and source among its first labels."""
    digest = connection.execute(select(step.c.digest).where(step.c.id == step_id)).scalar_one()
    first = (
        select(label.c.sentence_id, label.c.translation_id).where(label.c.step_id == step_id).limit(_FIRST).subquery()
    )
    scope, joined = (sentence.c.corpus_id, sentence.c.lang), first.join(sentence, sentence.c.id == first.c.sentence_id)
    labelled = labelled_side(connection, step_id)
    if labelled is None:
        for corpus_id, lang in connection.execute(select(*scope).select_from(joined).distinct()):
            yield FinalStep(step_id, digest, lang, corpus_id, "", None)
        return
    source = translation.c.original_lang if labelled == "original" else translation.c.rendering_lang
    joined = joined.join(translation, translation.c.id == first.c.translation_id)
    for corpus_id, lang, origin in connection.execute(select(*scope, source).select_from(joined).distinct()):
        yield FinalStep(step_id, digest, lang, corpus_id, origin, other(labelled))


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
