"""What a cut names and rooms above this one know: frozen reviews, and calibrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from sqlalchemy import Connection

from xprojdb.arrays import Floats


class Calibrated(Protocol):
    """What tells how probable labels are right."""

    @property
    def measure(self) -> Literal["margin", "score"]:
        """What of a label it is told by."""
        ...

    @property
    def labels(self) -> int:
        """How many labels it was learned from."""
        ...

    @property
    def after(self) -> float:
        """The expected calibration error of its probabilities."""
        ...

    @property
    def bins(self) -> Sequence[tuple[float, float, int]]:
        """Mean probability, share that is right, and how many labels, in tenths of the probability."""
        ...

    @property
    def points(self) -> Mapping[str, tuple[Sequence[float], Sequence[float]]]:
        """Values and the probabilities at them, linear in between, by type of label; of all labels under an empty name.

        A type with too few labels is not there.
        """
        ...

    def probabilities(self, names: Sequence[str], values: Floats) -> Floats:
        """The probability of each label.

        :param names: (N,) types of the labels.
        :param values: (N,) their margins or scores.
        """
        ...


class References(Protocol):
    """Finds what a cut names."""

    def gold_step(self, connection: Connection, name: str) -> int:
        """The step that holds gold labels of a name.

        :raises UsageError: when there is none.
        """
        ...

    def calibration(self, connection: Connection, step_id: int, lang: str) -> Calibrated | None:
        """What was last learned of the labels of a step in a language; None: nothing was."""
        ...
