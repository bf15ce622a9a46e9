"""What studies come to, computed in the background: to resample thousands of scores takes longer than a page may."""

from __future__ import annotations

import time
from collections.abc import Hashable
from threading import Event, Lock, Thread
from typing import NamedTuple

from xprojdb.db import Database
from xprojdb.errors import XprojdbError
from xprojdb.study.report.analysis import Analysis, analyse_series, weaknesses
from xprojdb.study.report.effects import task_correlations
from xprojdb.study.report.measurements import read_study

#: as in a report
RESAMPLES, SEED = 1_000, 0
#: a study is analysed again after this many times the seconds that it took: while it is trained, it changes often
_PAUSE = 10


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
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopped = Event()
        self._not_before = 0.0

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
            self._start(name, state, known)
        return self._known.get(name)

    def _start(self, name: str, state: Hashable, known: Known | None) -> None:
        with self._lock:
            alive = self._thread is not None and self._thread.is_alive()
            if alive or self._stopped.is_set() or (known is not None and time.monotonic() < self._not_before):
                return
            self._thread = Thread(target=self._compute, args=(name, state), name="studies", daemon=True)
            self._thread.start()

    def _compute(self, name: str, state: Hashable) -> None:
        began = time.monotonic()
        try:
            analysis = self._analysed(name)
        except XprojdbError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self._known[name] = Known(state, None, f"{error.message}{hint}")
            return
        if analysis is not None:
            self._known[name] = Known(state, analysis)
        self._not_before = time.monotonic() + _PAUSE * (time.monotonic() - began)

    def _analysed(self, name: str) -> Analysis | None:
        """The analysis of a study; None when it was stopped meanwhile."""
        with self._database.read() as connection:
            data = read_study(connection, name)
        series = []
        for entry in data.series:
            if self._stopped.is_set():
                return None
            series.append(analyse_series(data, entry, RESAMPLES, SEED))
        return Analysis(data, RESAMPLES, SEED, series, task_correlations(data), weaknesses(data))

    def join(self) -> None:
        """Wait until nothing is being computed."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Stop computing, after the series that is being resampled."""
        self._stopped.set()
        self.join()
