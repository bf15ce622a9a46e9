"""The pages of a chosen set of sentences as files, which open from a disk or from any web server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from xprojdb.browse.links import FileLinks, file_name
from xprojdb.browse.listing.filters import PAGE, Filters, Order
from xprojdb.browse.listing.page import ListedSentence, ListPage
from xprojdb.browse.pages import ASSETS, Pages, read_asset
from xprojdb.db import Database
from xprojdb.errors import UsageError

#: the folder beside a data set's card
BESIDE = "browse"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What was written."""

    folder: Path
    sentences: int
    files: int


def write_files(
    database: Database,
    folder: Path,
    *,
    recipe: str | None = None,
    corpus: str = "",
    lang: str = "",
    order: str = "id",
    limit: int = 200,
    card: bool = False,
) -> WrittenFiles:
    """Write pages to a folder; files of an earlier time are replaced, others are left alone.

    :param recipe: whose labels; may be left out when there is one recipe, or none.
    :param order: ``id``, or the least certain first: ``margin``, ``score``.
    :param limit: sentences at most.
    :param card: the folder is an exported data set: write to ``browse`` in it.
    :raises UsageError: when there are several recipes and none is named, no sentence fits, or it is no data set.
    """
    pages = Pages(database, FileLinks(frozenset()))
    names = pages.recipes.names()
    if recipe is None and len(names) > 1:
        raise UsageError("this database has several recipes", hint=f"choose one with --recipe: {', '.join(names)}")
    filters = Filters(recipe=recipe or "", corpus=corpus, lang=lang, order=cast("Order", order))
    listed = list(_listed(pages, filters, limit))
    if not listed:
        raise UsageError("no sentence fits", hint="loosen --corpus and --lang", corpus=corpus, lang=lang)
    into = _beside_card(folder) if card else folder
    pages.links = FileLinks(frozenset(each.name for each in listed))
    written = sum(1 for _ in _write(pages, filters, listed, into))
    return WrittenFiles(into, len(listed), written)


def _listed(pages: Pages, filters: Filters, limit: int) -> Iterator[ListedSentence]:
    recipe, left, after = pages.recipes.get(filters.recipe), limit, 0
    while left:
        page = pages.listing.page(replace(filters, after=after), recipe, min(left, PAGE))
        yield from page.sentences
        left -= len(page.sentences)
        if page.after is None:
            return
        after = page.after


def _beside_card(folder: Path) -> Path:
    if not (folder / CARD).is_file():
        hint = "name the folder of an exported Hugging Face data set: xprojdb export hf FOLDER"
        raise UsageError(f"{folder} has no card", hint=hint, folder=str(folder))
    return folder / BESIDE


def _write(pages: Pages, filters: Filters, listed: list[ListedSentence], folder: Path) -> Iterator[Path]:
    assert isinstance(pages.links, FileLinks)
    for name in ASSETS:
        if name != "review.js":
            yield _put(folder / "assets" / name, read_asset(name))
    for number, start in enumerate(range(0, len(listed), PAGE)):
        after = number + 1 if start + PAGE < len(listed) else None
        page = ListPage(listed[start : start + PAGE], after)
        text = pages.sentences(replace(filters, after=number), page)
        yield _put(folder / f"index{f'-{number}' if number else ''}.html", text.encode())
    yield _put(folder / "overview.html", pages.overview().encode())
    deeper = pages.links.deeper()
    for each in listed:
        text = pages.sentence(each.name, filters.recipe or None, deeper)
        yield _put(folder / "sentences" / file_name(each.name), text.encode())


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
