"""The ranges of option values; a larger value is a typing error."""

from __future__ import annotations

import math
from typing import Any

import click

RESAMPLES = click.IntRange(1, 1_000_000)
#: of a study, whose test items are all held for each resample
STUDY_RESAMPLES = click.IntRange(1, 100_000)
FOLDS = click.IntRange(0, 1_000)
SEED = click.IntRange(0, 2**63 - 1)
#: rows to show, or items of a step
ROWS = click.IntRange(0, 10**12)
SOME_ROWS = click.IntRange(1, 10**12)
WORKERS = click.IntRange(1, 4_096)


class Share(click.FloatRange):
    """Numbers of cores or GPUs."""

    def __init__(self) -> None:
        super().__init__(0, 4_096)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse the number; what is not a number is in no range."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Seconds(Share):
    """A time: more than zero, and less than four months."""

    def __init__(self) -> None:
        click.FloatRange.__init__(self, 0, 10_000_000, min_open=True)


class Days(Share):
    """A number of days, up to a century."""

    def __init__(self) -> None:
        click.FloatRange.__init__(self, 0, 36_525)
