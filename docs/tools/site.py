"""Hooks of MkDocs: pages for the files at the top of the repository, and navigation read from folders."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import xprojdb

ROOT = Path(__file__).resolve().parents[2]
#: pages made of files outside of docs/
TOP = {
    "index.md": "README.md",
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
PAGE_OF = {name: page for page, name in TOP.items()}
#: where docs/python_api.md lists the public names
API_MARK = "<!-- api -->"
RESULTS = "xprojdb.api.results"
_TOP_LINK = re.compile(r"\]\((?:\.\./)+([A-Z]+\.md)")
_SOURCE_LINK = re.compile(r"\]\((?:\.\./)+((?:benchmarks|tests|recipes|exports|cli|xprojdb)/[^)]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages of folders in the navigation: the commands, and the plug-in guide where there is one."""
    nav: list[Any] = config.nav or []
    folders = {"Commands": "commands", "Writing plug-ins": "plugins"}
    for section in nav:
        for title, folder in folders.items():
            if title in section:
                section[title] = _pages_in(folder)
    guide = _pages_in("plugins")
    if guide:
        position = next(index for index, section in enumerate(nav) if "Python API" in section)
        nav.insert(position + 1, {"Writing plug-ins": guide})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages whose text stands at the top of the repository."""
    for page, name in TOP.items():
        files.append(File.generated(config, page, content=_localize((ROOT / name).read_text(encoding="utf-8"), config)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Point links that leave docs/ at the pages made of those files, and list what the API documents."""
    up = "../" * page.file.src_uri.count("/")
    text = _TOP_LINK.sub(lambda link: f"]({up}{PAGE_OF.get(link[1], link[1])}", markdown)
    text = _SOURCE_LINK.sub(lambda link: f"]({config.repo_url}/blob/main/{link[1]})", text)
    return text.replace(API_MARK, _api())


def _pages_in(folder: str) -> list[str]:
    pages = sorted(
        (ROOT / "docs" / folder).glob("*.md"), key=lambda path: (path.stem not in ("index", "README"), path.stem)
    )
    return [f"{folder}/{path.name}" for path in pages]


def _localize(text: str, config: MkDocsConfig) -> str:
    """README's links are absolute, for PyPI; on the site they lead to its pages."""
    base = re.escape(f"{config.repo_url}/blob/main/")
    text = re.sub(rf"\]\({base}docs/([^)]+)\)", r"](\1)", text)
    text = re.sub(rf"\]\({base}([A-Z]+\.md)", _to_page, text)
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    return re.sub(r"\]\(([A-Z]+\.md)", _to_page, text)


def _to_page(match: re.Match[str]) -> str:
    return f"]({PAGE_OF.get(match[1], match[1])}"


def _api() -> str:
    """The public names of the package, then the classes of results, in the notation of mkdocstrings."""
    names = [getattr(xprojdb, name) for name in xprojdb.__all__ if name not in ("__version__", "XprojdbError")]
    objects = [f"{item.__module__}.{item.__qualname__}" for item in names]
    listed = [f"::: {name}" for name in objects if not name.startswith(RESULTS)]
    results = [f"::: {name}" for module in _modules(RESULTS) for name in _classes(module)]
    return "\n\n".join([*listed, *(["## Results"] if results else []), *results])


def _classes(module: str) -> list[str]:
    """The public classes that a module defines."""
    members = vars(import_module(module)).values()
    classes = [member for member in members if isinstance(member, type) and member.__module__ == module]
    return [f"{module}.{item.__name__}" for item in classes if item.__name__[0] != "_"]


def _modules(package: str) -> list[str]:
    """The public modules of a package; none where there is no such package yet."""
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return []
    paths = spec.submodule_search_locations if spec is not None else None
    modules = pkgutil.walk_packages(paths or [], f"{package}.")
    return [module.name for module in modules if not module.name.rpartition(".")[2].startswith("_")]
