"""Write the pages of selected sentences as files that can be opened from disk or from a web server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from xprojdb.browse.links import FileLinks, file_name
from xprojdb.browse.listing.filters import PAGE, Filters, Order
from xprojdb.browse.listing.page import ListedSentence, ListPage
from xprojdb.browse.pages import ASSETS, Pages, read_asset
from xprojdb.browse.studies.reading import list_studies
from xprojdb.db import Database
from xprojdb.errors import UsageError

#: the subfolder of an exported data set
SUBFOLDER = "browse"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """The files that were written."""

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
    """Write pages to a folder; pages written earlier are replaced, other files are left alone.

    :param recipe: the recipe whose labels to show; may be omitted if there is at most one.
    :param order: ``id``, or least certain first: ``margin``, ``score``.
    :param limit: the maximal number of sentences.
    :param card: the folder is an exported data set: write to its subfolder ``browse``.
    :raises UsageError: when there are several recipes and none is named, no sentence matches, or the folder is not a
        data set.
    """
    pages = Pages(database, FileLinks(frozenset()))
    names = pages.recipes.names()
    if recipe is None and len(names) > 1:
        raise UsageError("this database has several recipes", hint=f"choose one with --recipe: {', '.join(names)}")
    filters = Filters(recipe=recipe or "", corpus=corpus, lang=lang, order=cast("Order", order))
    listed = list(_listed(pages, filters, limit))
    if not listed:
        raise UsageError("no sentence matches", hint="loosen --corpus and --lang", corpus=corpus, lang=lang)
    into = _card_subfolder(folder) if card else folder
    with database.read() as connection:
        studies = [study.name for study in list_studies(connection)]
    pages.links = FileLinks(frozenset(listed_sentence.name for listed_sentence in listed), studies=bool(studies))
    written = sum(1 for _ in _write(pages, filters, listed, studies, into))
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


def _card_subfolder(folder: Path) -> Path:
    if not (folder / CARD).is_file():
        hint = "name the folder of an exported Hugging Face data set: xprojdb export hf FOLDER"
        raise UsageError(f"{folder} has no card", hint=hint, folder=str(folder))
    return folder / SUBFOLDER


def _write(
    pages: Pages, filters: Filters, listed: list[ListedSentence], studies: list[str], folder: Path
) -> Iterator[Path]:
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
    for listed_sentence in listed:
        text = pages.sentence(listed_sentence.name, filters.recipe or None, deeper)
        yield _put(folder / "sentences" / file_name(listed_sentence.name), text.encode())
    if studies:
        yield _put(folder / "studies.html", pages.studies().encode())
    for name in studies:
        yield _put(folder / "studies" / file_name(name), pages.study(name, links=deeper).encode())


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
