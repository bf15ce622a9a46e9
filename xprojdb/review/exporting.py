"""Reviews as JSON lines, one sentence per line, with the labels of each reviewer, identified by number, not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xprojdb.db import Database
from xprojdb.review.campaigns import Campaign
from xprojdb.review.decisions import BULK, ReviewedSentence
from xprojdb.review.freezing import majority
from xprojdb.review.progress import finishers, read_reviews
from xprojdb.review.sentences import ReviewSentence, read_sentences
from xprojdb.text.spans import Span

_BLOCK = 1_000


def exported_reviews(database: Database, campaign: Campaign) -> Iterator[dict[str, Any]]:
    """The sentences that somebody has finished, in queue order.

    ``entities`` are the majority's labels; null if there is no majority. ``bulk`` means that some label was accepted
    among many, without being looked at.
    """
    with database.read() as connection:
        items, reviews = read_reviews(connection, campaign)
        chances = {item.sentence_id: item.probability for item in items}
        names = sorted({name for review in reviews.values() for name in review})
        numbers = {name: f"reviewer-{n}" for n, name in enumerate(names, 1)}
        keys = [key for key in (chances or sorted(reviews)) if finishers(reviews.get(key, {}))]
        for start in range(0, len(keys), _BLOCK):
            block = keys[start : start + _BLOCK]
            texts = read_sentences(connection, block)
            for key in block:
                yield _row(texts[key], reviews[key], numbers, chances.get(key))


def _row(
    text: ReviewSentence, reviews: Mapping[str, ReviewedSentence], numbers: Mapping[str, str], chance: float | None
) -> dict[str, Any]:
    done = {name: reviews[name] for name in finishers(reviews)}
    agreed = majority([reviewed.spans for reviewed in done.values()])
    bulk = any(row.action == BULK for reviewed in done.values() for row in reviewed.decided.values())
    return {
        "id": text.name,
        "lang": text.lang,
        "split": text.split,
        "words": text.words,
        "entities": None if agreed is None else _entities(text, agreed),
        "bulk": bulk,
        "probability": chance,
        "reviews": [
            {"reviewer": numbers[name], "entities": _entities(text, reviewed.spans)} for name, reviewed in done.items()
        ],
    }


def _entities(text: ReviewSentence, spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"start": span.start, "end": span.end, "label": span.label, "text": text.phrase(span)} for span in spans]
