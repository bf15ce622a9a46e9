"""Gold made of reviews: a step that holds what the reviewers of a campaign agreed on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import entity, outcome, step
from xprojdb.digest import digest_of
from xprojdb.errors import UsageError
from xprojdb.review.campaigns import Campaign, Item
from xprojdb.review.decisions import ReviewedSentence
from xprojdb.review.progress import finishers, read_reviews
from xprojdb.steps.spec import StepSpec, load_spec, register_step
from xprojdb.text.spans import Span

KIND = "review"
VERSION = 1


@dataclass(frozen=True, slots=True)
class FrozenReviews:
    """What was frozen.

    :param step_id, digest: the step.
    :param sentences: that became gold.
    :param labels: on these.
    :param disputed: sentences finished by enough reviewers who do not agree; they are left out.
    :param unfinished: sentences that too few have finished; they are left out.
    :param known: the same rows were frozen before.
    """

    step_id: int
    digest: str
    sentences: int
    labels: int
    disputed: int
    unfinished: int
    known: bool


def freeze_reviews(database: Database, campaign: Campaign, prefer: str | None = None) -> FrozenReviews:
    """Make gold of the sentences that enough reviewers have finished: the labels that most of them want.

    :param prefer: the reviewer whose word is final where they do not agree.
    :raises UsageError: when no sentence is left.
    """
    with database.read() as connection:
        items, reviews = read_reviews(connection, campaign)
    counts: Counter[str] = Counter()
    gold = dict(_agreed(campaign, items, reviews, prefer, counts))
    if not gold:
        told = f"{counts['unfinished']:,} are not finished, on {counts['disputed']:,} the reviewers disagree"
        hint = "xprojdb review status; --prefer REVIEWER decides where they disagree"
        raise UsageError(f"no sentence of {campaign.name} can be gold: {told}", hint=hint, campaign=campaign.name)
    with database.write() as connection:
        spec = StepSpec(KIND, VERSION, _params(campaign, gold, prefer), inputs=_inputs(connection, campaign))
        before = connection.execute(select(step.c.id).where(step.c.digest == spec.digest)).scalar()
        step_id = before or _write(connection, spec, gold)
    labels = sum(len(spans) for spans in gold.values())
    return FrozenReviews(
        step_id, spec.digest, len(gold), labels, counts["disputed"], counts["unfinished"], before is not None
    )


def _agreed(
    campaign: Campaign,
    items: Sequence[Item],
    reviews: Mapping[int, Mapping[str, ReviewedSentence]],
    prefer: str | None,
    counts: Counter[str],
) -> list[tuple[int, list[Span]]]:
    # Labels that were brought from elsewhere have no queue: every sentence that was finished counts.
    keys = [item.sentence_id for item in items] or sorted(reviews)
    found = []
    for key in keys:
        of_sentence = reviews.get(key, {})
        names = finishers(of_sentence)
        if len(names) < campaign.redundancy or not names:
            counts["unfinished"] += 1
            continue
        agreed = majority([of_sentence[name].spans for name in names])
        if agreed is None and prefer in names:
            agreed = of_sentence[prefer].spans
        if agreed is None:
            counts["disputed"] += 1
        else:
            found.append((key, agreed))
    return found


def majority(versions: Sequence[Sequence[Span]]) -> list[Span] | None:
    """The labels that more than half want; None where a label is wanted by some, and by no majority for or against."""
    counts = Counter(span for version in versions for span in set(version))
    half = len(versions) / 2
    if any(count == half for count in counts.values()):
        return None
    return sorted(span for span, count in counts.items() if count > half)


def _params(campaign: Campaign, gold: Mapping[int, Sequence[Span]], prefer: str | None) -> dict[str, Any]:
    """What tells these reviews from others; people are told by no name."""
    rows = digest_of([[key, [list(span) for span in spans]] for key, spans in sorted(gold.items())])
    return {
        "campaign": campaign.name,
        "ordering": campaign.ordering,
        "redundancy": campaign.redundancy,
        "preferred": prefer is not None,
        "sentences": len(gold),
        "rows": rows,
    }


def _inputs(connection: Connection, campaign: Campaign) -> dict[str, StepSpec]:
    return {} if campaign.step_id is None else {"labels": load_spec(connection, campaign.step_id)}


def _write(connection: Connection, spec: StepSpec, gold: Mapping[int, Sequence[Span]]) -> int:
    # In this order: a step remembers the last run before it, and outcomes of earlier runs would be damage.
    step_id = register_step(connection, spec)
    run_id = begin_run(connection, "review freeze")
    spans = [(step_id, key, n, *span) for key, own in sorted(gold.items()) for n, span in enumerate(own)]
    columns = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")
    bulk.insert(connection, entity, columns, spans)
    done = [(step_id, key, "ok" if own else "empty", None, run_id) for key, own in sorted(gold.items())]
    bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), done)
    end_run(connection, run_id, "done", {"sentences": len(gold), "labels": len(spans)})
    return step_id


def find_frozen(connection: Connection, name: str) -> int:
    """The key of a frozen step.

    :param name: of a campaign, for what was frozen of it last, or the beginning of a digest.
    :raises UsageError: when there is none.
    """
    query = select(step.c.id, step.c.digest, step.c.params).where(step.c.kind == KIND).order_by(step.c.id.desc())
    rows = connection.execute(query).all()
    found = [row.id for row in rows if json.loads(row.params)["campaign"] == name]
    found = found or [row.id for row in rows if row.digest.startswith(name)]
    if not found:
        raise UsageError(f"nothing was frozen of {name}", hint=f"xprojdb review freeze {name}", campaign=name)
    return int(found[0])
