"""Export what a recipe projected, and record the export in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import export
from xprojdb.digest import canonical_json
from xprojdb.engine.export_table import ExportTable
from xprojdb.engine.plan import Plan
from xprojdb.exports.atomic import Opener, staged
from xprojdb.exports.card import render_card
from xprojdb.exports.columnar import is_columnar, read_columns
from xprojdb.exports.columns import provenance_columns, provenance_of
from xprojdb.exports.conll import LabelledSentence, WrittenFile, write_conll
from xprojdb.exports.docbin import write_docbins
from xprojdb.exports.errors import ExportError
from xprojdb.exports.facts import card_facts
from xprojdb.exports.huggingface import SplitRows, columnar, write_dataset
from xprojdb.exports.jsonlines import write_jsonl
from xprojdb.exports.manifest import Manifest
from xprojdb.exports.rows import ExportRow
from xprojdb.exports.selection import Part, Selection, select_parts
from xprojdb.steps.projection import Projection

_ROWS = 10_000
#: writes one part into a folder
_Write = Callable[[Path, Part, Iterable[ExportRow], Opener], Iterator[WrittenFile]]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    :param counts: sentences by file or, in a Hugging Face data set, by configuration and split.
    :param checksums: SHA-256 by path inside the folder.
    :param found: how many sentences there were before the cut; None where nothing was cut.
    :param removed: how many sentences each filter or choice of the cut took out.
    :param dropped: how many labels were dropped from sentences that passed the filters.
    """

    destination: str
    counts: dict[str, int]
    checksums: dict[str, str]
    found: int | None = None
    removed: Mapping[str, int] | None = None
    dropped: int = 0

    @property
    def sentences(self) -> int:
        return sum(self.counts.values())


def export_conll(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
    columns: Literal[2, 4] = 2,
    with_ids: bool = False,
) -> ExportReport:
    """Write ``LANG.SPLIT.conll`` for every target language and split: IOB2, two columns or CoNLL-2003's four.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param table: how to cut; None: as the recipe says.
    :param with_ids: put a comment line ``# id = …`` before each sentence.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when the cut leaves nothing.
    :raises ExportError: when a file cannot be written; earlier versions of all files stay whole.
    """

    def write(folder: Path, part: Part, rows: Iterable[ExportRow], opener: Opener) -> Iterator[WrittenFile]:
        sentences = (LabelledSentence(row.words, row.spans, row.id if with_ids else None) for row in rows)
        yield write_conll(folder / f"{part.target}.{part.split}.conll", sentences, columns=columns, opener=opener)

    options = {"columns": columns, "with_ids": with_ids}
    return _export_files(database, plan, folder, targets, source, table, "conll", write, options, provenance=False)


def export_jsonl(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
) -> ExportReport:
    """Write ``LANG.SPLIT.jsonl``: an object a sentence, with its words, tags, entities and provenance.

    Parameters and errors are those of :func:`export_conll`.
    """

    def write(folder: Path, part: Part, rows: Iterable[ExportRow], opener: Opener) -> Iterator[WrittenFile]:
        yield write_jsonl(folder / f"{part.target}.{part.split}.jsonl", rows, opener=opener)

    return _export_files(database, plan, folder, targets, source, table, "jsonl", write, {})


def export_spacy(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
) -> ExportReport:
    """Write a folder ``LANG.SPLIT`` of spaCy's ``DocBin`` files for every target language and split.

    Parameters and errors are those of :func:`export_conll`.

    :raises MissingExtra: when spaCy is not installed.
    """

    def write(folder: Path, part: Part, rows: Iterable[ExportRow], opener: Opener) -> Iterator[WrittenFile]:
        own = folder / f"{part.target}.{part.split}"
        _make_folder(own)
        return write_docbins(own, rows, part.target, opener=opener)

    return _export_files(database, plan, folder, targets, source, table, "spacy", write, {})


def export_dataset(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
    record: bool = True,
) -> ExportReport:
    """Write a folder that ``datasets.load_dataset`` opens: Parquet, one configuration per language, and a card.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param table: how to cut; None: as the recipe says.
    :param record: write down in the database that this was exported; a folder that lasts no longer than a push is not.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when the cut leaves nothing.
    :raises ExportError: when it cannot be written; an earlier version of the folder stays whole.
    """
    with database.read() as connection, bulk.uncollected():
        selection = select_parts(connection, plan, targets, source, table)
        query = selection.query()
        manifest = write_dataset(
            folder,
            _splits(connection, selection),
            labels=selection.labels,
            recipe_digest=plan.recipe.digest,
            query=query,
            columns=provenance_columns(selection.table, selection.several),
            card=partial(render_card, card_facts(connection, plan, selection, plan.recipe.name)),
        )
    report = _report(folder, selection, _counts(manifest), dict(manifest.files))
    if record:
        _record(database, plan, "huggingface", report, query)
    return report


def _export_files(
    database: Database,
    plan: Plan,
    folder: Path,
    targets: Sequence[str],
    source: str | None,
    table: ExportTable | None,
    form: str,
    write: _Write,
    options: Mapping[str, Any],
    *,
    provenance: bool = True,
) -> ExportReport:
    counts, checksums = {}, {}
    with database.read() as connection, bulk.uncollected():
        selection = select_parts(connection, plan, targets, source, table)
        _make_folder(folder)
        with staged() as files:
            for part in selection.parts:
                rows = _rows(connection, selection, part, provenance=provenance)
                for written in write(folder, part, rows, files.file):
                    name = written.path.relative_to(folder).as_posix()
                    counts[name], checksums[name] = written.sentences, written.sha256
    report = _report(folder, selection, counts, checksums)
    _record(database, plan, form, report, {**selection.query(), **options})
    return report


def _rows(connection: Connection, selection: Selection, part: Part, *, provenance: bool = True) -> Iterator[ExportRow]:
    columns = {each.step.spec.digest: provenance_of(selection.table, each, selection.several) for each, _ in part.takes}
    for labelling, sentence in selection.sentences(connection, part):
        told = columns[labelling.step.spec.digest](sentence) if provenance else {}
        spans = [each.span for each in sentence.labels]
        yield ExportRow(sentence.name, sentence.words, spans, part.target, told)


def _splits(connection: Connection, selection: Selection) -> Iterator[SplitRows]:
    several = len({part.target for part in selection.parts}) > 1
    for part in selection.parts:
        if all(is_columnar(each, selection.table) for each, _ in part.takes):
            batches: Iterator[Any] = _columns(connection, selection, part)
        else:
            batches = columnar(_rows(connection, selection, part), selection.labels, _ROWS)
        yield SplitRows(part.split, batches, part.target if several else None)


def _columns(connection: Connection, selection: Selection, part: Part) -> Iterator[Mapping[str, Any]]:
    for labelling, items in part.takes:
        assert isinstance(labelling, Projection)
        whole = part.split if items is None else None
        yield from read_columns(connection, labelling, selection.table, selection.labels, whole, items)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"the folder {folder} cannot be made: {error.strerror}", hint="choose another folder", path=str(folder)
        ) from error


def _report(folder: Path, selection: Selection, counts: dict[str, int], checksums: dict[str, str]) -> ExportReport:
    cut = selection.cut
    if cut is None:
        return ExportReport(str(folder), counts, checksums)
    return ExportReport(str(folder), counts, checksums, cut.found, cut.removed, cut.dropped)


def _counts(manifest: Manifest) -> dict[str, int]:
    return {
        f"{config}/{split}": summary.sentences
        for config, splits in manifest.configs.items()
        if config != "all"
        for split, summary in splits.items()
    }


def _record(database: Database, plan: Plan, form: str, report: ExportReport, query: Mapping[str, Any]) -> None:
    with database.write() as connection:
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
