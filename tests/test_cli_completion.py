"""A shell completes commands, recipes, questions, corpora, sets, steps and ids; a command installs the script."""

import subprocess
from pathlib import Path

import pytest
from test_errata import SWAHILI, rows

import xprojdb as xp


@pytest.fixture
def path(sqlite_database, tmp_path):
    db = xp.Database(sqlite_database)
    (tmp_path / "sw.jsonl").write_text(rows(SWAHILI))
    db.import_jsonl(tmp_path / "sw.jsonl", corpus="news", lang="sw")
    (tmp_path / "gold.jsonl").write_text(rows(SWAHILI, {name: "O " * len(t.split()) for name, t in SWAHILI.items()}))
    db.import_labels(tmp_path / "gold.jsonl", name="gold-sw", lang="sw")
    return sqlite_database.engine.url.database


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("run pan", ["pan-x", "pan-x-round-trip"]),
        ("recipes show easy", ["easyproject"]),
        ("ask dis", ["disagreements"]),
        ("explain ne", ["news/sw/s1", "news/sw/s2", "news/sw/s3"]),
        ("explain news/sw/s2", ["news/sw/s2"]),
        ("explain other/", []),
        ("corpus delete n", ["news"]),
        ("evaluate --gold go", ["gold-sw"]),
        ("import lab", ["labels"]),
        ("compl", ["completion"]),
    ],
)
def test_what_is_offered(run_cli, path, line, offered):
    assert completions(run_cli, path, line) == offered


def completions(run_cli, path, line):
    words = {"COMP_WORDS": f"xprojdb {line}", "COMP_CWORD": str(len(line.split()))}
    done = run_cli(XPROJDB_DB=path, _XPROJDB_COMPLETE="bash_complete", **words)
    assert done.stderr == ""
    return [splitline.partition(",")[2] for splitline in done.stdout.splitlines() if splitline]


def test_without_a_database_nothing_is_offered_and_nothing_said(run_cli, tmp_path):
    assert completions(run_cli, str(tmp_path / "none.db"), "explain x") == []
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_installed_where_the_shell_looks(run_cli, tmp_path, shell):
    done = run_cli("completion", "install", HOME=str(tmp_path), SHELL=f"/bin/{shell}")
    assert done.code == 0, done.stderr
    first, then = done.stdout.splitlines()
    installed = Path(first.removesuffix(": installed"))
    assert installed.is_relative_to(tmp_path)
    assert then.startswith("next: ")
    script = installed.read_text()
    assert script.strip() == run_cli("completion", "show", shell).stdout.strip()
    assert "_XPROJDB_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n", installed], check=True)


def test_another_shell_is_refused(run_cli):
    done = run_cli("completion", "install", SHELL="/bin/tcsh")
    assert (done.code, "Traceback" in done.stderr) == (2, False)
