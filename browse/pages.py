"""The pages, each a function from its parameters to HTML; used by the server and when writing files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xprojdb.browse.commands import Commands
from xprojdb.browse.escaping import finalize, visible
from xprojdb.browse.limits import limited
from xprojdb.browse.links import Links
from xprojdb.browse.listing.facets import Facets, read_facets
from xprojdb.browse.listing.filters import PAGE, Filters
from xprojdb.browse.listing.page import Listing, ListPage, runs_of
from xprojdb.browse.sentence.drawing import writing_of
from xprojdb.browse.sentence.hues import hue
from xprojdb.browse.sentence.view import neighbours, show_sentence
from xprojdb.browse.studies.analyses import Analyses
from xprojdb.browse.studies.curves import STYLES, draw_lines
from xprojdb.browse.studies.reading import list_studies, read_cells
from xprojdb.browse.studies.view import study_view
from xprojdb.browse.summaries.comparison import compare_page
from xprojdb.browse.summaries.counts import SAMPLE, Counted
from xprojdb.browse.summaries.overview import read_overview
from xprojdb.browse.summaries.plots import bars, reliability_diagram
from xprojdb.browse.summaries.recipes import KnownRecipe, Recipes
from xprojdb.browse.summaries.runs import read_run_page
from xprojdb.db import Database
from xprojdb.study.report.origins import CORPUS, TRANSLATED
from xprojdb.study.report.tables import POINT

#: files in ``assets`` and their types
ASSETS: Mapping[str, str] = {
    "style.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def read_asset(name: str) -> bytes:
    """The content of a file of ``assets``."""
    return resources.files("xprojdb.browse").joinpath("assets", name).read_bytes()


@cache
def environment() -> Environment:
    """Templates that escape everything, and fail if a value is missing; compiled once."""
    jinja = Environment(
        loader=PackageLoader("xprojdb.browse", "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {"hue": hue, "counted": _counted, "number": _number, "figure": _figure, "data": _data}
    jinja.globals |= {"sample": SAMPLE, "runs_of": runs_of, "writing_of": writing_of}
    return jinja


class Pages:
    """The pages of one database.

    :param writer: the name under which reviews are written; empty: read-only.
    """

    def __init__(self, database: Database, links: Links) -> None:
        self.database = database
        self.links = links
        self.recipes = Recipes(database)
        self.listing = Listing(database, patient=not links.live)
        # Published pages must not reveal where a database is.
        self.commands = Commands(database.url if links.live else None)
        self.counted = Counted(database)
        self.analyses = Analyses(database, patient=not links.live)
        self._templates = environment()

    def prepare(self) -> None:
        """Load the recipes, count the first rows and compile the templates, so that no page has to."""
        for name in self._templates.list_templates():
            self._templates.get_template(name)
        read_overview(self.database, self.recipes, self.counted)

    def stop(self) -> None:
        """Stop what is being counted, sorted and resampled in the background."""
        self.counted.background.stop()
        self.analyses.background.stop()
        self.listing.stop()

    def render(self, template: str, links: Links | None = None, **values: Any) -> str:
        """A template with the values that every page needs."""
        return self._templates.get_template(template).render(
            links=links or self.links, commands=self.commands, **values
        )

    def sentences(self, filters: Filters, page: ListPage | None = None) -> str:
        """A list of sentences.

        :param page: its content, if already known.
        """
        recipe = self.recipes.get(filters.recipe)
        if recipe and filters.step:
            recipe = self.recipes.with_step(recipe, filters.step)
        list_page = page or self.listing.page(filters, recipe)
        name = recipe.name if recipe else None
        return self.render(
            "list.html",
            filters=filters,
            recipe=recipe,
            recipe_names=self.recipes.names(),
            steps=self.recipes.labelling_steps() if self.links.live else [],
            page=list_page,
            page_size=PAGE,
            facets=self._facets(recipe) if self.links.live else None,
            command=self.commands.listed(filters, name),
        )

    def _facets(self, recipe: KnownRecipe | None) -> Facets:
        facets = read_facets(self.database, self.counted, recipe)
        self.counted.complete(self.recipes.all)
        return facets

    def sentence(self, name: str, recipe_name: str | None = None, links: Links | None = None) -> str:
        """A sentence.

        :raises UsageError: when there is no such sentence or recipe.
        """
        recipe = self._recipe_for(recipe_name)
        shown = show_sentence(self.database, recipe, name)
        before, after = neighbours(self.database, shown.text)
        return self.render(
            "sentence.html",
            links=links,
            shown=shown,
            recipe=recipe,
            recipe_names=self.recipes.names(),
            before=before,
            after=after,
            command=self.commands.explain(shown.text.name, recipe.name if recipe and shown.translations else None),
        )

    def _recipe_for(self, name: str | None) -> KnownRecipe | None:
        return self.recipes.get(name)

    def compare(self, first: str, second: str, after: int = 0) -> str:
        """Two steps or recipes side by side."""
        names = self.recipes.names()
        comparison = compare_page(self.database, first, second, after) if first and second else None
        command = self.commands.of("diff", first or "RECIPE", second or "RECIPE")
        return self.render(
            "compare.html",
            recipe_names=names,
            first=first,
            second=second,
            after=after,
            comparison=comparison,
            command=command,
        )

    def overview(self) -> str:
        """Counts, outcomes, scores and margins by corpus and language, with F1 where there is gold."""
        if not self.links.live:
            self.counted.count_all(self.recipes.all())
        overview = read_overview(self.database, self.recipes, self.counted)
        self.counted.complete(self.recipes.all)
        return self.render(
            "overview.html",
            overview=overview,
            bars=bars,
            reliability_diagram=reliability_diagram,
            command=self.commands.of("status"),
        )

    def runs(self) -> str:
        """The runs in progress, and the latest that have ended."""
        return self.render(
            "runs.html", run_page=read_run_page(self.database), command=self.commands.of("status", "--watch")
        )

    def studies(self) -> str:
        """The studies of the database."""
        with limited(self.database) as connection:
            listed = list_studies(connection)
        return self.render("studies.html", studies=listed, command=self.commands.of("study", "RECIPE.toml"))

    def study(self, name: str, after: int = 0, links: Links | None = None) -> str:
        """A study: its cells and, as soon as they are known, curves and tables.

        :param after: the number of cells before those that are listed.
        :raises UsageError: when there is no such study.
        """
        with limited(self.database) as connection:
            cells = read_cells(connection, name, after)
        known = self.analyses.of(name, cells.state)
        view = study_view(
            cells,
            known.analysis if known else None,
            current=known is not None and known.state == cells.state,
            problem=known.problem if known else "",
        )
        return self.render(
            "study.html",
            links=links,
            view=view,
            after=after,
            draw_lines=draw_lines,
            styles=STYLES,
            point_names=POINT,
            corpus_names=CORPUS,
            translated_names=TRANSLATED,
            command=self.commands.of("study", "report", name, "FOLDER"),
        )

    def problem(self, message: str, hint: str | None) -> str:
        """A page that says what went wrong."""
        return self.render("problem.html", message=message, hint=hint, command=self.commands.of("status"))


def _number(value: float) -> str:
    return f"{value:,}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _data(value: object) -> Markup:
    """A value as JSON in an attribute."""
    return Markup.escape(visible(json.dumps(value, ensure_ascii=True, separators=(",", ":"))))
