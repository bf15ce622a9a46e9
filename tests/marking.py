"""What pytest does with tests besides running them: marks postgres, optional and slow ones; no skips in CI."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

#: fixtures that start a PostgreSQL server or use one
_SERVERS = frozenset({"postgres_server", "postgres_template", "own_server"})
#: fixtures that mount file systems, which not every machine allows
_MOUNTS = frozenset({"small_disk", "read_only"})
#: the environment of processes that tests start: each of them imports the whole program again
_PROCESSES = frozenset({"child_env"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use."""
    for item in items:
        fixtures = frozenset(getattr(item, "fixturenames", ()))
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if fixtures & _SERVERS or parameters.get("dialect") == "postgresql":
            item.add_marker(pytest.mark.postgres)
        if fixtures & _MOUNTS:
            item.add_marker(pytest.mark.optional)
        if fixtures & _PROCESSES:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("optional") is None and not hasattr(report, "wasxfail"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where CI is set, a part that is missing is a failure, not a skip."""
    if report.skipped and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI is set, so that nothing may be skipped: {reason}"
