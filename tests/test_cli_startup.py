import subprocess
import sys

import pytest
from projection_sample import english, german, import_sample, plan_of

from xprojdb.cli.main import COMMANDS
from xprojdb.execution.run import run_plan

HEAVY = {
    "alembic", "datasets", "numba", "numpy", "ortools", "psycopg", "pyarrow", "pydantic", "rich", "sqlalchemy",
    "tokenizers", "torch", "transformers",
}  # fmt: skip
MODELS = HEAVY - {"alembic", "numpy", "pydantic", "rich", "sqlalchemy"}

TELL_MODULES = "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
RUN = "import sys, io; sys.argv = ['xprojdb', {arguments}]; out = sys.stdout; sys.stdout = io.StringIO()\n"
CALL = "try:\n    from xprojdb.cli.main import main; main()\nexcept SystemExit as ended: assert not ended.code\n"


@pytest.fixture
def modules(child_env, tmp_path):
    """The top-level modules that a program has imported at its end."""

    def run(program):
        command = [sys.executable, "-c", f"{program}\n{TELL_MODULES}"]
        done = subprocess.run(command, env=child_env, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return set(done.stdout.split())

    return run


def call(*arguments):
    return RUN.format(arguments=", ".join(map(repr, arguments))) + CALL + "sys.stdout = out"


def test_the_measure_sees_imports(modules):
    assert "sqlalchemy" in modules("import sqlalchemy") & HEAVY


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_the_help_imports_nothing_heavy(modules, arguments):
    # importlib.metadata, which brings "email", would double the time of the help.
    assert not modules(call(*arguments)) & (HEAVY | {"email"})


def test_importing_the_library_imports_nothing_heavy(modules):
    assert not modules("import xprojdb, xprojdb.errors, xprojdb.extras") & HEAVY


def test_importing_files_needs_no_models(modules):
    loaded = modules("import xprojdb.importing.files, xprojdb.db, xprojdb.readers")
    assert not loaded & MODELS


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_no_models(modules, name):
    assert not modules(call(name, "--help")) & MODELS


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("status",), ("explain", "1"), ("ask", "by-step"), ("ask", "low-margin")])
def test_looking_at_a_database_loads_no_compiler_and_no_settings(
    modules, sqlite_database, write_conll, tmp_path, arguments
):
    import_sample(sqlite_database, write_conll, {"de": german(3), "en": english(3)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    loaded = modules(call("--db", sqlite_database.url, *arguments))
    assert not loaded & (MODELS | {"alembic", "pydantic", "scipy"})


def test_the_help_lists_every_command_with_its_line(run_cli):
    done = run_cli("--help")
    assert (done.code, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    for name, (_, line) in COMMANDS.items():
        assert f"{name} {line}" in shown


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(run_cli, name):
    done = run_cli(name, "--help")
    assert (done.code, done.stderr) == (0, "")
    assert f"xprojdb {name}" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_lines_of_the_help_are_short_sentences(name):
    line = COMMANDS[name][1]
    assert line[0].isupper()
    assert line.endswith(".")
    assert len(line) <= 80


def test_a_reader_that_has_enough_is_no_error(child_env, tmp_path):
    command = f"{sys.executable} -m xprojdb.cli.main --help | head -c 1"
    done = subprocess.run(
        ["sh", "-c", command], env=child_env, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stderr == ""
