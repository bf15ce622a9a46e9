"""The corpora of a training recipe: their languages with labels, and what a plan covers."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from xprojdb.config.training import TrainingRecipe
from xprojdb.db import Database
from xprojdb.db.tables import corpus, outcome, sentence, sentence_pair
from xprojdb.errors import UsageError
from xprojdb.planning.store import load_plan
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.steps.stage import Bitext
from xprojdb.steps.train.measured import of_split


def covered(database: Database, recipe: TrainingRecipe) -> list[Bitext]:
    """The corpora that the plan of a training covers, so that it is deleted with them.

    :raises UsageError: when a corpus does not exist.
    """
    with database.read() as connection:
        corpora = {row.name: row.id for row in connection.execute(select(corpus.c.name, corpus.c.id))}
    for name in recipe.corpora:
        if name not in corpora:
            hint = f"there are {', '.join(sorted(corpora)) or 'none'}; xprojdb import"
            raise UsageError(f"there is no corpus {name}", hint=hint, corpus=name)
    return [Bitext(corpora[name], "", "", "") for name in recipe.corpora]


def languages_with_labels(database: Database, recipe: TrainingRecipe) -> list[str]:
    """The languages that a recipe can learn from."""
    if recipe.train.source != "gold":
        return sorted({labelling.target for labelling in load_plan(database, recipe.train.source).labellings})
    with database.read() as connection:
        read = _pair_languages if recipe.train.task == "nli" else _gold_languages
        return read(connection, recipe.corpora)


def first_sentences(
    connection: Connection, corpora: Sequence[str], lang: str, splits: Sequence[str], most: int,
    without: Collection[tuple[str, ...]],
) -> list[tuple[str, ...]]:  # fmt: skip
    """The words of the first imported sentences of a language, whether they have labels or not.

    :param most: the most sentences.
    :param without: sentences to leave out.
    """
    query = (
        select(sentence.c.words)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .where(corpus.c.name.in_(list(corpora)), sentence.c.lang == lang, sentence.c.step_id.is_(None))
        .where(*of_split(sentence.c.split, splits))
        .order_by(sentence.c.id)
    )
    texts: list[tuple[str, ...]] = []
    for (stored,) in connection.execute(query):
        words = tuple(json.loads(stored))
        if words and words not in without:
            texts.append(words)
        if len(texts) == most:
            break
    return texts


def splits_with_gold(connection: Connection, corpora: Sequence[str], lang: str) -> list[str]:
    """The splits of corpora in which a language has gold labels."""
    gold = find_step(connection, GOLD)
    query = select(sentence.c.split).join(corpus, corpus.c.id == sentence.c.corpus_id)
    query = query.join(outcome, (outcome.c.step_id == gold) & (outcome.c.item_id == sentence.c.id))
    query = query.where(corpus.c.name.in_(list(corpora)), sentence.c.lang == lang, sentence.c.split.is_not(None))
    return sorted(connection.execute(query.distinct()).scalars())


def _gold_languages(connection: Connection, corpora: Sequence[str]) -> list[str]:
    gold = find_step(connection, GOLD)
    query = select(sentence.c.lang).join(corpus, corpus.c.id == sentence.c.corpus_id)
    query = query.join(outcome, (outcome.c.step_id == gold) & (outcome.c.item_id == sentence.c.id))
    return sorted(connection.execute(query.where(corpus.c.name.in_(list(corpora))).distinct()).scalars())


def _pair_languages(connection: Connection, corpora: Sequence[str]) -> list[str]:
    query = select(sentence_pair.c.lang).join(corpus, corpus.c.id == sentence_pair.c.corpus_id)
    return sorted(connection.execute(query.where(corpus.c.name.in_(list(corpora))).distinct()).scalars())
