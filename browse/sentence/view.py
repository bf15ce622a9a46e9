"""What the page of one sentence shows, put together from its explanation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from xprojdb.browse.sentence.drawing import DrawnSide, Link, drawn_side, is_long, linked_words, read_links
from xprojdb.browse.sentence.lineage import PathStep, path_of
from xprojdb.browse.summaries.recipes import KnownRecipe
from xprojdb.db import Database
from xprojdb.db.tables import review, sentence, translation
from xprojdb.errors import UsageError
from xprojdb.provenance.explain import Explanation, explain_sentence
from xprojdb.provenance.explained_consensus import ExplainedVote
from xprojdb.provenance.explained_projection import ExplainedCandidate, ExplainedProjection
from xprojdb.provenance.sentences import Text, find_sentence, read_text
from xprojdb.text.spans import Span

#: candidates of a label that are listed; the command that the page names shows all
CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class ShownLabel:
    """A label of the sentence, or an entity of a source that got none.

    :param number: what it goes by on the page.
    :param span: None for an entity that got no label.
    :param source: where it comes from: languages.
    :param entity: the words of the entity of the source, or several.
    :param why: of one that got no label.
    :param parts: the names of the scores of its candidates.
    :param hidden: candidates that are not listed.
    :param sides: the translation and its words on the source's side, to be shown when it is chosen.
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
    """A translation with the labels that it brought.

    :param lasting: whether all links are drawn at once; else only those of what is chosen.
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

    def told_links(self) -> list[tuple[str, str, float]]:
        """The links as words."""
        left, right = self.source.words, self.target.words
        return [(left[i].text, right[j].text, score) for i, j, score in self.links]


@dataclass(frozen=True, slots=True)
class ShownSentence:
    """A sentence with all that is known of its labels.

    :param labels: those that the recipe ends in.
    :param gold: the sentence with its imported labels; None when it was imported without.
    :param combined: the sentence with the labels of several sources; None when the recipe combines none.
    :param others: the names of the sentences that translate it.
    :param reviews: who finished it.
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
    """Read all that the page of a sentence shows.

    :param name: as :func:`xprojdb.provenance.sentences.find_sentence` takes it.
    :raises UsageError: when there is no such sentence.
    """
    with database.read() as connection:
        text = read_text(connection, find_sentence(connection, name))
        others, reviews = _others(connection, text.id), _reviewers(connection, text.id)
    found = _explained(database, recipe, text)
    if found is None:
        return ShownSentence(text, drawn_side(text, text.gold or ()), [], [], [], None, None, others, reviews)
    with database.read() as connection:
        shown = [_translation(connection, found.target, each, n) for n, each in enumerate(found.projections)]
    return _put_together(found, shown, others, reviews)


def _explained(database: Database, recipe: KnownRecipe | None, text: Text) -> Explanation | None:
    """None for a sentence that the recipe labels not: one of a source, or of a language it has nothing for."""
    if recipe is None or text.lang not in recipe.langs:
        return None
    try:
        return explain_sentence(database, recipe.plan, str(text.id))
    except UsageError:
        return None


def _put_together(
    found: Explanation, shown: list[ShownTranslation], others: list[tuple[str, str]], reviews: list[str]
) -> ShownSentence:
    text, together = found.target, found.consensus
    single = [label for each in shown for label in each.labels]
    labels = _consensus_labels(found) if together else [each for each in single if each.span]
    combined = drawn_side(text, [each.span for each in together.labels]) if together else None
    gold = drawn_side(text, text.gold) if text.gold is not None else None
    lost = [each for each in single if each.span is None]
    plain = drawn_side(text, text.gold or ())
    made = ShownSentence(text, plain, labels, lost, shown, gold, combined, others, reviews)
    if together is None:
        return made
    sources, path = together.sources, path_of(together.made_by)
    return replace(made, path=path, sources=sources, outcome=together.outcome, reason=together.reason)


def _consensus_labels(found: Explanation) -> list[ShownLabel]:
    assert found.consensus is not None
    numbers = {each.translation_id: number for number, each in enumerate(found.projections)}
    labels = []
    for n, each in enumerate(found.consensus.labels):
        places = [(numbers.get(vote.translation_id), vote.entity) for vote in each.votes]
        sides = [(number, span.start, span.end) for number, span in places if number is not None and span is not None]
        entities = list(dict.fromkeys(vote.text for vote in each.votes if vote.text))
        sources = ", ".join(vote.source for vote in each.votes)
        told = (each.span, each.text, each.score, each.margin, sources, " · ".join(entities), each.span.label)
        voters = len(found.consensus.sources)
        labels.append(ShownLabel(n, *told, votes=each.votes, voters=voters, sides=sides))
    return labels


def _translation(connection: Connection, target: Text, each: ExplainedProjection, number: int) -> ShownTranslation:
    links = read_links(connection, each, target)
    left, right = linked_words(links)
    labels = [label for n, entity in enumerate(each.entities) for label in _labels(each, target, number, n)]
    spans = [label.span for label in labels if label.span is not None]
    source = drawn_side(each.source, [entity.span for entity in each.entities], left)
    receiving = drawn_side(target, spans, right)
    lasting = not is_long(source, receiving)
    told = (each.kind, each.outcome, source, receiving, links, lasting, labels)
    return ShownTranslation(number, *told, path_of(each.made_by))


def _labels(each: ExplainedProjection, target: Text, number: int, place: int) -> list[ShownLabel]:
    """The labels of an entity; one without words when it got none."""
    entity = each.entities[place]
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
            each.source.lang,
            entity.text,
            span.label if span else entity.span.label,
            None if span else _why(each.outcome, entity.reason),
            parts,
            entity.candidates[:CANDIDATES],
            hidden,
            sides=[(number, entity.span.start, entity.span.end)],
        )
        for span in spans or [None]
    ]


def _why(outcome: str, reason: str | None) -> str:
    if reason is not None:
        return reason
    if outcome in ("ok", "empty"):
        return "no candidate was chosen"
    return "not projected yet" if outcome == "pending" else outcome


def _others(connection: Connection, key: int) -> list[tuple[str, str]]:
    """The languages and names of the sentences on the other side of its translations."""
    keys: set[int] = set()
    for here, there in (("original_id", "rendering_id"), ("rendering_id", "original_id")):
        query = select(translation.c[there]).where(translation.c[here] == key).limit(50)
        keys |= set(connection.execute(query).scalars())
    texts = [read_text(connection, each) for each in sorted(keys)]
    return [(text.lang, text.name) for text in texts]


def _reviewers(connection: Connection, key: int) -> list[str]:
    query = select(review.c.reviewer).where(review.c.sentence_id == key, review.c.action == "sentence-done")
    return sorted(set(connection.execute(query).scalars()))


def neighbours(database: Database, text: Text) -> tuple[str | None, str | None]:
    """The sentences of the same language and corpus before and after it, by name."""
    with database.read() as connection:
        own = select(sentence.c.corpus_id).where(sentence.c.id == text.id).scalar_subquery()
        near = select(sentence.c.id).where(sentence.c.corpus_id == own, sentence.c.lang == text.lang)
        before = near.where(sentence.c.id < text.id).order_by(sentence.c.id.desc()).limit(1)
        after = near.where(sentence.c.id > text.id).order_by(sentence.c.id).limit(1)
        keys = [connection.execute(query).scalar() for query in (before, after)]
        found = [read_text(connection, key).name if key is not None else None for key in keys]
    return found[0], found[1]
