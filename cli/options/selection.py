"""The options of every ``export`` that select sentences and labels, overriding the recipe's ``[export]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click


class Names(click.ParamType):  # type: ignore[type-arg]
    """``NAME,NAME,…``"""

    name = "NAME,…"

    def convert(self, value: Any, _param: Any, _context: Any) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else tuple(filter(None, value.split(",")))


class Figures(click.ParamType):  # type: ignore[type-arg]
    """``NAME=NUMBER,…``"""

    name = "NAME=NUMBER,…"

    def convert(self, value: Any, param: Any, context: Any) -> dict[str, float]:
        if isinstance(value, dict):
            return value
        numbers = {}
        for part in filter(None, value.split(",")):
            name, equals, figure = part.rpartition("=")
            try:
                numbers[name] = float(figure)
            except ValueError:
                equals = ""
            if not (name and equals):
                self.fail(f"{part!r} is not NAME=NUMBER", param, context)
        return numbers


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--corpora": {"type": Names(), "help": "Only sentences of these corpora."},
    "--splits": {"type": Names(), "help": "Only these splits, as imported."},
    "--labels": {"type": Names(), "help": "Only labels of these types. The words of other labels become O."},
    "--min-score": {"type": float, "help": "Minimum score of a label."},
    "--min-margin": {"type": float, "help": "Minimum margin of a label over its runner-up."},
    "--min-probability": {
        "type": float,
        "help": "Minimum probability that a label is right, by 'xprojdb review calibrate'.",
    },
    "--min-votes": {"type": int, "help": "Minimum number of sources that agree on a label of a consensus."},
    "--min-quality": {
        "type": Figures(),
        "help": "Minimum scores of the translation, such as similarity=0.8; the recipe needs [quality].",
    },
    "--on-low-score": {
        "type": click.Choice(["sentence", "label"]),
        "help": "What to drop when a label misses a threshold: the sentence, or only the label.  [default: sentence]",
    },
    "--gold-splits": {
        "type": Names(),
        "help": "Splits that hold gold labels, not projected ones; all: every split. Other splits hold none of theirs.",
    },
    "--gold": {
        "help": "Whose labels are gold: a set of imported labels, or a campaign with frozen reviews.  [default: the "
        "imported labels]"
    },
    "--prefer-gold/--no-prefer-gold": {
        "help": "In all splits, take gold labels of a sentence that has some. Implied by --gold alone."
    },
    "--outcomes": {"type": Names(), "help": "Only sentences with these outcomes: ok, empty, or empty:REASON."},
    "--min-words": {"type": int, "help": "Minimum number of words of a sentence."},
    "--max-words": {"type": int, "help": "Maximum number of words of a sentence."},
    "--min-entities": {"type": int, "help": "Minimum number of labels of a sentence, after the filters above."},
    "--decontaminate": {
        "multiple": True,
        "metavar": "CORPUS[:SPLIT]|FILE",
        "help": "Drop sentences that occur in this test set, or whose translation does. Can be repeated.",
    },
    "--dedupe/--no-dedupe": {"help": "Keep only one of several sentences of a language with the same words."},
    "--budget": {"type": int, "help": "Maximum size. A larger budget contains the smaller one."},
    "--budget-unit": {
        "type": click.Choice(["sentences", "tokens", "entities"]),
        "help": "What the budget counts.  [default: sentences]",
    },
    "--budget-per": {
        "type": click.Choice(["lang", "corpus", "source", "all"]),
        "help": "What the budget applies to: each of these, or all together.  [default: lang]",
    },
    "--mix": {"type": Figures(), "help": "Sample corpora with these weights."},
    "--mix-by": {"type": click.Choice(["corpus", "lang", "source"]), "help": "What --mix names.  [default: corpus]"},
    "--split-ratios": {
        "type": Figures(),
        "help": "Make new splits, such as train=0.8,test=0.2. Translations of a sentence stay together.",
    },
    "--tiers": {"type": Figures(), "help": "Add a column tier by margin, such as gold=0.5,silver=0.2,bronze=0."},
    "--tier-by": {
        "type": click.Choice(["margin", "score", "probability"]),
        "help": "What tiers are based on.  [default: margin]",
    },
    "--provenance": {
        "type": click.Choice(["none", "labels", "full"]),
        "help": "Columns that say where labels come from.  [default: labels]",
    },
    "--seed": {"type": int, "help": "Random seed of samples and of new splits.  [default: 0]"},
}


def selection_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options; those that are not used are None or empty."""
    for name, settings in reversed(list(_OPTIONS.items())):
        function = click.option(name, **{"default": None, **settings})(function)
    return function


def selection_from(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the selection options from all options, and return those in use as keyword arguments of the API."""
    names = [name.partition("/")[0].removeprefix("--").replace("-", "_") for name in _OPTIONS]
    taken = {name: options.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value not in (None, ())}
