"""Database methods that delete, check and shrink."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xprojdb.api.end_runs import ended_runs
from xprojdb.api.opened import Opened

if TYPE_CHECKING:
    from xprojdb.api.results.maintenance import (
        CorpusDeletionResult,
        GarbageResult,
        SchemaResult,
        SizeResult,
        VacuumResult,
        VerificationResult,
    )
    from xprojdb.config.recipe import LoadedRecipe, Recipe


class Maintaining(Opened):
    """Deleting, checking and shrinking."""

    def gc(
        self,
        *,
        dry_run: bool = False,
        forget: Sequence[str] = (),
        forget_exports: bool = False,
        tuned_days: float | None = None,
        end_runs: bool = False,
    ) -> GarbageResult:
        """Delete the steps that no recipe or export references, with all their rows.

        When a recipe is changed and run again, it references its new steps; the old ones stay until they are deleted
        here. Steps that a referenced step reads are kept. Only :meth:`vacuum` makes the file smaller.

        :param dry_run: only report what would be deleted.
        :param forget: recipes to delete first.
        :param forget_exports: also delete steps that only an earlier export references.
        :param tuned_days: also delete the tuned encoders in the cache that no step of this database names and that
            nothing has used for as many days.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises RunsAlive: while runs are in progress.
        :raises UsageError: when there is no such recipe.
        """
        from xprojdb.api.results.maintenance import GarbageResult
        from xprojdb.maintenance.garbage_collection import find_garbage, free_garbage

        exports = not forget_exports
        with ended_runs(self.store.engine, end_runs and not dry_run) as ended:
            if dry_run:
                report = find_garbage(self.store, without=forget, exports=exports)
            else:
                report = free_garbage(self.store, without=forget, exports=exports, tuned_days=tuned_days)
        result = GarbageResult(report, deleted=not dry_run)
        result.ended = ended
        return result

    def delete_corpus(self, name: str, *, dry_run: bool = False, end_runs: bool = False) -> CorpusDeletionResult:
        """Delete a corpus: its sentences, their translations, and everything made from them.

        Steps stay (see :meth:`gc`), and so do other corpora. Exported files stay where they are. If a deletion is
        interrupted, call this again to continue it.

        :param name: name of the corpus.
        :param dry_run: only count what would be deleted.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises RunsAlive: while runs are in progress.
        :raises UsageError: when there is no such corpus.
        """
        from xprojdb.api.results.maintenance import CorpusDeletionResult
        from xprojdb.maintenance.corpus_deletion import corpus_contents, delete_corpus

        act = corpus_contents if dry_run else delete_corpus
        with ended_runs(self.store.engine, end_runs and not dry_run) as ended:
            result = CorpusDeletionResult(act(self.store, name), deleted=not dry_run)
        result.ended = ended
        return result

    def verify(self, *, repair: bool = False, end_runs: bool = False) -> VerificationResult:
        """Check all rows against each other: dangling keys, spans, overlaps, outcomes, digests, files.

        :param repair: delete what is wrong and what depends on it, so that the next run recomputes it; a file with
            damaged sentences is deleted as a whole and must be imported again.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises RunsAlive: when something needs repair while runs are in progress.
        """
        from xprojdb.api.results.maintenance import VerificationResult
        from xprojdb.maintenance.verify import verify

        with ended_runs(self.store.engine, end_runs and repair) as ended:
            result = VerificationResult(verify(self.store, repair=repair), repair)
        result.ended = ended
        return result

    def vacuum(self, *, full: bool = False, end_runs: bool = False) -> VacuumResult:
        """Return the space of deleted rows to the file system.

        :param full: on PostgreSQL, rewrite the tables; they cannot be used meanwhile.
        :param end_runs: first end the runs in progress; what they have written is kept.
        :raises DatabaseError: when another process is writing, or the disk is full.
        """
        from xprojdb.api.results.maintenance import VacuumResult
        from xprojdb.maintenance.vacuum import vacuum

        with ended_runs(self.store.engine, end_runs) as ended:
            result = VacuumResult(vacuum(self.store, full=full))
        result.ended = ended
        return result

    def size(
        self,
        *,
        plan: Recipe | LoadedRecipe | str | Path | None = None,
        sentences: int | None = None,
        hours: float | None = None,
    ) -> SizeResult:
        """Measure the tables and, for a recipe, what it would need for more sentences: rows, bytes, hours, connections.

        The cost of an item is taken from the runs of this database; for steps that have not run here, it comes from the
        tables in the documentation, and the result says so.

        :param plan: the recipe.
        :param sentences: number of imported sentences in all languages together; default: those in the database.
        :param hours: time limit in hours: the result then has the number of processes needed.
        :raises RecipeError: when the recipe is invalid.
        :raises UsageError: when there are no sentences to measure.
        """
        from xprojdb.api.results.maintenance import SizeResult
        from xprojdb.api.running import loaded_recipe
        from xprojdb.maintenance.sizing.estimate import measure_size
        from xprojdb.planning.planner import plan_recipe

        planned = None if plan is None else plan_recipe(self.store, loaded_recipe(plan))
        return SizeResult(measure_size(self.store, planned, sentences, hours))

    def write_datasette_metadata(self, file: str | Path) -> None:
        """Write the metadata for ``datasette --metadata``: what tables and columns hold, and queries to begin with.

        :param file: to write or replace.
        :raises ExportError: when it cannot be written.
        """
        from xprojdb.exports.outputs import output_file
        from xprojdb.maintenance.datasette import datasette_metadata

        name = Path(self.store.engine.url.database or "database").stem
        with output_file(Path(file)) as stream:
            stream.write(datasette_metadata(name).encode())

    def check_schema(self) -> SchemaResult:
        """Compare the tables with the schema of this version.

        :raises DatabaseError: when they differ; the field ``differences`` has one line for each difference.
        """
        from xprojdb.api.results.maintenance import SchemaResult
        from xprojdb.db import schema

        schema.check(self.store.engine)
        return SchemaResult(schema.state(self.store.engine), self.url)
