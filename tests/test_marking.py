"""How tests are marked by what they use, and that a part that is missing is no silent skip in CI."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)

CONFTEST = """
import pytest
from marking import pytest_collection_modifyitems, pytest_make_collect_report, pytest_runtest_makereport

@pytest.fixture(scope="session")
def postgres_server():
    pytest.skip("PostgreSQL cannot be started here")

@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request):
    return request.param

@pytest.fixture
def address(dialect, request):
    return request.getfixturevalue("postgres_server") if dialect == "postgresql" else "x.db"

@pytest.fixture
def small_disk():
    pytest.skip("file systems cannot be mounted here")
"""
TESTS = """
import pytest

def test_of_both(address): ...

def test_of_a_server(postgres_server): ...

def test_of_a_disk(small_disk): ...

@pytest.mark.optional
def test_of_a_part_that_may_lack():
    pytest.importorskip("no_such_part")

@pytest.mark.xfail(strict=True)
def test_of_a_known_fault():
    raise AssertionError
"""


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with such tests."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nmarkers =\n    slow\n    postgres\n    optional\n")
    return pytester


def test_what_uses_a_server_is_marked(inner: pytest.Pytester) -> None:
    run = inner.runpytest("-m", "postgres", "--collect-only", "-q")
    run.stdout.fnmatch_lines_random(["*::test_of_both?postgresql?", "*::test_of_a_server"])
    run.assert_outcomes(deselected=4)


@pytest.mark.parametrize(("value", "failed"), [("", 0), ("0", 0), ("false", 0), ("1", 2), ("true", 2)])
def test_a_skip_is_a_failure_where_ci_is_set(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, value: str, failed: int
) -> None:
    monkeypatch.setenv("CI", value)
    run = inner.runpytest("-p", "no:xdist")
    run.assert_outcomes(passed=1, failed=0, errors=failed, skipped=4 - failed, xfailed=1)
    if failed:
        run.stdout.fnmatch_lines(["*nothing may be skipped*PostgreSQL cannot be started here"])


def test_a_whole_file_that_is_skipped_is_a_failure_where_ci_is_set(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.makepyfile(test_whole='import pytest\npytest.importorskip("no_such_part")\n\ndef test_it(): ...\n')
    monkeypatch.delenv("CI", raising=False)
    inner.runpytest("-p", "no:xdist", "test_whole.py").assert_outcomes(skipped=1)
    monkeypatch.setenv("CI", "1")
    inner.runpytest("-p", "no:xdist", "test_whole.py").assert_outcomes(errors=1)
