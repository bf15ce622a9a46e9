"""What studies come to, computed in the background: to resample thousands of scores takes longer than a page may."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import NamedTuple

from xprojdb.browse.background import Background
from xprojdb.db import Database
from xprojdb.errors import XprojdbError
from xprojdb.study.report.analysis import Analysis, analyse_series, weaknesses
from xprojdb.study.report.effects import task_correlations
from xprojdb.study.report.measurements import read_study

#: as in a report
RESAMPLES, SEED = 1_000, 0


class Known(NamedTuple):
    """What is known of a study.

    :param state: of what it was computed.
    :param analysis: None where there is none.
    :param problem: why not: nothing is measured, or a package is missing.
    """

    state: Hashable
    analysis: Analysis | None
    problem: str = ""


class Analyses:
    """The analyses of the studies of a database.

    :param patient: whether a page waits until its study is analysed.
    """

    def __init__(self, database: Database, *, patient: bool = False) -> None:
        self._database = database
        self._patient = patient
        self._known: dict[str, Known] = {}
        self.background = Background("studies")

    def of(self, name: str, state: Hashable) -> Known | None:
        """What is known of a study, perhaps of an earlier state of it, while a thread computes it anew.

        :param state: what it has measured: while this is the same, nothing is computed again.
        :returns: None while nothing is known.
        """
        known = self._known.get(name)
        if known is not None and known.state == state:
            return known
        if self._patient:
            self._compute(name, state)
        else:
            self.background.start(partial(self._compute, name, state), urgent=known is None)
        return self._known.get(name)

    def _compute(self, name: str, state: Hashable) -> None:
        try:
            analysis = self._analysed(name)
        except XprojdbError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self._known[name] = Known(state, None, f"{error.message}{hint}")
            return
        if analysis is not None:
            self._known[name] = Known(state, analysis)

    def _analysed(self, name: str) -> Analysis | None:
        """The analysis of a study; None when it was stopped meanwhile."""
        with self._database.read() as connection:
            data = read_study(connection, name)
        series = []
        for entry in data.series:
            if self.background.stopped.is_set():
                return None
            series.append(analyse_series(data, entry, RESAMPLES, SEED))
        return Analysis(data, RESAMPLES, SEED, series, task_correlations(data), weaknesses(data))
