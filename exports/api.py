"""Export what a recipe projected, and record the export in the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict, Unpack

from sqlalchemy import Connection, insert

from xprojdb import entry_points
from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database, bulk
from xprojdb.db.count_cache import CountCache
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import export
from xprojdb.digest import canonical_json
from xprojdb.exports.atomic import make_folder, reporting, staged
from xprojdb.exports.card.context import card_context
from xprojdb.exports.card.render import render_card
from xprojdb.exports.formats.huggingface import SplitRows, columnar, write_dataset
from xprojdb.exports.formats.text_formats import Conll, TextFormat
from xprojdb.exports.ground import check_referenced
from xprojdb.exports.manifest import Manifest
from xprojdb.exports.ownership import check_replaceable, exported_checksums
from xprojdb.exports.rows.arrow_columns import converted
from xprojdb.exports.rows.columnar import is_columnar
from xprojdb.exports.rows.content import Content
from xprojdb.exports.rows.provenance_columns import provenance_columns
from xprojdb.exports.selection.parts import Part, Selection, select_parts
from xprojdb.exports.selection.references import References
from xprojdb.exports.unfinished import sweep
from xprojdb.planning.planner import Plan

_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    :param counts: sentences by file or, in a Hugging Face data set, by configuration and split.
    :param checksums: SHA-256 by path inside the folder.
    :param available: how many sentences there were before any were filtered out; None if everything was exported.
    :param removed: how many sentences each filter or choice removed.
    :param dropped: how many labels were dropped from sentences that passed the filters.
    """

    destination: str
    counts: dict[str, int]
    checksums: dict[str, str]
    available: int | None = None
    removed: Mapping[str, int] | None = None
    dropped: int = 0

    @property
    def sentences(self) -> int:
        return sum(self.counts.values())


class ExportOptions(TypedDict, total=False):
    """What to export.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param table: how to cut; None: as the recipe says.
    :param references: finds what the cut names: frozen reviews, and calibrations.
    """

    targets: Sequence[str]
    source: str | None
    table: ExportTable | None
    references: References | None


def export_conll(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    columns: Literal[2, 4] = 2,
    with_ids: bool = False,
    **options: Unpack[ExportOptions],
) -> ExportReport:
    """Write ``LANG.SPLIT.conll`` for every target language and split: IOB2, two columns or CoNLL-2003's four.

    :param with_ids: put a comment line ``# id = …`` before each sentence.
    :param options: which sentences.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when no sentence passes the filters.
    :raises ExportError: when a file cannot be written; all existing files are left as they were.
    """
    return export_files(database, plan, folder, Conll(columns, with_ids), **options)


def export_dataset(
    database: Database, plan: Plan, folder: Path, *, record: bool = True, **options: Unpack[ExportOptions]
) -> ExportReport:
    """Write a folder that ``datasets.load_dataset`` opens: Parquet, one configuration per language, and a card.

    :param record: record the export in the database; not wanted for a folder that only lives as long as a push.
    :param options: which sentences.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when no sentence passes the filters.
    :raises ExportError: when it cannot be written; an existing folder is left as it was.
    :raises GroundMoved: when a step was deleted meanwhile: the folder is complete but not recorded.
    """
    with database.read() as connection, bulk.uncollected():
        counts = CountCache(connection)
        selection = select_parts(connection, plan, **options, counts=counts)
        query = selection.query()
        manifest = write_dataset(
            folder,
            _splits(connection, selection),
            labels=selection.labels,
            recipe_digest=plan.recipe.digest,
            query=query,
            columns=provenance_columns(selection.table, selection.several),
            card=partial(render_card, card_context(connection, plan, selection, plan.recipe.name)),
        )
    report = _report(folder, selection, _counts(manifest), dict(manifest.files))
    if record:
        _record(database, plan, "huggingface", report, query)
    counts.keep(database)
    return report


class HuggingFace:
    """A folder that ``datasets.load_dataset`` opens: Parquet, one configuration per language, and a card."""

    name: ClassVar[str] = "hf"

    def export(self, database: Database, plan: Plan, folder: Path, **options: Unpack[ExportOptions]) -> ExportReport:
        """Write the folder; see :func:`export_dataset`."""
        return export_dataset(database, plan, folder, **options)


def export_as(
    name: str, database: Database, plan: Plan, folder: Path, **options: Unpack[ExportOptions]
) -> ExportReport:
    """Export in a format given by name, with its default options.

    :param name: a plug-in of the group ``xprojdb.exporters``: ``conll``, ``jsonl``, ``spacy``, ``hf`` or another.
    :param options: which sentences.
    :raises PluginError: when there is no such plug-in.
    :raises UsageError: when there is nothing to export.
    """
    form = entry_points.load("exporters", name)()
    if isinstance(form, HuggingFace):
        return form.export(database, plan, folder, **options)
    return export_files(database, plan, folder, form, **options)


def export_files(
    database: Database, plan: Plan, folder: Path, form: TextFormat, **options: Unpack[ExportOptions]
) -> ExportReport:
    """Write the files of one format for every target language and split; they are put in place together.

    :param form: the format.
    :param options: which sentences.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when no sentence passes the filters.
    :raises ExportError: when a file cannot be written, or an existing file was not written by an export; it stays.
    :raises GroundMoved: when a step was deleted meanwhile: the files are complete but not recorded.
    """
    counts, checksums = {}, {}
    with database.read() as connection, bulk.uncollected():
        kept = CountCache(connection)
        selection = select_parts(connection, plan, **options, counts=kept)
        make_folder(folder)
        _sweep(folder)
        ours = exported_checksums(connection)
        with staged(partial(check_replaceable, ours=ours)) as files:
            for part in selection.parts:
                for written in form.write(
                    folder, _content(connection, selection, part, provenance=form.provenance), files.file
                ):
                    name = written.path.relative_to(folder).as_posix()
                    checksums[name] = written.sha256
                    # A file beside the sentences has none of its own.
                    if written.sentences:
                        counts[name] = written.sentences
    report = _report(folder, selection, counts, checksums)
    _record(database, plan, form.name, report, {**selection.query(), **form.options})
    kept.keep(database)
    return report


def _sweep(folder: Path) -> None:
    """Delete what killed exports left in a folder and in its split folders, even those not written this time."""
    with reporting(folder):
        for path in (folder, *(child for child in folder.iterdir() if child.is_dir() and not child.is_symlink())):
            sweep(path)


def _content(connection: Connection, selection: Selection, part: Part, *, provenance: bool = True) -> Content:
    none = {"provenance": "none", "tiers": {}}
    table = selection.table if provenance else selection.table.model_copy(update=none)
    columnar = all(is_columnar(labelling, table) for labelling, _ in part.takes)
    return Content(connection, selection, part, table, columnar, provenance)


def _splits(connection: Connection, selection: Selection) -> Iterator[SplitRows]:
    for part in selection.parts:
        yield SplitRows(part.split, _batches(_content(connection, selection, part)), part.target)


def _batches(content: Content) -> Iterator[Mapping[str, Any]]:
    if content.columnar:
        return converted(content.blocks(), content.table, content.selection.preferred)
    return columnar(content.rows(), content.selection.labels, _ROWS)


def _report(folder: Path, selection: Selection, counts: dict[str, int], checksums: dict[str, str]) -> ExportReport:
    cut = selection.cut
    if cut is None:
        return ExportReport(str(folder), counts, checksums)
    return ExportReport(str(folder), counts, checksums, cut.available, cut.removed, cut.dropped)


def _counts(manifest: Manifest) -> dict[str, int]:
    return {
        f"{config}/{split}": summary.sentences
        for config, splits in manifest.configs.items()
        if config != "all"
        for split, summary in splits.items()
    }


def _record(database: Database, plan: Plan, form: str, report: ExportReport, query: Mapping[str, Any]) -> None:
    again = f"{report.destination} is complete, but the export was not recorded; run the recipe and export again"
    # What was counted is none of this.
    with database.write(counted=False) as connection:
        check_referenced(connection, plan, again)
        run_id = begin_run(connection, "export", plan.recipe)
        values = {
            "run_id": run_id,
            "format": form,
            "destination": str(Path(report.destination).resolve()),
            "query": canonical_json(dict(query)),
            "recipe_digest": plan.recipe.digest,
            "counts": canonical_json(report.counts),
            "checksums": canonical_json(report.checksums),
        }
        connection.execute(insert(export).values(**values))
        end_run(connection, run_id, "done", {"sentences": report.sentences})
