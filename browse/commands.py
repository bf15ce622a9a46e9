"""Commands that print in a terminal what a page shows."""

from __future__ import annotations

import shlex

from xprojdb.browse.listing.filters import Filters


class Commands:
    """Commands on one database.

    :param address: its path or URL, without a password; None: leave it out.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    def of(self, *arguments: str) -> str:
        """A command line."""
        named = ["--db", self._address] if self._address else []
        return shlex.join(["xprojdb", *named, *arguments])

    def explain(self, name: str, recipe: str | None) -> str:
        return self.of("explain", name, *(["--recipe", recipe] if recipe else []))

    def listed(self, filters: Filters, recipe: str | None) -> str:
        """The question or query that comes closest to a list."""
        chosen = [*_option("--recipe", recipe), *_option("--lang", filters.lang), *_option("--corpus", filters.corpus)]
        if filters.divided:
            return self.of("ask", "disagreements", *chosen)
        if filters.order != "id" and recipe:
            return self.of("ask", f"low-{filters.order}", *chosen)
        return self.of("query", _query(filters, recipe))


def _option(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []


def _query(filters: Filters, recipe: str | None) -> str:
    view = "v_label" if recipe and (filters.of_labels or filters.lang or filters.step) else "sentence"
    where = [
        *_equal("corpus", filters.corpus if view == "v_label" else ""),
        *_equal("lang", filters.lang),
        *_equal("split", filters.split),
        *_equal("recipe", (recipe or "") if view == "v_label" else ""),
        *([f"step LIKE {_quoted(f'{filters.step}%')}"] if filters.step and view == "v_label" else []),
        *_equal("label", filters.label),
        *(f"{name} {sign} {value:g}" for name, sign, value in _bounds(filters)),
        *([f"words LIKE {_quoted(f'%{filters.text}%')}"] if filters.text and view == "sentence" else []),
    ]
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    columns = "sentence, text, label, score, margin" if view == "v_label" else "id, lang, external_id, words"
    return f"SELECT {columns} FROM {view}{condition} LIMIT 50"


def _bounds(filters: Filters) -> list[tuple[str, str, float]]:
    bounds = (
        ("margin", ">=", filters.margin_from),
        ("margin", "<=", filters.margin_to),
        ("score", ">=", filters.score_from),
        ("score", "<=", filters.score_to),
    )
    return [(name, sign, value) for name, sign, value in bounds if value is not None]


def _equal(name: str, value: str) -> list[str]:
    return [f"{name} = {_quoted(value)}"] if value else []


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
