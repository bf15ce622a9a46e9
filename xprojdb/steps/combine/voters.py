"""The sources of labels for one language: which of them a target sentence has, and what they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.db.tables import entity, label, outcome, sentence, step, translation
from xprojdb.steps.combine.params import SourcesParams
from xprojdb.steps.inputs import longs, read_columns, read_numbers, within
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.quality.stage import QUALITY, reached
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.stage import (
    Bitext,
    ItemKind,
    Side,
    Stage,
    imported,
    other,
    sentence_key,
    step_of_digest,
    translations,
)
from xprojdb.steps.tag.stage import TagParams
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span

#: the source that tags the target sentences directly, without a translation
TRANSFER = "transfer"
#: the sentences that receive labels, in the queries below
TARGET = sentence.alias("target")


class Voter(NamedTuple):
    """A source of labels: a language and the step that projects from it, or a tagger of the target language.

    A language counts as two voters if it is the original of some translations and the rendering of others.

    :param role: the role of the step among the inputs: ``"en:original"``, or ``"transfer"``.
    :param source: index of the source.
    :param lang: the language the labels come from; None for transfer.
    :param side: the side of a translation that the labels come from.
    """

    role: str
    source: int
    lang: str | None
    side: Side
    spec: StepSpec


class Present(NamedTuple):
    """The voters of some target sentences: P rows, one for each source of a sentence.

    :param sentence: (P,) keys, ascending.
    :param source: (P,) indices of the sources, ascending within a sentence.
    :param voter: (P,) indices of the voters.
    :param translation: (P,) keys of the translations that the labels were projected through; 0 for transfer.
    """

    sentence: Longs
    source: Longs
    voter: Longs
    translation: Longs

    def flags(self, keys: Longs, sources: int) -> Flags:
        """(T, S) whether each sentence has each source.

        :param keys: (T,) keys of the sentences, ascending.
        """
        flags = np.zeros((len(keys), sources), np.bool_)
        flags[np.searchsorted(keys, self.sentence), self.source] = True
        return flags

    def on(self, keys: Longs) -> Present:
        """Those of some sentences."""
        mine = np.isin(self.sentence, keys)
        return Present(*(column[mine] for column in self))

    def of(self, voter: int) -> tuple[Longs, Longs]:
        """The sentences that a voter has labelled, and the translations they were labelled through."""
        chosen = self.voter == voter
        return self.sentence[chosen], self.translation[chosen]


class Ballot(NamedTuple):
    """What the sources say about some sentences: R labelled spans, ordered by sentence, source and start.

    :param voter: (R,) indices of the voters.
    :param translation: (R,) keys of the translations; 0 for transfer.
    :param ordinal: (R,) ordinal of the entity behind the label in its own sentence; -1 where it is unknown.
    :param score: (R,) score of the span; 1 for transfer.
    """

    sentence: Longs
    source: Ints
    voter: Longs
    translation: Longs
    ordinal: Longs
    start: Ints
    end: Ints
    score: Floats
    label: list[str]


class SeveralSources(Stage):
    """A step that reads the labels of one target language from several sources.

    Inputs named ``SOURCE:SIDE`` are the steps that project from a source; ``transfer`` is a tagger of the target
    language.
    """

    item_kind = ItemKind.SENTENCES

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = SourcesParams.from_params(spec.params)
        self.target, self.sources = params.target, params.sources
        self.min_quality = params.min_quality or {}
        self._pairs: list[Bitext] = []

    def unmade(self, counts: Sequence[int]) -> int:
        # A sentence with several translations is a single item here.
        return max(counts, default=0)

    def cover(self, pair: Bitext) -> None:
        self._pairs.append(pair)

    @cached_property
    def voters(self) -> list[Voter]:
        """The voters, ordered by source."""
        voters = []
        for role, spec in sorted(self.spec.inputs.items()):
            name, _, side = role.rpartition(":")
            if side in ("original", "rendering"):
                across: Side = "original" if side == "original" else "rendering"
                voters.append(Voter(role, self.sources.index(name), name.partition("@")[0], across, spec))
            elif role == TRANSFER:
                voters.append(Voter(role, self.sources.index(TRANSFER), None, "original", spec))
        return sorted(voters, key=lambda voter: voter.source)

    @cached_property
    def mapping(self) -> LabelMapping | None:
        """The label mapping applied before projection; all sources share it."""
        return mapping_of(next((voter.spec for voter in self.voters if voter.lang), self.spec))

    def covered(self, pairs: Sequence[Bitext]) -> Select[tuple[int]]:
        """The sentences of the target language in some sets of translations."""
        inside = [self._inside(pair) for pair in pairs]
        corpora = {pair.corpus_id for pair in pairs}
        return select(TARGET.c.id).where(TARGET.c.corpus_id.in_(corpora), TARGET.c.lang == self.target, or_(*inside))

    def _inside(self, pair: Bitext) -> ColumnElement[bool]:
        if not pair.link:
            return TARGET.c.id.in_(imported(pair, self.target))
        through = translations(pair).where(sentence_key(self.target_side(pair)) == TARGET.c.id)
        return through.correlate(TARGET).exists()

    def target_side(self, pair: Bitext) -> Side:
        """The side of a set of translations that receives labels."""
        return "original" if pair.original_lang == self.target else "rendering"

    def settled(self, pair: Bitext) -> Select[tuple[int]]:
        """The sentences of a set that have a source and whose other translations will receive no further labels.

        A translation is not waited for if no entities were imported for its labelled side, or if an earlier step failed
        on it or filtered it.
        """
        query = self.covered([pair])
        key = query.selected_columns[0]
        present = [_labelled(voter, key) for voter in self.voters]
        return query.where(or_(*present), ~self._awaited(key, pair))

    def unsettled(self, pair: Bitext) -> Select[tuple[int]]:
        """The sentences of a set that a source may still label."""
        query = self.covered([pair])
        return query.where(self._awaited(query.selected_columns[0], pair))

    def _awaited(self, key: ColumnElement[int], pair: Bitext) -> ColumnElement[bool]:
        links = {bitext.link for bitext in (pair, *self._pairs)}
        machine = [_untranslated(bitext, key) for bitext in self._pairs if bitext.original_lang == self.target]
        carried = [
            _not_carried_back(spec, bitext, key)
            for bitext in self._pairs
            for spec in {spec.digest: spec for voter in self.voters for spec in _chain(voter.spec)}.values()
            if bitext.original_lang == self.target and bitext.link == spec.digest and spec.kind == "carry"
        ]
        return or_(*(_awaited(voter, key, pair, links) for voter in self.voters), *machine, *carried)

    def read_present(self, connection: Connection, keys: Sequence[int]) -> Present:
        """Read which sources the sentences have. Of several translations from one language the first counts.

        Translations that ``[quality]`` filtered, or that fall short of the step's own thresholds, do not count.

        :param keys: keys of the sentences, ascending.
        """
        columns = []
        for number, voter in enumerate(self.voters):
            read = read_numbers(connection, self._through(connection, voter, keys), 2).astype(np.int64)
            if voter.lang is not None and self.min_quality:
                read = read[:, reached(connection, voter.spec, read[1].tolist(), self.min_quality)]
            columns.append(np.stack([read[0], *(np.full(read.shape[1], n) for n in (voter.source, number)), read[1]]))
        rows = np.concatenate(columns, 1)
        rows = rows[:, np.lexsort((rows[3], rows[1], rows[0]))]
        first = np.ones(rows.shape[1], np.bool_)
        first[1:] = (rows[:2, 1:] != rows[:2, :-1]).any(0)
        return Present(*rows[:, first])

    def _through(self, connection: Connection, voter: Voter, keys: Sequence[int]) -> Select[Any]:
        step_id = self.input_ids[voter.role]
        if voter.lang is None:
            query = select(outcome.c.item_id, literal(0)).where(within(connection, outcome.c.item_id, keys))
            return query.where(outcome.c.step_id == step_id, outcome.c.status != "failed")
        target = sentence_key(other(voter.side))
        done = (outcome.c.step_id == step_id) & (outcome.c.item_id == translation.c.id)
        poor = (outcome.c.status == "filtered") & outcome.c.reason.startswith(f"{QUALITY}:")
        query = select(target, translation.c.id).join(outcome, done & (outcome.c.status != "failed") & ~poor)
        return query.where(_language(translation, voter) == voter.lang, within(connection, target, keys))

    def read_ballot(self, connection: Connection, keys: Sequence[int], present: Present) -> Ballot:
        """Read the labels that the sources gave the sentences.

        :param keys: keys of the sentences, ascending.
        """
        parts = [self._read_labels(connection, number, keys, present) for number in range(len(self.voters))]
        numbers = np.concatenate([part[0] for part in parts], 1)
        labels = list(chain.from_iterable(part[1] for part in parts))
        where = numbers[:6].astype(np.int64)
        source = np.array([voter.source for voter in self.voters])[where[1]]
        order = _once(np.lexsort((where[4], source, where[0])), where, source, labels)
        key, voter, through, ordinal, start, end = where[:, order]
        first, last = start.astype(np.int32), end.astype(np.int32)
        names = [labels[row] for row in order.tolist()]
        who = source[order].astype(np.int32)
        return Ballot(key, who, voter, through, ordinal, first, last, numbers[6][order], names)

    def _read_labels(
        self, connection: Connection, number: int, keys: Sequence[int], present: Present
    ) -> tuple[Floats, list[str]]:
        """Sentence, voter, translation, entity ordinal, start, end and score of labels, as (7, R), and their names."""
        voter = self.voters[number]
        step_id = self.input_ids[voter.role]
        query = _tagged(connection, step_id, keys) if voter.lang is None else _projected(connection, step_id, keys)
        key, through, ordinal, start, end, score, names = read_columns(connection, query, 7)
        sentences, translations_ = present.of(number)
        counts = set(zip(sentences.tolist(), translations_.tolist(), strict=True))
        becomes = {name: self._becomes(voter, name) for name in set(names)}
        rows = [n for n, place in enumerate(zip(key, through, strict=True)) if place in counts and becomes[names[n]]]
        columns = (longs(key), np.full(len(key), number), longs(through), longs(ordinal), longs(start), longs(end))
        numbers = np.stack([*columns, np.array(score, np.float64)])[:, rows]
        return numbers, [becomes[names[row]] or "" for row in rows]

    def _becomes(self, voter: Voter, name: str) -> str | None:
        """Map the label of a tagger; projected labels were mapped before."""
        if voter.lang is not None or self.mapping is None:
            return name
        mapped = self.mapping.apply([Span(0, 1, name)])
        return mapped[0].label if mapped else None


def _once(order: Longs, where: Longs, source: Longs, labels: Sequence[str]) -> Longs:
    """Drop repeated labels of a source: two of its entities can be projected onto one span."""
    seen, rows = set(), []
    for row in order.tolist():
        said = (where[0, row], source[row], where[4, row], where[5, row], labels[row])
        if said not in seen:
            seen.add(said)
            rows.append(row)
    return np.array(rows, np.int64)


def _projected(connection: Connection, step_id: int, keys: Sequence[int]) -> Select[Any]:
    columns = (label.c.sentence_id, label.c.translation_id, func.coalesce(label.c.entity_ordinal, -1))
    query = select(*columns, label.c.start_word, label.c.end_word, label.c.score, label.c.label)
    return query.where(label.c.step_id == step_id, within(connection, label.c.sentence_id, keys))


def _tagged(connection: Connection, step_id: int, keys: Sequence[int]) -> Select[Any]:
    columns = (entity.c.sentence_id, literal(0), entity.c.ordinal, entity.c.start_word, entity.c.end_word)
    query = select(*columns, literal(1.0), entity.c.label)
    return query.where(entity.c.step_id == step_id, within(connection, entity.c.sentence_id, keys))


def _language(links: Any, voter: Voter) -> ColumnElement[str]:
    column: ColumnElement[str] = links.c.original_lang if voter.side == "original" else links.c.rendering_lang
    return column


def _side(links: FromClause, side: Side) -> ColumnElement[int]:
    column: ColumnElement[int] = links.c.original_id if side == "original" else links.c.rendering_id
    return column


def _labelled(voter: Voter, key: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a voter has labelled a sentence."""
    done = outcome.alias(f"done_{voter.role}")
    finished = and_(done.c.step_id == step_of_digest(voter.spec.digest), done.c.status != "failed")
    if voter.lang is None:
        return select(1).where(finished, done.c.item_id == key).exists()
    links = translation.alias(f"through_{voter.role}")
    query = select(1).select_from(links).join(done, finished & (done.c.item_id == links.c.id))
    return query.where(_language(links, voter) == voter.lang, _side(links, other(voter.side)) == key).exists()


def _untranslated(pair: Bitext, key: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a sentence still waits for machine translation."""
    done, origin = outcome.alias(), sentence.alias()
    maker = select(step.c.id).where(step.c.digest == pair.link, step.c.kind == "translate").scalar_subquery()
    translated = select(1).where(done.c.step_id == maker, done.c.item_id == key).exists()
    query = select(1).where(maker.is_not(None), origin.c.id == key, origin.c.corpus_id == pair.corpus_id, ~translated)
    return (query.where(origin.c.split.in_(pair.splits)) if pair.splits else query).exists()


def _not_carried_back(back: StepSpec, pair: Bitext, key: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a sentence still waits for a round trip.

    :param back: the step that translates back the sentences that its input ``sentences`` made.
    """
    there, origin, between = back.inputs["sentences"], sentence.alias(), sentence.alias()
    settled = or_(
        _has_outcome("back", back, between.c.id),
        _has_outcome("tagged_there", back.inputs["entities"], between.c.id, "failed", "filtered"),
    )
    renderings = between.c.step_id == step_of_digest(there.digest), between.c.parent_id == key
    waits = or_(~_has_outcome("there", there, key), select(1).where(*renderings, ~settled).exists())
    query = select(1).where(origin.c.id == key, origin.c.corpus_id == pair.corpus_id, waits)
    return (query.where(origin.c.split.in_(pair.splits)) if pair.splits else query).exists()


def _awaited(voter: Voter, key: ColumnElement[int], pair: Bitext, origins: Collection[str]) -> ColumnElement[bool]:
    """Whether a voter may still label a sentence but has not yet.

    :param origins: digests of the steps whose translations count.
    """
    if voter.lang is None:
        return ~_has_outcome(f"own_{voter.role}", voter.spec, key)
    links = translation.alias(f"link_{voter.role}")
    source = _side(links, voter.side)
    done = [_has_outcome(f"own_{voter.role}", voter.spec, links.c.id)]
    for number, spec in enumerate(_chain(voter.spec)):
        if spec == GOLD:
            done.append(~_has_outcome(f"gold_{voter.role}", spec, source))
        elif spec.kind in ("align", "score", "tag", "gazetteer"):
            name = f"before_{number}_{voter.role}"
            item: ColumnElement[int] = links.c.id
            if spec.kind in ("tag", "gazetteer"):
                item = source if TagParams.from_params(spec.params).lang == voter.lang else key
            done.append(_has_outcome(name, spec, item, "failed", "filtered"))
    query = select(1).select_from(links)
    makers = [step_of_digest(digest) for digest in sorted(origins)]
    query = query.where(links.c.step_id.in_(makers), _language(links, voter) == voter.lang)
    query = query.where(_side(links, other(voter.side)) == key, ~or_(*done))
    if pair.splits:
        original = sentence.alias(f"original_{voter.role}")
        query = query.join(original, original.c.id == links.c.original_id).where(original.c.split.in_(pair.splits))
    return query.exists()


def _has_outcome(name: str, spec: StepSpec, item: ColumnElement[int], *statuses: str) -> ColumnElement[bool]:
    outcomes = outcome.alias(name)
    query = select(1).where(outcomes.c.step_id == step_of_digest(spec.digest), outcomes.c.item_id == item)
    return (query.where(outcomes.c.status.in_(statuses)) if statuses else query).exists()


def _chain(spec: StepSpec) -> Iterator[StepSpec]:
    """All steps that a step depends on, without repetition."""
    specs: dict[str, StepSpec] = {}
    queue = list(spec.inputs.values())
    while queue:
        current = queue.pop()
        if current.digest not in specs:
            specs[current.digest] = current
            queue += current.inputs.values()
    yield from specs.values()
