"""Pages on which people judge labels."""

from __future__ import annotations

from starlette.routing import Route

from xprojdb.browse.pages import Pages


def review_routes(pages: Pages) -> list[Route]:
    return []
