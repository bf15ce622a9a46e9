"""The database object: what most programs need, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from xprojdb.api.asking import Asking
from xprojdb.api.engines import EngineOptions
from xprojdb.api.exporting import Exporting
from xprojdb.api.importing_formats import ImportingFormats
from xprojdb.api.maintaining import Maintaining
from xprojdb.api.measuring import Measuring
from xprojdb.api.running import Running

if TYPE_CHECKING:
    from xprojdb.api.results.labels import Labels
    from xprojdb.config.recipe import LoadedRecipe, Recipe
    from xprojdb.execution.progress import Progress, StopRequest


class Database(ImportingFormats, Running, Asking, Measuring, Exporting, Maintaining):
    """An open database; see :func:`open`.

    Each method is a command of the command line, with the same defaults. Results can be converted (``to_arrow()``,
    ``to_pandas()``, ``to_dict()``), printed, and shown in a notebook. Errors are :class:`xprojdb.XprojdbError`, with
    the next step as ``hint``.
    """

    def run(
        self,
        recipe: Recipe | LoadedRecipe | str | Path,
        *,
        steps: Sequence[str] = (),
        limit: int | None = None,
        retry_failed: bool = False,
        progress: Progress | None = None,
        stop: StopRequest | None = None,
        **engine: Unpack[EngineOptions],
    ) -> Labels:
        """Run the pending steps of a recipe.

        What is done is never done again: a second run does nothing, new sentences are the only ones processed, and a
        changed parameter makes new steps from there on. Several runs may share a database.

        :param recipe: a :class:`xprojdb.Recipe`, the path of a TOML file, or the name of a recipe that comes with the
            package.
        :param steps: only these: a kind (``align``) or the beginning of a digest.
        :param limit: items of each step at most.
        :param retry_failed: try the items again that failed before.
        :param progress: is told how far the run is.
        :param stop: ends the run after the batches at hand when it is set.
        :param engine: where batches are computed; by default in this process.
        :returns: the labels; how the run went is their attribute ``run``.
        :raises RecipeError: when the recipe cannot be followed.
        :raises UsageError: when a corpus or step is not there, or no translation joins the recipe's languages.
        :raises ModelError, MissingExtra: when the model of a step cannot be had; after everything else was done.
        """
        from xprojdb.api.results.labels import Labels

        plan, result = self._run(recipe, steps, limit, retry_failed, progress, stop, **engine)
        return Labels(self, plan, result)

    def labels(self, recipe: str | None = None) -> Labels:
        """The labels of a recipe that has been run.

        :param recipe: may be left out when the database has one.
        :raises UsageError: when there is no such recipe.
        """
        from xprojdb.api.results.labels import Labels
        from xprojdb.planning.store import load_plan

        return Labels(self, load_plan(self.store, recipe))


def open(address: str | Path, *, create: bool = False) -> Database:
    """Open a database.

    :param address: the path of an SQLite file, or a URL (``sqlite:///…``, ``postgresql://…``).
    :param create: make an SQLite database that is not there, and the tables of an empty one.
    :raises DatabaseError: when it is missing, belongs to another program, or is at another schema revision, which
        :func:`xprojdb.upgrade` brings to this version's.
    """
    from xprojdb.db import open_database

    return Database(open_database(address, create=create))
