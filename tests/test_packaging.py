"""What is installed is what is in the tree."""

import tomllib
from importlib import resources
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "xprojdb"
#: folders at the top that the package holds as links, so that editors and type checkers find them in a bare clone
LINKED = ("browse", "cli", "exports", "migrations", "recipes")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tree():
    """Every file that is installed, by its path in the package."""
    for top, inside in ((PACKAGE, Path()), *((ROOT / folder, Path(folder)) for folder in LINKED)):
        for path in sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield inside / path.relative_to(top)


@pytest.mark.skipif((ROOT / "PKG-INFO").exists(), reason="in an sdist these are folders of the package")
@pytest.mark.optional  # an sdist has no links
@pytest.mark.parametrize("folder", LINKED)
def test_a_folder_at_the_top_is_a_link_in_the_package(folder):
    assert (PACKAGE / folder).readlink() == Path("..", folder)


def test_every_package_has_an_init_file():
    for path in tree():
        if path.suffix == ".py":
            assert (PACKAGE / path.parent / "__init__.py").exists(), path


def test_data_files_are_there(project):
    for package, patterns in project["tool"]["setuptools"]["package-data"].items():
        folder = resources.files(package)
        for pattern in patterns:
            assert list(Path(str(folder)).glob(pattern)), (package, pattern)


def test_files_that_are_no_code_are_installed(project):
    kept = {path for path in tree() if path.suffix != ".py"}
    for package, patterns in project["tool"]["setuptools"]["package-data"].items():
        folder = Path(*package.split(".")[1:])
        for pattern in patterns:
            kept -= {path for path in kept if path.is_relative_to(folder) and path.relative_to(folder).match(pattern)}
    assert not kept


def test_the_command_is_the_one_of_the_tree(project):
    assert project["project"]["scripts"] == {"xprojdb": "xprojdb.cli.main:main"}
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["xprojdb", "--version"])
        from xprojdb.cli.main import main

        main()
