"""What the card says of a data set, out of the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from xprojdb.config.canonical import current_params
from xprojdb.db.tables import corpus, evaluation
from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.span_metrics import SpanScore
from xprojdb.exports.card.model_licenses import ModelFacts, model_facts
from xprojdb.exports.card.prose import reproduce, tell_choice, tell_limits
from xprojdb.exports.card.render import CardFacts, GoldFacts, ScoreFacts, SourceFacts, StepFacts
from xprojdb.exports.gold.labels import GoldLabels
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.exports.selection.parts import Selection
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.combine.voters import TRANSFER
from xprojdb.text.languages import language


def card_facts(connection: Connection, plan: Plan, selection: Selection, title: str) -> CardFacts:
    """What the card says of the data set, out of the database."""
    chosen = selection.chosen
    names = {each.target: language(each.target).name for each in chosen}
    langs = sorted({name.partition("@")[0] for each in chosen for name in each.sources if name != TRANSFER})
    sources = sorted(language(lang).name for lang in langs)
    together = " and combined" if any(len(each.sources) > 1 for each in chosen) else ""
    summary = (
        f"Named entities in {', '.join(names.values())}, projected from {', '.join(sources)} over word alignments"
        f"{together}. {_checked(selection)}"
    )
    scores = _scores(connection, chosen)
    return CardFacts(
        title=title,
        summary=summary,
        languages=names,
        sources=_sources(connection, chosen),
        steps=_steps(chosen),
        scores=scores,
        command=reproduce(plan, selection, title),
        recipe=plan.recipe.text,
        language_creators=_creators(chosen),
        models=_models(chosen),
        choice=tell_choice(selection),
        limits=tell_limits(connection, selection, scores),
        gold=_gold(selection),
    )


def _checked(selection: Selection) -> str:
    if not selection.gold and selection.preferred is None:
        return "The labels were made by a program and are not checked by people."
    return "Labels were made by a program and are not checked by people, except for those that are marked as gold."


def _gold(selection: Selection) -> GoldFacts | None:
    step = selection.gold[0].step if selection.gold else selection.preferred
    if step is None:
        return None
    parts = [(part.target, part.split) for part in selection.parts if isinstance(part.takes[0][0], GoldLabels)]
    return GoldFacts(parts, selection.preferred is not None, step.annotation == "reviewed")


def _creators(chosen: Sequence[Labelling]) -> list[str]:
    """Where the sentences come from, as the Hub calls it."""
    return sorted({"machine-generated" if each.is_made else "found" for each in chosen})


def _sources(connection: Connection, chosen: Sequence[Labelling]) -> list[SourceFacts]:
    keys = {each.corpus_id for each in chosen}
    rows = connection.execute(select(corpus).where(corpus.c.id.in_(keys)).order_by(corpus.c.name))
    return [SourceFacts(row.name, row.version, row.licence, row.citation, row.url) for row in rows]


def _steps(chosen: Sequence[Labelling]) -> list[StepFacts]:
    found = {spec.digest: spec for each in chosen for spec in chain_of(each)}
    return [StepFacts(s.kind, s.digest, s.model, s.revision, current_params(s.kind, s.params)) for s in found.values()]


def _models(chosen: Sequence[Labelling]) -> list[ModelFacts]:
    steps = [spec for each in chosen for spec in chain_of(each) if spec.model]
    return list(dict.fromkeys(model_facts(spec.model or "", spec.revision) for spec in steps))


def _scores(connection: Connection, chosen: Sequence[Labelling]) -> list[ScoreFacts]:
    """The stored evaluations of what is exported; none when ``xprojdb evaluate`` has not run."""
    facts = []
    for each in chosen:
        query = select(evaluation, corpus.c.name).join(corpus, corpus.c.id == evaluation.c.corpus_id)
        wanted = query.where(
            evaluation.c.step_id == each.step.step_id,
            evaluation.c.corpus_id == each.corpus_id,
            evaluation.c.source_langs == each.source,
            evaluation.c.lang == each.target,
            evaluation.c.split == ",".join(each.splits),
            evaluation.c.label == "all",
        )
        for row in connection.execute(wanted):
            score = SpanScore.of(row.correct, row.predicted, row.gold)
            interval = Interval(row.f1, row.f1_low, row.f1_high, 0.95)
            facts.append(ScoreFacts(each.target, row.name, score, interval))
    return facts
