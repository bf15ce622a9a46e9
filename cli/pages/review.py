"""``xprojdb review``: campaigns, the pages on which people judge labels, and gold labels from their decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from xprojdb.cli.completion.names import complete_campaigns
from xprojdb.cli.options.groups import Group
from xprojdb.cli.pages.browse import serve
from xprojdb.cli.printing.output import as_json, listed, open_current, recipe_option, show
from xprojdb.cli.questions.query_results import print_rows


@click.group(cls=Group)
def command() -> None:
    """Let people judge projected labels: draw a campaign, start its pages, freeze decisions as gold labels."""


@command.command()
@click.argument("name")
@recipe_option
@click.option("--lang", metavar="CODE", help="The target language. Required if the recipe has several.")
@click.option("--source", metavar="CODE", help="The source language, if several are not combined.")
@click.option("--split", "splits", multiple=True, metavar="SPLIT", help="Only this split. Can be repeated.")
@click.option("--size", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Sentences.")
@click.option("--by", default="margin=0.7,random=0.3", show_default=True, metavar="ORDER",
              help="random, margin, score, disagreement, rare or probability, or a mixture of several.")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed of the queue."
)
@click.option("--label", "labels", multiple=True, help="An additional label for reviewers. Can be repeated.")
@click.option(
    "--guideline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A text file with guidelines that reviewers see.",
)
@click.option("--redundancy", default=1, show_default=True, type=click.IntRange(1, 20), help="Reviewers per sentence.")
@as_json
def new(
    name: str, recipe: str | None, lang: str | None, source: str | None, splits: tuple[str, ...], size: int, by: str,
    seed: int, labels: tuple[str, ...], guideline: Path | None, redundancy: int, as_json: bool,
) -> None:  # fmt: skip
    """Draw a campaign: a fixed queue of labelled sentences.

    A queue ordered by margin finds errors fastest but is not a fair sample; a random share makes it possible to
    estimate scores for all sentences.
    """
    with open_current() as database:
        campaign = database.review.create(
            name, recipe=recipe, lang=lang, source=source, splits=splits, size=size, by=by, seed=seed, labels=labels,
            guideline=guideline, redundancy=redundancy,
        )  # fmt: skip
        show(campaign, as_json)


@command.command()
@click.argument("name", required=False, shell_complete=complete_campaigns)
@click.option("--reviewer", "reviewers", multiple=True, required=True, metavar="NAME",
              help="A reviewer. Can be repeated: each gets an address that works once, in one browser.")  # fmt: skip
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--open", "opened", is_flag=True, help="Open the first address in a browser.")
def start(name: str | None, reviewers: tuple[str, ...], port: int, opened: bool) -> None:
    """Start the review pages on this machine, with a button and a key for every decision.

    Every decision is stored before the page moves on, so nothing is lost when the server is stopped.
    """
    with open_current() as database:
        serve(database.review.start(name, reviewers, port=port), opened)


@command.command()
@click.argument("name", required=False, shell_complete=complete_campaigns)
@as_json
def status(name: str | None, as_json: bool) -> None:
    """Show the progress of campaigns and of each reviewer."""
    with open_current() as database:
        show(database.review.status(name), as_json)


@command.command()
@click.argument("name", shell_complete=complete_campaigns)
@as_json
def agreement(name: str, as_json: bool) -> None:
    """Show how well reviewers agree on the sentences that both finished: F1 of labels, of spans, and by label."""
    with open_current() as database:
        show(database.review.agreement(name), as_json)


@command.command()
@click.argument("name", shell_complete=complete_campaigns)
@click.option("--prefer", metavar="REVIEWER", help="The reviewer whose decision counts if reviewers disagree.")
@as_json
def freeze(name: str, prefer: str | None, as_json: bool) -> None:
    """Freeze the sentences that enough reviewers have finished as gold labels, in a step of their own."""
    with open_current() as database:
        show(database.review.freeze(name, prefer=prefer), as_json)


@command.command()
@click.argument("name", shell_complete=complete_campaigns)
@click.option(
    "--resamples",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="Bootstrap resamples of the sentences.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed of the bootstrap."
)
@as_json
def evaluate(name: str, resamples: int, seed: int, as_json: bool) -> None:
    """Score the labels that a campaign shows against its frozen reviews, as an estimate for all sentences.

    Each sentence is weighted by the inverse of its probability of being drawn. A campaign without a random share is
    refused: sentences that its order left out could not have been drawn.
    """
    with open_current() as database:
        show(database.review.evaluate(name, resamples=resamples, seed=seed), as_json)


@command.command()
@click.argument("name", required=False, shell_complete=complete_campaigns)
@recipe_option
@click.option("--lang", metavar="CODE", help="Without a campaign: the target language.")
@click.option(
    "--learn-from",
    metavar="CODE,CODE,…",
    help="Without a campaign: learn from the gold labels of these targets of the recipe.  [default: --lang]",
)
@click.option(
    "--splits", metavar="NAME,NAME,…", help="Without a campaign: the splits with gold labels.  [default: all]"
)
@click.option(
    "--by",
    "measure",
    type=click.Choice(["margin", "score"]),
    default="margin",
    show_default=True,
    help="Which value to calibrate.",
)
@click.option(
    "--method",
    type=click.Choice(["isotonic", "logistic"]),
    default="isotonic",
    show_default=True,
    help="isotonic regression, or a logistic curve (Platt).",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed of the folds."
)
@as_json
def calibrate(
    name: str | None,
    recipe: str | None,
    lang: str | None,
    learn_from: str | None,
    splits: str | None,
    measure: Literal["margin", "score"],
    method: Literal["isotonic", "logistic"],
    seed: int,
    as_json: bool,
) -> None:
    """Learn how likely labels are correct, from the frozen reviews of a campaign or from imported gold labels.

    Shows from which margin (or score) labels reach a given probability of being correct, for "export --min-margin".
    """
    with open_current() as database:
        calibration = database.review.calibrate(
            name,
            recipe=recipe,
            lang=lang,
            learn_from=listed(learn_from),
            splits=listed(splits),
            measure=measure,
            method=method,
            seed=seed,
        )
        show(calibration, as_json)


@command.command()
@click.argument("name", shell_complete=complete_campaigns)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.  [default: stdout]"
)
def export(name: str, output: Path | None) -> None:
    """Write the reviewed sentences as JSON lines: the majority's labels, and those of each reviewer, by number."""
    with open_current() as database:
        rows = database.review.export(name)
        count = len(rows)
        print_rows(rows, "jsonl", output, escape_formulas=False)
    click.echo(f"{count:,} sentences", err=True)
