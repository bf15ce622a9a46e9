"""What changed between two steps or recipes: their labels compared sentence by sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, union

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, label, outcome, recipe, sentence, step, translation
from xprojdb.errors import UsageError
from xprojdb.provenance.questions import final_steps, labelled_side
from xprojdb.steps.stage import Side, other, sentence_key
from xprojdb.text.spans import Span

#: sentences compared at a time
BLOCK = 1_000
ADDED, REMOVED, MOVED, RELABELLED, BOTH = "added", "removed", "moved boundary", "changed label", "moved and relabelled"
KINDS = (ADDED, REMOVED, MOVED, RELABELLED, BOTH)


@dataclass(frozen=True, slots=True)
class Change:
    """One label that differs.

    :param kind: one of :data:`KINDS`.
    :param sentence: the sentence as ``xprojdb explain`` takes it.
    :param before: the label of the first step, if any.
    :param after: the label of the second step, if any.
    :param text: the sentence.
    """

    kind: str
    sentence: str
    before: Span | None
    before_text: str | None
    after: Span | None
    after_text: str | None
    text: str


@dataclass(slots=True)
class LabelDifference:
    """What two steps have in common and where they differ.

    :param first, second: the compared steps, by kind and digest.
    :param sentences: how many sentences both have finished.
    :param changed: how many of them have different labels.
    :param same: labels that are equal.
    :param counts: labels that differ, by kind.
    :param changes: the first few of them.
    """

    first: list[str]
    second: list[str]
    sentences: int = 0
    changed: int = 0
    same: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    changes: list[Change] = field(default_factory=list)


def diff_steps(
    database: Database, first: str, second: str, *, kind: str | None = None, limit: int = 20
) -> LabelDifference:
    """Compare the labels of two steps on the sentences that both have finished.

    :param first: a recipe, which stands for its final steps, or the digest of a step or a prefix of it.
    :param second: the other.
    :param kind: show only changes of this kind; all kinds are counted.
    :param limit: how many changes to show.
    :raises UsageError: when one is neither, a prefix matches several steps, or a step has no labels.
    """
    with database.read() as connection:
        sides = _Side.of(connection, first), _Side.of(connection, second)
        difference = LabelDifference(sides[0].names, sides[1].names)
        difference.sentences, difference.same = _totals(connection, *sides)
        for rows in bulk.stream(connection, _differing(*sides), BLOCK):
            difference.changed += len(rows)
            for change in _changes(connection, [key for (key,) in rows], *sides):
                difference.counts[change.kind] += 1
                if kind in (None, change.kind) and len(difference.changes) < limit:
                    difference.changes.append(change)
        return difference


class _Side(NamedTuple):
    """The steps of one side."""

    ids: list[int]
    names: list[str]
    labelled_sides: list[Side | None]

    @classmethod
    def of(cls, connection: Connection, name: str) -> _Side:
        ids = _recipe_steps(connection, name) or _steps_by_digest(connection, name)
        query = select(step.c.kind, step.c.digest).where(step.c.id.in_(ids)).order_by(step.c.id)
        names = [f"{row.kind} {row.digest[:8]}" for row in connection.execute(query)]
        side = cls(ids, names, [labelled_side(connection, key) for key in ids])
        if connection.execute(select(label.c.step_id).where(label.c.step_id.in_(ids)).limit(1)).first() is None:
            hint = "name a project or combine step, or a recipe; xprojdb status lists them"
            raise UsageError(f"{name} has no labels", hint=hint, step=name)
        return side

    def labelled(self) -> ColumnElement[bool]:
        return label.c.step_id.in_(self.ids)


def _recipe_steps(connection: Connection, name: str) -> list[int]:
    recipe_row = connection.execute(select(recipe.c.id).where(recipe.c.name == name)).first()
    return [] if recipe_row is None else final_steps(connection, name)


def _steps_by_digest(connection: Connection, prefix: str) -> list[int]:
    # The hexadecimal digits of a digest cannot be wildcards; other characters cannot match.
    whole = all(digit in "0123456789abcdef" for digit in prefix)
    query = select(step.c.id).where(step.c.digest.like(f"{prefix}%")).order_by(step.c.id)
    ids = list(connection.execute(query).scalars()) if prefix and whole else []
    if len(ids) != 1:
        message = f"{len(ids)} steps start with {prefix}" if ids else f"there is no recipe and no step {prefix!r}"
        raise UsageError(message, hint="xprojdb status shows recipes and digests", step=prefix, found=len(ids))
    return ids


def _done(side: _Side) -> Select[tuple[int]]:
    """The sentences that a side has finished, with or without labels."""
    parts: list[Select[Any]] = []
    for key, labelled in zip(side.ids, side.labelled_sides, strict=True):
        mine = outcome.c.step_id == key, outcome.c.status.in_(("ok", "empty", "filtered"))
        if labelled is None:
            parts.append(select(outcome.c.item_id).where(*mine))
            continue
        target = select(sentence_key(other(labelled))).select_from(outcome)
        parts.append(target.join(translation, translation.c.id == outcome.c.item_id).where(*mine))
    return union(*parts).subquery("done").select()


_PLACE = ("sentence_id", "start_word", "end_word", "label")


def _totals(connection: Connection, first: _Side, second: _Side) -> tuple[int, int]:
    """How many sentences both have finished, and how many labels are equal."""
    one, two = _done(first).subquery("one"), _done(second).subquery("two")
    key_one, key_two = next(iter(one.c)), next(iter(two.c))
    both = select(func.count()).select_from(one).join(two, key_one == key_two)
    same = select(func.count()).select_from(label).where(first.labelled(), _has_equal(second))
    return connection.execute(both).scalar_one(), connection.execute(same).scalar_one()


def _has_equal(side: _Side) -> ColumnElement[bool]:
    there = label.alias("there")
    equal = (there.c[name] == label.c[name] for name in _PLACE)
    return exists().where(there.c.step_id.in_(side.ids), *equal)


def _differing(first: _Side, second: _Side) -> Select[tuple[int]]:
    """The sentences, finished by both, with a label on one side that the other lacks."""
    parts = []
    for mine, across in ((first, second), (second, first)):
        done = _done(across).subquery()
        done_by_other = label.c.sentence_id.in_(select(next(iter(done.c))))
        parts.append(select(label.c.sentence_id).where(mine.labelled(), ~_has_equal(across), done_by_other))
    differing = union(*parts).subquery()
    return select(differing.c.sentence_id).order_by(differing.c.sentence_id)


def _changes(connection: Connection, keys: Sequence[int], first: _Side, second: _Side) -> Iterator[Change]:
    before, after = _labels(connection, first, keys), _labels(connection, second, keys)
    for key, name, words in _sentences(connection, keys):
        for one, two in pair_spans(before.get(key, []), after.get(key, [])):
            yield _change(name, words, one, two)


def _labels(connection: Connection, side: _Side, keys: Sequence[int]) -> dict[int, list[Span]]:
    columns = (label.c.sentence_id, label.c.start_word, label.c.end_word, label.c.label)
    query = select(*columns).where(and_(side.labelled(), bulk.among(connection, label.c.sentence_id, keys)))
    spans_by_sentence: dict[int, set[Span]] = {}
    for key, *span in bulk.fetch(connection, query):
        spans_by_sentence.setdefault(key, set()).add(Span(*span))
    return {key: sorted(spans) for key, spans in spans_by_sentence.items()}


def _sentences(connection: Connection, keys: Sequence[int]) -> Iterator[tuple[int, str, list[str]]]:
    columns = (sentence.c.id, corpus.c.name, sentence.c.lang, sentence.c.external_id, sentence.c.words)
    query = select(*columns).join(corpus, corpus.c.id == sentence.c.corpus_id).order_by(sentence.c.id)
    for key, name, lang, external_id, words in bulk.fetch(
        connection, query.where(bulk.among(connection, sentence.c.id, keys))
    ):
        yield key, str(key) if external_id is None else f"{name}/{lang}/{external_id}", json.loads(words)


def pair_spans(first: Sequence[Span], second: Sequence[Span]) -> list[tuple[Span | None, Span | None]]:
    """The spans that differ, each paired with the span of the other side that it became.

    Equal spans are left out. Overlapping spans are paired, those with most words in common first, then those with equal
    labels, then the leftmost; each is used once.
    """
    one = [span for span in first if span not in second]
    two = [span for span in second if span not in first]
    near = [
        (-min(a.end, b.end) + max(a.start, b.start), a.label != b.label, a, b)
        for a in one
        for b in two
        if a.start < b.end and b.start < a.end
    ]
    paired: list[tuple[Span | None, Span | None]] = []
    for _, _, a, b in sorted(near):
        if a in one and b in two:
            one.remove(a)
            two.remove(b)
            paired.append((a, b))
    paired += [(a, None) for a in one] + [(None, b) for b in two]
    return sorted(paired, key=lambda pair: pair[0] or pair[1] or Span(0, 0, ""))


def _change(name: str, words: list[str], before: Span | None, after: Span | None) -> Change:
    def phrase(span: Span | None) -> str | None:
        return None if span is None else " ".join(words[span.start : span.end])

    return Change(_kind(before, after), name, before, phrase(before), after, phrase(after), " ".join(words))


def _kind(before: Span | None, after: Span | None) -> str:
    if before is None:
        return ADDED
    if after is None:
        return REMOVED
    if before[:2] == after[:2]:
        return RELABELLED
    return MOVED if before.label == after.label else BOTH
