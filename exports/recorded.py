"""Export what a recipe projected, and record the export in the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from xprojdb.db import Database
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import corpus, evaluation, export
from xprojdb.digest import canonical_json
from xprojdb.engine.plan import Plan
from xprojdb.errors import UsageError
from xprojdb.evaluation.bootstrap import Interval
from xprojdb.evaluation.spans import Score
from xprojdb.exports.card import CardFacts, ScoreFacts, SourceFacts, StepFacts, render_card
from xprojdb.exports.conll import LabelledSentence, write_conll
from xprojdb.exports.errors import ExportError
from xprojdb.exports.huggingface import SplitRows, columnar, write_dataset
from xprojdb.exports.manifest import Manifest
from xprojdb.exports.projected import choose, labels_of, provenance_columns, read_rows, splits_of
from xprojdb.languages import language
from xprojdb.steps.combining.voters import TRANSFER
from xprojdb.steps.projection import Consensus, Labelling
from xprojdb.steps.spec import StepSpec

_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    :param counts: sentences by file (CoNLL) or by configuration and split (Hugging Face).
    :param checksums: SHA-256 by path inside the folder.
    """

    destination: str
    counts: dict[str, int]
    checksums: dict[str, str]

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
    columns: Literal[2, 4] = 2,
    with_ids: bool = False,
) -> ExportReport:
    """Write ``LANG.SPLIT.conll`` for every target language and split: IOB2, two columns or CoNLL-2003's four.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param with_ids: put a comment line ``# id = …`` before each sentence.
    :raises UsageError: when there is nothing to export.
    :raises ExportError: when a file cannot be written; earlier versions of it stay whole.
    """
    chosen = choose(plan, targets, source)
    counts, checksums = {}, {}
    with database.read() as connection:
        parts = _parts(connection, chosen, plan)
        _make_folder(folder)
        for projection, split in parts:
            rows = read_rows(connection, projection, split)
            sentences = (LabelledSentence(row.words, row.spans, row.id if with_ids else None) for row in rows)
            name = f"{projection.target}.{split}.conll"
            written = write_conll(folder / name, sentences, columns=columns)
            counts[name], checksums[name] = written.sentences, written.sha256
    report = ExportReport(str(folder), counts, checksums)
    query = {**_query(chosen), "columns": columns, "with_ids": with_ids}
    _record(database, plan, "conll", report, query)
    return report


def export_dataset(
    database: Database,
    plan: Plan,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    source: str | None = None,
    record: bool = True,
) -> ExportReport:
    """Write a folder that ``datasets.load_dataset`` opens: Parquet, one configuration per language, and a card.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined.
    :param record: write down in the database that this was exported; a folder that lasts no longer than a push is not.
    :raises UsageError: when there is nothing to export.
    :raises ExportError: when it cannot be written; an earlier version of the folder stays whole.
    """
    chosen = choose(plan, targets, source)
    query = _query(chosen)
    with database.read() as connection:
        parts = _parts(connection, chosen, plan)
        labels = labels_of(connection, chosen)
        manifest = write_dataset(
            folder,
            _splits(connection, parts, labels, several=len(chosen) > 1),
            labels=labels,
            recipe_digest=plan.recipe.digest,
            query=query,
            columns=provenance_columns(any(isinstance(each, Consensus) for each in chosen)),
            card=partial(_card, card_facts(connection, plan, chosen, plan.recipe.name)),
        )
    report = ExportReport(str(folder), _counts(manifest), dict(manifest.files))
    if record:
        _record(database, plan, "huggingface", report, query)
    return report


def _card(facts: CardFacts, manifest: Manifest, old: str | None) -> str:
    return render_card(facts, manifest, old)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"the folder {folder} cannot be made: {error.strerror}", hint="choose another folder", path=str(folder)
        ) from error


def _parts(connection: Connection, chosen: Sequence[Labelling], plan: Plan) -> list[tuple[Labelling, str]]:
    parts = [(projection, split) for projection in chosen for split in splits_of(connection, projection)]
    if not parts:
        raise UsageError(
            f"the recipe {plan.recipe.name} has projected nothing yet",
            hint="xprojdb run RECIPE.toml",
            recipe=plan.recipe.name,
        )
    return parts


def _splits(
    connection: Connection, parts: Sequence[tuple[Labelling, str]], labels: Sequence[str], several: bool
) -> Iterator[SplitRows]:
    for projection, split in parts:
        batches = columnar(read_rows(connection, projection, split), labels, _ROWS)
        yield SplitRows(split, batches, projection.target if several else None)


def _counts(manifest: Manifest) -> dict[str, int]:
    return {
        f"{config}/{split}": summary.sentences
        for config, splits in manifest.configs.items()
        if config != "all"
        for split, summary in splits.items()
    }


def _query(chosen: Sequence[Labelling]) -> dict[str, Any]:
    """What was exported, so that the same rows can be selected again: views of the tables, by key."""
    return {
        "projections": [
            {
                "step": each.step.spec.digest,
                "corpus": each.corpus_id,
                "source": each.source,
                "target": each.target,
                "splits": list(each.splits),
            }
            for each in chosen
        ]
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


def card_facts(connection: Connection, plan: Plan, chosen: Sequence[Labelling], title: str) -> CardFacts:
    """What the card says of the data set, out of the database."""
    names = {each.target: language(each.target).name for each in chosen}
    langs = sorted({name.partition("@")[0] for each in chosen for name in each.sources if name != TRANSFER})
    sources = sorted(language(lang).name for lang in langs)
    together = " and combined" if any(len(each.sources) > 1 for each in chosen) else ""
    summary = (
        f"Named entities in {', '.join(names.values())}, projected from {', '.join(sources)} over word alignments"
        f"{together}. "
        "The labels were made by a program and are not checked by people."
    )
    return CardFacts(
        title=title,
        summary=summary,
        languages=names,
        sources=_sources(connection, chosen),
        steps=_steps(chosen),
        scores=_scores(connection, chosen),
        command=f"xprojdb run {plan.recipe.name}.toml\nxprojdb export hf {title} --recipe {plan.recipe.name}",
        recipe=plan.recipe.text,
        language_creators=("found",),
    )


def _sources(connection: Connection, chosen: Sequence[Labelling]) -> list[SourceFacts]:
    keys = {each.corpus_id for each in chosen}
    rows = connection.execute(select(corpus).where(corpus.c.id.in_(keys)).order_by(corpus.c.name))
    return [SourceFacts(row.name, row.version, row.licence, row.citation, row.url) for row in rows]


def _steps(chosen: Sequence[Labelling]) -> list[StepFacts]:
    found: dict[str, StepSpec] = {}

    def visit(spec: StepSpec) -> None:
        for role in sorted(spec.inputs):
            visit(spec.inputs[role])
        found.setdefault(spec.digest, spec)

    for each in chosen:
        visit(each.step.spec)
    return [StepFacts(s.kind, s.digest, s.model, s.revision, dict(s.params)) for s in found.values()]


def _scores(connection: Connection, chosen: Sequence[Labelling]) -> list[ScoreFacts]:
    """The stored evaluations of what is exported; none when ``xprojdb evaluate`` has not run."""
    facts = []
    for each in chosen:
        query = select(evaluation, corpus.c.name).join(corpus, corpus.c.id == evaluation.c.corpus_id)
        wanted = query.where(
            evaluation.c.step_id == each.step.step_id,
            evaluation.c.corpus_id == each.corpus_id,
            evaluation.c.source_langs == each.source,
            evaluation.c.lang == each.target,
            evaluation.c.split == ",".join(each.splits),
            evaluation.c.label == "all",
        )
        for row in connection.execute(wanted):
            score = Score.of(row.correct, row.predicted, row.gold)
            interval = Interval(row.f1, row.f1_low, row.f1_high, 0.95)
            facts.append(ScoreFacts(each.target, row.name, score, interval))
    return facts
