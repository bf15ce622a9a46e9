"""``xprojdb compare``: several recipes on one gold set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.bounds import RESAMPLES, SEED
from xprojdb.cli.output import as_json, console, gold_option, gold_step_of, open_current, print_json, table
from xprojdb.cli.published_table import show_published

if TYPE_CHECKING:
    from xprojdb.evaluation.compare import Comparison, LanguageComparison, MethodScore
    from xprojdb.evaluation.missed_entities import MissedEntities
    from xprojdb.text.spans import Span

#: characters of an entity
_TEXT_SHOWN = 50


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE[:SOURCE]]...")
@click.option("--best", is_flag=True, help="Take the differences from the best method, not from the first one.")
@click.option("--labels", metavar="A,B", default="", help="Count these labels only.")
@click.option(
    "--resamples", type=RESAMPLES, default=1000, show_default=True, help="Bootstrap resamples of the sentences."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the bootstrap.")
@click.option(
    "--published", type=click.Path(path_type=Path), metavar="FILE|FOLDER",
    help="CSV files of published scores.  [default: those that xprojdb knows of benchmarks]",
)  # fmt: skip
@click.option(
    "--dataset",
    help="Which data set of the published scores.  [default: that of the corpus]",
)
@gold_option
@click.option("--missed", nargs=2, metavar="A B", help="List instead the gold entities that A found and B missed.")
@click.option("--sql", is_flag=True, help="With --missed: print the query, and run nothing.")
@as_json
def command(
    recipes: tuple[str, ...],
    best: bool,
    labels: str,
    resamples: int,
    seed: int,
    published: Path | None,
    dataset: str | None,
    gold: str | None,
    missed: tuple[str, str] | None,
    sql: bool,
    as_json: bool,
) -> None:
    """Compare RECIPES (by default all) with one another on the same gold labels.

    Precision, recall and F1 per language and label, each F1 with a 95 % bootstrap interval; the difference from the
    first recipe with its own interval and p-value (paired bootstrap over sentences); and how many entities were missed,
    spurious, misplaced and mislabelled. Only sentences that all of them have done are compared. A recipe that labels a
    language from several others is several methods, RECIPE:SOURCE; if it combines them, RECIPE is their consensus.
    """
    chosen = [name.strip() for name in labels.split(",") if name.strip()]
    if sql and missed is None:
        raise click.UsageError("--sql prints the query of --missed A B")
    if missed is not None and gold is not None:
        raise click.UsageError("--missed lists imported gold entities: leave out --gold")
    if missed is not None:
        _missed(*missed, chosen, sql, as_json)
        return
    from xprojdb.evaluation.compare import compare_recipes
    from xprojdb.evaluation.published import load_benchmark_scores, load_published
    from xprojdb.evaluation.published_comparison import beside_published, compared_benchmarks

    scores = load_published(published) if published else load_benchmark_scores()
    chosen_scores = published is not None or dataset is not None
    with open_current() as database:
        step = gold_step_of(database, gold)
        options: dict[str, Any] = {"resamples": resamples, "seed": seed, "gold_step": step}
        found = compare_recipes(database, recipes, best=best, labels=chosen, **options)
        beside = beside_published(found, scores, dataset) if chosen_scores else compared_benchmarks(database, found)
    if as_json:
        print_json({**asdict(found), "published": [asdict(each) for each in beside]})
        return
    show_comparison(found)
    show_published(beside, list(found.methods))


def show_comparison(found: Comparison) -> None:
    """Print the scores, the types of error, and what was left out."""
    every = [*found.languages, *([found.total] if found.total else [])]
    _show_scores(every, found.baseline)
    if found.total:
        for method in found.methods:
            average = mean(each.f1(method) for each in found.languages)
            click.echo(f"{method}: mean F1 of {len(found.languages)} languages: {100 * average:.1f}")
    _show_errors(every)
    for each in found.languages:
        if each.left_out:
            told = f"{each.left_out} sentences with gold labels are not done by every recipe, and left out"
            click.echo(f"{each.corpus}/{each.lang}: {told}", err=True)
    if found.not_compared:
        click.echo(f"not compared, as not every recipe has labelled them: {', '.join(found.not_compared)}", err=True)


def _show_scores(languages: Iterable[LanguageComparison], baseline: str) -> None:
    names = ("precision>", "recall>", "F1>", "95 % interval>", f"F1 less {baseline}>", "95 % interval>", "p>")
    shown = table("language", "label", "method", *names)
    for each in languages:
        for label, scores in each.labels.items():
            for number, score in enumerate(scores):
                style = "bold" if label == "all" else None
                head = (_place(each), label) if number == 0 else ("", "")
                shown.add_row(*head, score.method, *_figures(score), style=style)
        shown.add_section()
    console().print(shown)


def _place(each: LanguageComparison) -> str:
    told = "all" if each.corpus == "all" else f"{each.corpus}/{each.lang}"
    return f"{told} ({each.sentences:,})"


def _figures(given: MethodScore) -> list[str]:
    score, interval, difference = given.score, given.interval, given.difference
    figures = [_percent(score.precision), _percent(score.recall), _percent(score.f1)]
    figures.append(f"{_percent(interval.low)} – {_percent(interval.high)}")
    if difference is None:
        return [*figures, "–", "", ""]
    around = f"{100 * difference.low:+.1f} – {100 * difference.high:+.1f}"
    return [*figures, f"{100 * difference.value:+.1f}", around, f"{difference.p_value:.3f}"]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _show_errors(languages: Sequence[LanguageComparison]) -> None:
    kinds = list(next(iter(languages[0].errors.values())))
    shown = table("language", "method", *(f"{kind}>" for kind in kinds))
    for each in languages:
        for number, (method, counts) in enumerate(each.errors.items()):
            shown.add_row("" if number else _place(each), method, *(f"{counts[kind]:,}" for kind in kinds))
        shown.add_section()
    console().print("")
    console().print(shown)


def _missed(found_by: str, missed_by: str, labels: Sequence[str], sql: bool, as_json: bool) -> None:
    from xprojdb.evaluation.missed_entities import missed_sql, read_missed

    with open_current() as database:
        if sql:
            click.echo(missed_sql(database, found_by, missed_by, labels=labels))
            return
        found = read_missed(database, found_by, missed_by, labels=labels)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    _show_missed(found, missed_by)
    click.echo(f"{len(found)} entities found by {found_by} and not by {missed_by}; xprojdb explain SENTENCE", err=True)


def _show_missed(found: Sequence[MissedEntities], missed_by: str) -> None:
    shown = table("sentence", "words", "gold entity", f"{missed_by}", "instead")
    for each in found:
        place = f"{each.span.start}–{each.span.end - 1}"
        instead = _entity(each.instead_text, each.instead)
        shown.add_row(each.sentence, place, _entity(each.text, each.span), each.error, instead)
    if found:
        console().print(shown)


def _entity(text: str | None, span: Span | None) -> str:
    if text is None or span is None:
        return "–"
    return f"{span.label} {text}" if len(text) <= _TEXT_SHOWN else f"{span.label} {text[: _TEXT_SHOWN - 1]}…"
