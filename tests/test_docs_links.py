"""README's links are absolute, since PyPI shows it without the repository, and lead to files that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
README_LINKS = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("link", README_LINKS)
def test_a_link_of_the_readme_leads_to_a_file_of_the_repository(link: str) -> None:
    assert link.startswith(f"{REPOSITORY}/blob/main/")
    assert (ROOT / link.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")[0]).exists()


@pytest.mark.parametrize("url", PROJECT["urls"].values())
def test_urls_of_the_project_belong_to_its_repository(url: str) -> None:
    assert url.startswith(REPOSITORY)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_a_relative_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    for link in links:
        if not link.startswith(("http://", "https://", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_the_citation_has_the_version_of_the_package() -> None:
    from xprojdb import __version__

    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(__version__)}$", citation, re.MULTILINE)
    assert f'repository-code: "{REPOSITORY}"' in citation
