"""Collects from the database what the card says about a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.config.canonical import current_params
from xprojdb.db.tables import corpus, evaluation, outcome
from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.facts import CardContext, CardScore, CardSource, CardStep, GoldFacts, Reliability
from xprojdb.exports.card.model_licenses import CardModel, card_model
from xprojdb.exports.card.prose import choice_sentences, limit_sentences, reproduce
from xprojdb.exports.card.quality import qualities
from xprojdb.exports.gold.labels import GoldLabels
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.selection.parts import Selection
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.combine.voters import TRANSFER
from xprojdb.steps.registry import FITS
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.text.languages import language


def card_context(connection: Connection, plan: Plan, selection: Selection, title: str) -> CardContext:
    """Everything the card says about the data set."""
    chosen = selection.chosen
    names = {labelling.target: language(labelling.target).name for labelling in chosen}
    langs = sorted({name.partition("@")[0] for labelling in chosen for name in labelling.sources if name != TRANSFER})
    sources = sorted(language(lang).name for lang in langs)
    together = " and combined" if any(len(labelling.sources) > 1 for labelling in chosen) else ""
    summary = (
        f"Named entities in {', '.join(names.values())}, projected from {', '.join(sources)} over word alignments"
        f"{together}. {_checked(selection)}"
    )
    scores = _scores(connection, chosen)
    return CardContext(
        title=title,
        summary=summary,
        languages=names,
        sources=_sources(connection, chosen),
        steps=_steps(connection, chosen),
        scores=scores,
        command=reproduce(plan, selection, title),
        recipe=plan.recipe.text,
        language_creators=_creators(chosen),
        models=_models(chosen),
        choice=choice_sentences(selection),
        limits=limit_sentences(connection, selection, scores),
        gold=_gold(selection),
        quality=qualities(connection, chosen),
        reliability=[
            Reliability(lang, known.labels, known.after, known.bins)
            for (_, lang), known in selection.calibrations.items()
        ],
    )


def _checked(selection: Selection) -> str:
    if not selection.gold and selection.preferred is None:
        return "The labels were made by a program and have not been checked by people."
    return "Labels were made by a program and have not been checked by people, except those marked as gold."


def _gold(selection: Selection) -> GoldFacts | None:
    step = selection.gold[0].step if selection.gold else selection.preferred
    if step is None:
        return None
    parts = [(part.target, part.split) for part in selection.parts if isinstance(part.takes[0][0], GoldLabels)]
    return GoldFacts(parts, selection.preferred is not None, step.annotation == "reviewed")


def _creators(chosen: Sequence[Labelling]) -> list[str]:
    """Where the sentences come from, in the Hub's terms."""
    return sorted({"machine-generated" if labelling.is_made else "found" for labelling in chosen})


def _sources(connection: Connection, chosen: Sequence[Labelling]) -> list[CardSource]:
    keys = {labelling.corpus_id for labelling in chosen}
    rows = connection.execute(select(corpus).where(corpus.c.id.in_(keys)).order_by(corpus.c.name))
    return [CardSource(row.name, row.version, row.license, row.citation, row.url) for row in rows]


def _steps(connection: Connection, chosen: Sequence[Labelling]) -> list[CardStep]:
    specs = {spec.digest: spec for labelling in chosen for spec in chain_of(labelling)}
    corpora = {labelling.corpus_id for labelling in chosen}
    return [
        CardStep(
            spec.kind,
            spec.digest,
            spec.model,
            spec.revision,
            {**current_params(spec.kind, spec.params), **_learned(connection, spec, corpora)},
        )
        for spec in specs.values()
    ]


def _learned(connection: Connection, spec: StepSpec, corpora: set[int]) -> dict[str, Any]:
    """What a step that learns from corpora says of what it learned, if it says anything."""
    step_id = find_step(connection, spec)
    query = select(outcome.c.reason).where(outcome.c.step_id == step_id, outcome.c.item_id.in_(corpora))
    learns = spec.kind in FITS and step_id is not None
    reasons = connection.execute(query.where(outcome.c.reason.is_not(None))).scalars().all() if learns else ()
    return {"learned": " ".join(sorted(text.partition(":")[2] for text in reasons))} if reasons else {}


def _models(chosen: Sequence[Labelling]) -> list[CardModel]:
    steps = [spec for labelling in chosen for spec in chain_of(labelling) if spec.model]
    # Of an imported output only a name is known, which may be no model's.
    steps = [spec for spec in steps if not (spec.model or "").startswith("imported:")]
    return list(dict.fromkeys(card_model(spec.model or "", spec.revision) for spec in steps))


def _scores(connection: Connection, chosen: Sequence[Labelling]) -> list[CardScore]:
    """The stored evaluations of the exported labels; none if ``xprojdb evaluate`` has not been run."""
    scores = []
    for labelling in chosen:
        query = select(evaluation, corpus.c.name).join(corpus, corpus.c.id == evaluation.c.corpus_id)
        stored = query.where(
            evaluation.c.step_id == labelling.step.step_id,
            evaluation.c.corpus_id == labelling.corpus_id,
            evaluation.c.source_langs == labelling.source,
            evaluation.c.lang == labelling.target,
            evaluation.c.split == ",".join(labelling.splits),
            evaluation.c.label == "all",
        )
        for row in connection.execute(stored):
            score = SpanScore.of(row.correct, row.predicted, row.gold)
            interval = Interval(row.f1, row.f1_low, row.f1_high, 0.95)
            scores.append(CardScore(labelling.target, row.name, score, interval))
    return scores
