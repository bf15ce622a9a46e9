"""The options of every ``export`` that say how the data set is cut; they replace keys of the recipe's ``[export]``."""

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
        found = {}
        for part in filter(None, value.split(",")):
            name, equals, figure = part.rpartition("=")
            try:
                found[name] = float(figure)
            except ValueError:
                equals = ""
            if not (name and equals):
                self.fail(f"{part!r} is not NAME=NUMBER", param, context)
        return found


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--corpora": {"type": Names(), "help": "Only sentences of these corpora."},
    "--splits": {"type": Names(), "help": "Only these splits, as imported."},
    "--labels": {"type": Names(), "help": "Only labels of these types; the words of others become O."},
    "--min-score": {"type": float, "help": "The least score of a label."},
    "--min-margin": {"type": float, "help": "The least margin of a label over its runner-up."},
    "--min-votes": {"type": int, "help": "How many sources must agree on a label of a consensus."},
    "--on-low-score": {
        "type": click.Choice(["sentence", "label"]),
        "help": "What to drop when a label misses one of these: its sentence, or only the label.  [default: sentence]",
    },
    "--outcomes": {"type": Names(), "help": "Only sentences with these: ok, empty, or empty:REASON."},
    "--min-words": {"type": int, "help": "Words of a sentence at least."},
    "--max-words": {"type": int, "help": "Words of a sentence at most."},
    "--min-entities": {"type": int, "help": "Labels of a sentence at least, after the filters above."},
    "--decontaminate": {
        "multiple": True,
        "metavar": "CORPUS[:SPLIT]|FILE",
        "help": "A test set: no sentence with a text of it, nor a translation of one. May be repeated.",
    },
    "--dedupe/--no-dedupe": {"help": "Keep one of several sentences of a language with the same words."},
    "--budget": {"type": int, "help": "Take so much at most; a larger budget holds the smaller one."},
    "--budget-unit": {
        "type": click.Choice(["sentences", "tokens", "entities"]),
        "help": "Its unit.  [default: sentences]",
    },
    "--budget-per": {
        "type": click.Choice(["lang", "corpus", "source", "all"]),
        "help": "What has the budget: each of these, or all together.  [default: lang]",
    },
    "--mix": {"type": Figures(), "help": "Weights of corpora, in the shares of which they are taken."},
    "--mix-by": {"type": click.Choice(["corpus", "lang", "source"]), "help": "What --mix names.  [default: corpus]"},
    "--split-ratios": {"type": Figures(), "help": "New splits: train=0.8,test=0.2; translations stay together."},
    "--tiers": {"type": Figures(), "help": "A column tier by margin, such as gold=0.5,silver=0.2,bronze=0."},
    "--tier-by": {"type": click.Choice(["margin", "score"]), "help": "What tiers are of.  [default: margin]"},
    "--provenance": {
        "type": click.Choice(["none", "labels", "full"]),
        "help": "Columns that say where labels come from.  [default: labels]",
    },
    "--seed": {"type": int, "help": "Another seed is another sample and another assignment to splits.  [default: 0]"},
}  # fmt: skip


def cut_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options; those that are not given are None, or empty."""
    for name, settings in reversed(list(_OPTIONS.items())):
        function = click.option(name, **{"default": None, **settings})(function)
    return function


def given_cut(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of a cut out of all options: keys of ``[export]`` and their values."""
    names = [name.partition("/")[0].removeprefix("--").replace("-", "_") for name in _OPTIONS]
    taken = {name: options.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value not in (None, ())}
