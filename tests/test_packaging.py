"""What is installed is what is in the tree."""

import tomllib
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: folders at the top that are installed inside the package
MAPPED = {folder: f"xprojdb.{folder}" for folder in ("cli", "exports", "migrations", "recipes")}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def dotted(folder, package):
    """The packages of a folder, with those below it: folders that hold a Python file."""
    found = {path.parent for path in (ROOT / folder).rglob("*.py")}
    return {".".join((package, *path.relative_to(ROOT / folder).parts)) for path in found}


def test_every_package_of_the_tree_is_installed_and_no_other(project):
    expected = dotted("xprojdb", "xprojdb")
    for folder, package in MAPPED.items():
        expected |= dotted(folder, package)
    assert set(project["tool"]["setuptools"]["packages"]) == expected
    assert len(project["tool"]["setuptools"]["packages"]) == len(expected)


def test_every_package_has_an_init_file():
    for folder in ("xprojdb", *MAPPED):
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path


def test_folders_at_the_top_are_mapped(project):
    assert project["tool"]["setuptools"]["package-dir"] == {"xprojdb": "xprojdb", **{v: k for k, v in MAPPED.items()}}


def test_data_files_are_there(project):
    for package, patterns in project["tool"]["setuptools"]["package-data"].items():
        folder = resources.files(package)
        for pattern in patterns:
            assert list(Path(str(folder)).glob(pattern)), (package, pattern)


def test_files_that_are_no_code_are_installed(project):
    kept = {
        (folder, path)
        for folder in ("xprojdb", *MAPPED)
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    for package, patterns in project["tool"]["setuptools"]["package-data"].items():
        folder = next((f for f, p in MAPPED.items() if p == package), package.replace(".", "/"))
        for pattern in patterns:
            kept -= {(folder.split("/")[0], path) for path in (ROOT / folder).glob(pattern)}
    assert not kept


def test_the_command_is_the_one_of_the_tree(project):
    assert project["project"]["scripts"] == {"xprojdb": "xprojdb.cli.main:main"}
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["xprojdb", "--version"])
        from xprojdb.cli.main import main

        main()
