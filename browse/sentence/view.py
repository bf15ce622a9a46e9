"""The content of a sentence's page, based on its explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, select

from xprojdb.browse.sentence.drawing import DrawnSide, Link, drawn_links, drawn_side, is_long, linked_words
from xprojdb.browse.sentence.lineage import Path, path_of
from xprojdb.browse.summaries.recipes import KnownRecipe
from xprojdb.db import Database
from xprojdb.db.tables import review, sentence, step, translation
from xprojdb.errors import UsageError
from xprojdb.provenance.explain import Explanation, explain_sentence
from xprojdb.provenance.explained_consensus import ExplainedVote
from xprojdb.provenance.explained_projection import ExplainedAddition, ExplainedCandidate, ExplainedProjection
from xprojdb.provenance.sentences import Text, find_sentence, read_text
from xprojdb.provenance.voted_labels import projected_spans
from xprojdb.steps.project.revised import PROJECTED
from xprojdb.text.spans import Span

#: how many candidates of a label are listed; the command on the page shows all
CANDIDATES = 8
#: among how many keys before and after a sentence its neighbours are looked for first
NEAR = 2_000


@dataclass(frozen=True, slots=True)
class ShownLabel:
    """A label of the sentence, or a source entity without a label.

    :param number: its number on the page.
    :param span: None for an entity without a label.
    :param source: the languages it comes from.
    :param entity: the words of its source entities.
    :param why: why an entity has no label.
    :param parts: the names of its candidates' scores.
    :param hidden: how many candidates are not listed.
    :param sides: the translations and source words to highlight when it is selected.
    :param ordinal: of its source entity, if it has one.
    :param vote: what taggers did to it: ``kept``, ``added``, ``corrected`` or ``dropped``; empty if they did not vote.
    :param before: the words and the label that the projection gave it, if the taggers changed that.
    """

    number: int
    span: Span | None
    text: str
    score: float | None
    margin: float | None
    source: str
    entity: str
    label: str
    why: str | None = None
    parts: list[str] = field(default_factory=list)
    candidates: list[ExplainedCandidate] = field(default_factory=list)
    hidden: int = 0
    votes: list[ExplainedVote] = field(default_factory=list)
    voters: int = 0
    sides: list[tuple[int, int, int]] = field(default_factory=list)
    ordinal: int | None = None
    vote: str = ""
    before: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ShownTranslation:
    """A translation with the labels that came through it.

    :param voted: whether taggers voted on its labels.
    :param lasting: whether all links are drawn at once; otherwise only those of the selection.
    """

    number: int
    kind: str
    outcome: str
    source: DrawnSide
    target: DrawnSide
    links: list[Link]
    lasting: bool
    labels: list[ShownLabel]
    voted: bool
    path: Path

    def links_as_words(self) -> list[tuple[str, str, float]]:
        """The links with their words."""
        left, right = self.source.words, self.target.words
        return [(left[i].text, right[j].text, score) for i, j, score in self.links]


@dataclass(frozen=True, slots=True)
class ShownSentence:
    """A sentence with everything known about its labels.

    :param labels: the final labels of the recipe.
    :param gold: the sentence with its imported labels; None if it was imported without.
    :param combined: the sentence with its consensus labels; None if the recipe does not combine sources.
    :param others: the names of its translations.
    :param reviews: the reviewers who finished it.
    """

    text: Text
    plain: DrawnSide
    labels: list[ShownLabel]
    lost: list[ShownLabel]
    translations: list[ShownTranslation]
    gold: DrawnSide | None
    combined: DrawnSide | None
    others: list[tuple[str, str]]
    reviews: list[str]
    path: Path | None = None
    sources: list[str] = field(default_factory=list)
    outcome: str | None = None
    reason: str | None = None


def show_sentence(database: Database, recipe: KnownRecipe | None, name: str) -> ShownSentence:
    """Read everything shown on the page of a sentence.

    :param name: as :func:`xprojdb.provenance.sentences.find_sentence` takes it.
    :raises UsageError: when there is no such sentence.
    """
    with database.read() as connection:
        text = read_text(connection, find_sentence(connection, name))
        others, reviews = _others(connection, text.id), _reviewers(connection, text.id)
    explanation = _explained(database, recipe, text)
    if explanation is None:
        return ShownSentence(text, drawn_side(text, text.gold or ()), [], [], [], None, None, others, reviews)
    with database.read() as connection:
        shown = [
            _translation(connection, explanation.target, projection, n)
            for n, projection in enumerate(explanation.projections)
        ]
    return _put_together(explanation, shown, others, reviews)


def _explained(database: Database, recipe: KnownRecipe | None, text: Text) -> Explanation | None:
    """None for a sentence that the recipe does not label: a source sentence, or one in another language."""
    if recipe is None or text.lang not in recipe.langs:
        return None
    try:
        return explain_sentence(database, recipe.plan, str(text.id))
    except UsageError:
        return None


def _put_together(
    explanation: Explanation, shown: list[ShownTranslation], others: list[tuple[str, str]], reviews: list[str]
) -> ShownSentence:
    text, together = explanation.target, explanation.consensus
    single = [label for part in shown for label in part.labels]
    labels = _consensus_labels(explanation) if together else [label for label in single if label.span]
    combined = drawn_side(text, [label.span for label in together.labels]) if together else None
    gold = drawn_side(text, text.gold) if text.gold is not None else None
    lost = [label for label in single if label.span is None]
    if together:
        lost += _outvoted(single, [label.span for label in together.labels])
    plain = drawn_side(text, text.gold or ())
    page = ShownSentence(text, plain, labels, lost, shown, gold, combined, others, reviews)
    if together is None:
        return page
    sources, path = together.sources, path_of(together.made_by)
    return replace(page, path=path, sources=sources, outcome=together.outcome, reason=together.reason)


def _outvoted(labels: Sequence[ShownLabel], together: Sequence[Span]) -> list[ShownLabel]:
    """The labels of single sources on words where all sources together have none."""
    return [
        replace(label, span=None, why="outvoted by the other sources")
        for label in labels
        if label.span is not None and not any(_overlap(label.span, span) for span in together)
    ]


def _overlap(first: Span, second: Span) -> bool:
    return first.start < second.end and second.start < first.end


def _consensus_labels(explanation: Explanation) -> list[ShownLabel]:
    assert explanation.consensus is not None
    numbers = {projection.translation_id: number for number, projection in enumerate(explanation.projections)}
    labels = []
    for n, label in enumerate(explanation.consensus.labels):
        places = [(numbers.get(vote.translation_id), vote.entity) for vote in label.votes]
        sides = [(number, span.start, span.end) for number, span in places if number is not None and span is not None]
        entities = list(dict.fromkeys(vote.text for vote in label.votes if vote.text))
        sources = ", ".join(vote.source for vote in label.votes)
        values = (label.span, label.text, label.score, label.margin, sources, " · ".join(entities), label.span.label)
        voters = len(explanation.consensus.sources) + any(vote.people for vote in label.votes)
        labels.append(ShownLabel(n, *values, votes=label.votes, voters=voters, sides=sides))
    return labels


def _translation(
    connection: Connection, target: Text, projection: ExplainedProjection, number: int
) -> ShownTranslation:
    links = drawn_links(connection, projection, target)
    left, right = linked_words(links)
    labels = [label for n, entity in enumerate(projection.entities) for label in _labels(projection, target, number, n)]
    labels += [_addition(label, number, n) for n, label in enumerate(projection.added, len(projection.entities))]
    projected = _projected_labels(connection, projection, target)
    if projected is not None:
        labels = [_voted(label, projected, target) for label in labels]
    spans = [label.span for label in labels if label.span is not None]
    source = drawn_side(projection.source, [entity.span for entity in projection.entities], left)
    receiving = drawn_side(target, spans, right)
    lasting = not is_long(source, receiving)
    values = (projection.kind, projection.outcome, source, receiving, links, lasting, labels, projected is not None)
    return ShownTranslation(number, *values, path_of(projection.made_by))


def _projected_labels(
    connection: Connection, projection: ExplainedProjection, target: Text
) -> dict[int | None, list[Span]] | None:
    """The labels that taggers voted on, by the ordinal of their entity; None if they did not vote."""
    digests = [made_step.digest for made_step in projection.made_by if made_step.role == PROJECTED]
    before = connection.execute(select(step.c.id).where(step.c.digest.in_(digests))).scalar()
    if before is None:
        return None
    return projected_spans(connection, before, target.id, projection.translation_id)


def _voted(label: ShownLabel, projected: Mapping[int | None, Sequence[Span]], target: Text) -> ShownLabel:
    """A label with what the vote of taggers did to it."""
    before = list(projected.get(label.ordinal, ())) if label.ordinal is not None else []
    if label.span in before:
        return replace(label, vote="kept")
    old = (target.phrase(before[0].start, before[0].end), before[0].label) if before else None
    if label.span is None:
        return replace(label, vote="dropped", why="the taggers voted against it", before=old) if old else label
    return replace(label, vote="corrected" if old else "added", before=old)


def _labels(projection: ExplainedProjection, target: Text, number: int, place: int) -> list[ShownLabel]:
    """The labels of an entity; one without words if it has none."""
    entity = projection.entities[place]
    parts = list(dict.fromkeys(name for candidate in entity.candidates for name in candidate.parts))
    hidden = max(len(entity.candidates) - CANDIDATES, 0)
    spans: list[Span | None] = [span for span in (entity.projected, *entity.also) if span is not None]
    return [
        ShownLabel(
            100 * number + place,
            span,
            target.phrase(span.start, span.end) if span else "",
            entity.score,
            entity.margin,
            projection.source.lang,
            entity.text,
            span.label if span else entity.span.label,
            None if span else _why(projection.outcome, entity.reason),
            parts,
            entity.candidates[:CANDIDATES],
            hidden,
            sides=[(number, entity.span.start, entity.span.end)],
            ordinal=entity.ordinal,
        )
        for span in spans or [None]
    ]


def _addition(label: ExplainedAddition, number: int, place: int) -> ShownLabel:
    """A label that no entity is behind."""
    return ShownLabel(
        100 * number + place, label.span, label.text, label.score, label.margin, "tagger", "", label.span.label
    )


def _why(outcome: str, reason: str | None) -> str:
    if reason is not None:
        return reason
    if outcome in ("ok", "empty"):
        return "no candidate was chosen"
    return "not projected yet" if outcome == "pending" else outcome


def _others(connection: Connection, key: int) -> list[tuple[str, str]]:
    """The languages and names of its translations."""
    keys: set[int] = set()
    for here, there in (("original_id", "rendering_id"), ("rendering_id", "original_id")):
        query = select(translation.c[there]).where(translation.c[here] == key).limit(50)
        keys |= set(connection.execute(query).scalars())
    texts = [read_text(connection, text_key) for text_key in sorted(keys)]
    return [(text.lang, text.name) for text in texts]


def _reviewers(connection: Connection, key: int) -> list[str]:
    query = select(review.c.reviewer).where(review.c.sentence_id == key, review.c.action == "sentence-done")
    return sorted(set(connection.execute(query).scalars()))


def neighbours(database: Database, text: Text) -> tuple[str | None, str | None]:
    """The names of the sentences before and after it in the same language and corpus."""
    with database.read() as connection:
        keys = [_neighbour(connection, text, forward=forward) for forward in (False, True)]
        names = [read_text(connection, key).name if key is not None else None for key in keys]
    return names[0], names[1]


def _neighbour(connection: Connection, text: Text, *, forward: bool) -> int | None:
    """The closest key on one side: most often it is near, and only otherwise found among all of the language."""
    key, own = sentence.c.id, select(sentence.c.corpus_id).where(sentence.c.id == text.id).scalar_subquery()
    beyond = key > text.id if forward else key < text.id
    near = key.between(text.id - NEAR, text.id + NEAR)
    # Not by the index of languages, which does not have them in the order of their keys.
    here = (sentence.c.corpus_id + 0 == own, sentence.c.lang.concat("") == text.lang, beyond, near)
    order = key if forward else key.desc()
    found: int | None = connection.execute(select(key).where(*here).order_by(order).limit(1)).scalar()
    if found is not None:
        return found
    far = func.min(key) if forward else func.max(key)
    return connection.execute(
        select(far).where(sentence.c.corpus_id == own, sentence.c.lang == text.lang, beyond)
    ).scalar()
    return found
