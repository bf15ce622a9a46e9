"""What the cut of a data set may name: frozen reviews, and calibrations."""

from __future__ import annotations

from sqlalchemy import Connection

from xprojdb.review.calibration.model import Calibration, latest_calibration
from xprojdb.review.freezing import find_frozen


class ReviewReferences:
    """Finds them for :mod:`xprojdb.exports`, which knows nothing of reviews."""

    def gold_step(self, connection: Connection, name: str) -> int:
        """The step that holds the frozen reviews of a campaign.

        :raises UsageError: when nothing was frozen of it.
        """
        return find_frozen(connection, name)

    def calibration(self, connection: Connection, step_id: int, lang: str) -> Calibration | None:
        """What was last learned of the labels of a step in a language."""
        return latest_calibration(connection, step_id, lang)
