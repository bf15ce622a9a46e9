"""Where pages are: behind a server, or as files beside one another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

from xprojdb.digest import digest_of

#: names that stay apart as names of files, also where upper and lower case are the same
_PLAIN = re.compile(r"[a-z0-9][a-z0-9./-]{0,79}")


class Links(Protocol):
    """The addresses that templates ask for; an empty one means that there is no such page."""

    live: bool

    def asset(self, name: str) -> str: ...

    def sentences(self, values: Mapping[str, object] | None = None) -> str: ...

    def sentence(self, name: str, recipe: str | None = None) -> str: ...

    def compare(self, first: str = "", second: str = "", after: int = 0) -> str: ...

    def overview(self) -> str: ...

    def runs(self) -> str: ...

    def reviews(self) -> str: ...


class ServerLinks:
    """Addresses behind a server, from its root."""

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

    def reviews(self) -> str:
        return "/review"


class FileLinks:
    """Addresses of files, from a page that lies so many folders deep.

    :param known: the names of the sentences that have a page.
    """

    live = False

    def __init__(self, known: frozenset[str], depth: int = 0) -> None:
        self._known = known
        self._up = "../" * depth

    def deeper(self) -> FileLinks:
        """The same from a page in a folder."""
        return FileLinks(self._known, 1)

    def asset(self, name: str) -> str:
        return f"{self._up}assets/{name}"

    def sentences(self, values: Mapping[str, object] | None = None) -> str:
        page = int(str((values or {}).get("after") or 0))
        return f"{self._up}index{f'-{page}' if page else ''}.html"

    def sentence(self, name: str, recipe: str | None = None) -> str:  # noqa: ARG002 - a folder holds one recipe
        return f"{self._up}sentences/{file_name(name)}" if name in self._known else ""

    def compare(self, first: str = "", second: str = "", after: int = 0) -> str:  # noqa: ARG002
        return ""

    def overview(self) -> str:
        return f"{self._up}overview.html"

    def runs(self) -> str:
        return ""

    def reviews(self) -> str:
        return ""


def file_name(name: str) -> str:
    """A file's name for a sentence: its own where every system takes that, else with a digest."""
    if _PLAIN.fullmatch(name):
        return f"{name.replace('/', '_')}.html"
    return f"{re.sub(r'[^A-Za-z0-9-]+', '-', name)[:40].strip('-')}-{digest_of(name)[:12]}.html"


def _with_query(path: str, values: Mapping[str, object]) -> str:
    given = {name: value for name, value in values.items() if value not in (None, "", 0, False)}
    return f"{path}?{urlencode(given)}" if given else path
