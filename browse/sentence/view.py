"""The content of a sentence's page, based on its explanation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from xprojdb.browse.sentence.drawing import DrawnSide, Link, drawn_links, drawn_side, is_long, linked_words
from xprojdb.browse.sentence.lineage import PathStep, path_of
from xprojdb.browse.summaries.recipes import KnownRecipe
from xprojdb.db import Database
from xprojdb.db.tables import review, sentence, translation
from xprojdb.errors import UsageError
from xprojdb.provenance.explain import Explanation, explain_sentence
from xprojdb.provenance.explained_consensus import ExplainedVote
from xprojdb.provenance.explained_projection import ExplainedAddition, ExplainedCandidate, ExplainedProjection
from xprojdb.provenance.sentences import Text, find_sentence, read_text
from xprojdb.text.spans import Span

#: how many candidates of a label are listed; the command on the page shows all
CANDIDATES = 8


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


@dataclass(frozen=True, slots=True)
class ShownTranslation:
    """A translation with the labels that came through it.

    :param quality: the scores of the translation as text, if the recipe asks for them.
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
    path: list[PathStep]
    quality: str | None = None

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
    path: list[PathStep] = field(default_factory=list)
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
    plain = drawn_side(text, text.gold or ())
    page = ShownSentence(text, plain, labels, lost, shown, gold, combined, others, reviews)
    if together is None:
        return page
    sources, path = together.sources, path_of(together.made_by)
    return replace(page, path=path, sources=sources, outcome=together.outcome, reason=together.reason)


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
    spans = [label.span for label in labels if label.span is not None]
    source = drawn_side(projection.source, [entity.span for entity in projection.entities], left)
    receiving = drawn_side(target, spans, right)
    lasting = not is_long(source, receiving)
    values = (projection.kind, projection.outcome, source, receiving, links, lasting, labels)
    quality = None if projection.quality is None else str(projection.quality)
    return ShownTranslation(number, *values, path_of(projection.made_by), quality)


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
        own = select(sentence.c.corpus_id).where(sentence.c.id == text.id).scalar_subquery()
        near = select(sentence.c.id).where(sentence.c.corpus_id == own, sentence.c.lang == text.lang)
        before = near.where(sentence.c.id < text.id).order_by(sentence.c.id.desc()).limit(1)
        after = near.where(sentence.c.id > text.id).order_by(sentence.c.id).limit(1)
        keys = [connection.execute(query).scalar() for query in (before, after)]
        names = [read_text(connection, key).name if key is not None else None for key in keys]
    return names[0], names[1]
