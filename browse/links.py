"""Addresses of pages: behind a server, or as files in folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

from xprojdb.digest import digest_of

#: names that can be used as file names, even where case is ignored
_PLAIN = re.compile(r"[a-z0-9][a-z0-9./-]{0,79}")


class Links(Protocol):
    """The addresses that templates use; an empty one means that there is no such page."""

    live: bool

    def asset(self, name: str) -> str: ...

    def sentences(self, values: Mapping[str, object] | None = None) -> str: ...

    def sentence(self, name: str, recipe: str | None = None) -> str: ...

    def compare(self, first: str = "", second: str = "", after: int = 0) -> str: ...

    def overview(self) -> str: ...

    def runs(self) -> str: ...

    def studies(self) -> str: ...

    def study(self, name: str, after: int = 0) -> str: ...

    def reviews(self) -> str: ...


class ServerLinks:
    """Addresses on a server, from its root."""

    live = True

    def asset(self, name: str) -> str:
        return f"/assets/{name}"

    def sentences(self, values: Mapping[str, object] | None = None) -> str:
        return _with_query("/", values or {})

    def sentence(self, name: str, recipe: str | None = None) -> str:
        return _with_query(f"/sentence/{quote(name, safe='/')}", {"recipe": recipe})

    def compare(self, first: str = "", second: str = "", after: int = 0) -> str:
        return _with_query("/compare", {"first": first, "second": second, "after": after})

    def overview(self) -> str:
        return "/overview"

    def runs(self) -> str:
        return "/runs"

    def studies(self) -> str:
        return "/studies"

    def study(self, name: str, after: int = 0) -> str:
        return _with_query(f"/study/{quote(name, safe='/')}", {"after": after})

    def reviews(self) -> str:
        return "/review"


class FileLinks:
    """Addresses of files, from a page at some folder depth.

    :param names: the sentences that have a page.
    :param studies: whether there are studies.
    """

    live = False

    def __init__(self, names: frozenset[str], depth: int = 0, *, studies: bool = False) -> None:
        self._names = names
        self._studies = studies
        self._up = "../" * depth

    def deeper(self) -> FileLinks:
        """The same for a page in a subfolder."""
        return FileLinks(self._names, 1, studies=self._studies)

    def asset(self, name: str) -> str:
        return f"{self._up}assets/{name}"

    def sentences(self, values: Mapping[str, object] | None = None) -> str:
        page = int(str((values or {}).get("after") or 0))
        return f"{self._up}index{f'-{page}' if page else ''}.html"

    def sentence(self, name: str, recipe: str | None = None) -> str:  # noqa: ARG002 - a folder holds one recipe
        return f"{self._up}sentences/{file_name(name)}" if name in self._names else ""

    def compare(self, first: str = "", second: str = "", after: int = 0) -> str:  # noqa: ARG002
        return ""

    def overview(self) -> str:
        return f"{self._up}overview.html"

    def runs(self) -> str:
        return ""

    def studies(self) -> str:
        return f"{self._up}studies.html" if self._studies else ""

    def study(self, name: str, after: int = 0) -> str:  # noqa: ARG002
        return f"{self._up}studies/{file_name(name)}"

    def reviews(self) -> str:
        return ""


def file_name(name: str) -> str:
    """The file name for a sentence: its own name if every system allows it, otherwise with a digest."""
    if _PLAIN.fullmatch(name):
        return f"{name.replace('/', '_')}.html"
    return f"{re.sub(r'[^A-Za-z0-9-]+', '-', name)[:40].strip('-')}-{digest_of(name)[:12]}.html"


def _with_query(path: str, values: Mapping[str, object]) -> str:
    parameters = {name: value for name, value in values.items() if value not in (None, "", 0, False)}
    return f"{path}?{urlencode(parameters)}" if parameters else path
