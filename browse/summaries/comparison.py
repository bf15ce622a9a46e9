"""Two steps or recipes side by side, with sentences that differ, page by page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, exists, func, select

from xprojdb.browse.limits import Budget, limited
from xprojdb.browse.summaries.recipes import named_steps
from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, label, outcome, recipe, sentence, step, translation
from xprojdb.provenance.diff import ADDED, BOTH, MOVED, RELABELLED, REMOVED, pair_spans
from xprojdb.provenance.questions import final_steps, labelled_side
from xprojdb.steps.stage import other, sentence_key
from xprojdb.text.spans import Span

#: sentences per page
SHOWN = 25
#: keys compared at first
WINDOW = 1_000
Labels = dict[int, set[Span]]


@dataclass(frozen=True, slots=True)
class ComparedSentence:
    """A sentence whose labels differ.

    :param changes: kind, and the words before and after; None if there is no label.
    """

    name: str
    lang: str
    words: list[str]
    first: list[Span]
    second: list[Span]
    changes: list[tuple[str, str | None, str | None]]


@dataclass(slots=True)
class ComparedPage:
    """A page of a comparison.

    :param first, second: the kinds and digests that are compared.
    :param sentences: those that differ.
    :param after: where to continue; None: everything was compared.
    :param looked_to: the last key compared, and the highest key.
    :param same: number of equal labels in these sentences.
    :param counts: number of differing labels, by kind.
    """

    first: list[str]
    second: list[str]
    sentences: list[ComparedSentence] = field(default_factory=list)
    after: int | None = None
    looked_to: tuple[int, int] = (0, 0)
    same: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def compare_page(database: Database, first: str, second: str, after: int = 0) -> ComparedPage:
    """Compare two steps or recipes, starting after a sentence.

    :param first: a recipe, for its final steps, or a prefix of a digest.
    :param after: the key of a sentence.
    :raises UsageError: when one is neither.
    """
    with limited(database) as connection:
        sides = [_steps(connection, name) for name in (first, second)]
        page = ComparedPage(_step_names(connection, sides[0]), _step_names(connection, sides[1]))
        last = connection.execute(select(func.max(sentence.c.id))).scalar() or 0
        budget, cursor, window = Budget(connection), after, WINDOW
        while cursor < last and len(page.sentences) < SHOWN and not (budget.spent and cursor > after):
            cursor, window = _compare_window(connection, page, sides, cursor, window), budget.resized(window)
        page.looked_to = (min(cursor, last), last)
        page.after = cursor if cursor < last else None
    return page


def _compare_window(
    connection: Connection, page: ComparedPage, sides: Sequence[list[int]], cursor: int, window: int
) -> int:
    """Compare the next sentences; returns the key of the last of them."""
    end = cursor + window
    one, two = (_labels(connection, steps, cursor, end) for steps in sides)
    keys = sorted(one.keys() | two.keys())
    differing = [key for key in keys if one.get(key) != two.get(key)]
    both = set.intersection(*(_done(connection, steps, differing) for steps in sides))
    differing = [key for key in differing if key in both][: SHOWN - len(page.sentences)]
    if len(page.sentences) + len(differing) == SHOWN:
        end = differing[-1]
    page.same += sum(len(one.get(key, set()) & two.get(key, set())) for key in keys if key <= end)
    page.sentences += _compared(connection, differing, one, two, page.counts)
    return end


def _labels(connection: Connection, steps: Sequence[int], cursor: int, end: int) -> Labels:
    columns = (label.c.sentence_id, label.c.start_word, label.c.end_word, label.c.label)
    query = select(*columns).where(label.c.step_id.in_(steps), label.c.sentence_id > cursor, label.c.sentence_id <= end)
    spans_by_sentence: Labels = {}
    for key, *span in bulk.fetch(connection, query):
        spans_by_sentence.setdefault(key, set()).add(Span(*span))
    return spans_by_sentence


def _done(connection: Connection, steps: Sequence[int], keys: Sequence[int]) -> set[int]:
    """The sentences that a side has finished, with or without labels."""
    finished: set[int] = set()
    for step_id in steps:
        side = labelled_side(connection, step_id)
        done = (outcome.c.step_id == step_id) & outcome.c.status.in_(("ok", "empty", "filtered"))
        if side is None:
            query = select(outcome.c.item_id).where(done, bulk.among(connection, outcome.c.item_id, keys))
        else:
            # From the translations of these sentences to their outcomes, rather than through all outcomes of the step.
            column = sentence_key(other(side))
            met = exists().where(done, outcome.c.item_id == translation.c.id)
            query = select(column).where(bulk.among(connection, column, keys), met)
        finished |= set(connection.execute(query).scalars())
    return finished


def _compared(
    connection: Connection, keys: Sequence[int], first: Labels, second: Labels, counts: Counter[str]
) -> Iterator[ComparedSentence]:
    columns = (sentence.c.id, corpus.c.name, sentence.c.lang, sentence.c.external_id, sentence.c.words)
    query = select(*columns).join(corpus, corpus.c.id == sentence.c.corpus_id).order_by(sentence.c.id)
    for key, called, lang, external_id, words_json in bulk.fetch(
        connection, query.where(bulk.among(connection, sentence.c.id, keys))
    ):
        words, before, after = json.loads(words_json), sorted(first.get(key, ())), sorted(second.get(key, ()))
        pairs = pair_spans(before, after)
        changes = [(_kind(one, two), _phrase(words, one), _phrase(words, two)) for one, two in pairs]
        counts.update(kind for kind, _, _ in changes)
        name = str(key) if external_id is None else f"{called}/{lang}/{external_id}"
        yield ComparedSentence(name, lang, words, before, after, changes)


def _kind(before: Span | None, after: Span | None) -> str:
    if before is None or after is None:
        return ADDED if before is None else REMOVED
    if before[:2] == after[:2]:
        return RELABELLED
    return MOVED if before.label == after.label else BOTH


def _phrase(words: Sequence[str], span: Span | None) -> str | None:
    return None if span is None else f"{' '.join(words[span.start : span.end])} {span.label}"


def _steps(connection: Connection, name: str) -> list[int]:
    if connection.execute(select(recipe.c.id).where(recipe.c.name == name)).first() is not None:
        return final_steps(connection, name)
    return named_steps(connection, name)


def _step_names(connection: Connection, steps: Sequence[int]) -> list[str]:
    query = select(step.c.kind, step.c.digest).where(step.c.id.in_(steps)).order_by(step.c.id)
    return [f"{row.kind} {row.digest[:8]}" for row in connection.execute(query)]
