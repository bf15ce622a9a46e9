"""``xprojdb evaluate``: precision, recall and F1 against gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.bounds import RESAMPLES, SEED
from xprojdb.cli.output import (
    as_json,
    console,
    gold_option,
    gold_step_of,
    open_current,
    print_json,
    recipe_option,
    table,
)
from xprojdb.cli.published_table import show_published

if TYPE_CHECKING:
    from xprojdb.evaluation.evaluate import LanguageScore
    from xprojdb.evaluation.published_comparison import PublishedComparison


@click.command()
@recipe_option
@click.option(
    "--resamples", type=RESAMPLES, default=1000, show_default=True, help="Bootstrap resamples of the sentences."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the bootstrap.")
@gold_option
@as_json
def command(recipe: str | None, resamples: int, seed: int, gold: str | None, as_json: bool) -> None:
    """Score the labels that a recipe projected against the imported gold labels of the same sentences.

    Entity precision, recall and F1 (equal to seqeval's), each F1 with a 95 % bootstrap interval over sentences. A
    recipe that combines several sources is scored for each of them and for all together. The scores are stored in the
    table "evaluation". Where a corpus is a benchmark ("import benchmark"), published scores stand beside them.
    """
    from xprojdb.evaluation.evaluate import evaluate_projections
    from xprojdb.evaluation.published_comparison import evaluated_benchmarks
    from xprojdb.planning.store import load_plan

    with open_current() as database:
        plan = load_plan(database, recipe)
        step = gold_step_of(database, gold)
        scores = evaluate_projections(database, plan.labellings, resamples=resamples, seed=seed, gold_step=step)
        beside = evaluated_benchmarks(database, scores)
        each_beside = [evaluated_benchmarks(database, [score]) for score in scores] if as_json else []
    if as_json:
        print_json([_as_dict(*both) for both in zip(scores, each_beside, strict=True)])
        return
    show_scores(scores)
    show_published(beside, list(dict.fromkeys(score.projection.source for score in scores)))


def show_scores(scores: list[LanguageScore]) -> None:
    """Print a table: per language and label, then the mean of the languages' F1."""
    shown = table(
        "labels", "label", "precision>", "recall>", "F1>", "95 % interval>", "correct>", "predicted>", "gold>"
    )
    for score in scores:
        for name, (measured, interval) in score.labels.items():
            style = "bold" if name == "all" else None
            figures = (f"{100 * value:.1f}" for value in (measured.precision, measured.recall, measured.f1))
            around = f"{100 * interval.low:.1f} – {100 * interval.high:.1f}"
            counts = map(str, (measured.tp, measured.predicted, measured.gold))
            shown.add_row(score.projection.direction, name, *figures, around, *counts, style=style)
        shown.add_section()
    console().print(shown)
    consensus = [score for score in scores if len(score.projection.sources) > 1]
    single = [score for score in scores if len(score.projection.sources) == 1]
    _show_mean("languages" if not consensus else "single sources", single)
    _show_mean("languages, all sources together", consensus)
    for score in scores:
        if score.left_out:
            where = score.projection.direction
            click.echo(
                f"{where}: {score.left_out} sentences with gold labels are not projected yet: xprojdb run", err=True
            )


def _show_mean(what: str, scores: list[LanguageScore]) -> None:
    if len(scores) > 1:
        average = mean(score.total[0].f1 for score in scores)
        click.echo(f"mean F1 of {len(scores)} {what}: {100 * average:.1f}")


def _as_dict(score: LanguageScore, beside: Sequence[PublishedComparison]) -> dict[str, Any]:
    labels = {name: {**asdict(s), "f1_low": i.low, "f1_high": i.high} for name, (s, i) in score.labels.items()}
    return {
        "source": score.projection.source,
        "target": score.projection.target,
        "step": score.projection.step.spec.digest,
        "sentences": score.sentences,
        "left_out": score.left_out,
        "labels": labels,
        "published": [_published(each, score) for each in beside],
    }


def _published(each: PublishedComparison, score: LanguageScore) -> dict[str, Any]:
    return {**asdict(each.published), "difference": each.differences[score.projection.source]}
