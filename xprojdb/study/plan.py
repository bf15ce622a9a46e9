"""From the cells of a study to steps: samples, train steps, and the step that measures them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select

from xprojdb.config.tables.study import StudyTable
from xprojdb.config.tables.train import TrainTable
from xprojdb.config.training import LoadedTraining
from xprojdb.db import Database
from xprojdb.db.tables import model, step
from xprojdb.digest import canonical_json
from xprojdb.errors import UsageError
from xprojdb.exports.selection.references import References
from xprojdb.models.store import canonical_id
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.train.measure import Measure, MeasureParams
from xprojdb.steps.train.measured import read_test_pairs, read_tests
from xprojdb.steps.train.params import states_of
from xprojdb.study.design.cells import Cell, cells_of, undecided
from xprojdb.study.design.checks import check_tables, design_warnings, leakage, no_gold
from xprojdb.study.design.similarity import (
    ENCODED,
    SENTENCES,
    Similarities,
    state_similarities,
    word_similarities,
)
from xprojdb.study.design.typology import typological_similarities
from xprojdb.study.languages import first_sentences
from xprojdb.study.samples import Sample, Sampler
from xprojdb.study.train import short_note
from xprojdb.study.trainings import classes_of, encoder_revision, train_spec
from xprojdb.training.states import StatesOf, WordStates


@dataclass
class PlannedStudy:
    """A study before it is run.

    :param cells: with their train steps.
    :param measures: the steps that measure, by task.
    :param samples: what is learned from, by digest.
    :param sentences: all whose states are read.
    :param trained: digests of the train steps that are done already.
    :param warnings: what weakens it.
    """

    loaded: LoadedTraining
    cells: list[tuple[Cell, StepSpec]]
    measures: dict[str, StepSpec]
    samples: dict[str, Sample]
    sentences: list[tuple[str, ...]]
    states: StatesOf
    trained: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    @property
    def trainings(self) -> dict[str, StepSpec]:
        """The different train steps, by digest: cells share them."""
        return {spec.digest: spec for _, spec in self.cells}

    @property
    def pending(self) -> list[StepSpec]:
        """The train steps without a model."""
        return [spec for digest, spec in self.trainings.items() if digest not in self.trained]


def plan_study(database: Database, loaded: LoadedTraining, references: References | None = None) -> PlannedStudy:
    """Plan a study; stores nothing.

    :raises UsageError: when the recipe has no ``[study]``, a target has no gold, languages have different labels, or
        the test split is trained on.
    """
    table = loaded.recipe.study
    if table is None:
        hint = "say in it what to compare: [study] pool, targets, k, budgets"
        raise UsageError(f"the recipe {loaded.recipe.name} has no study", hint=hint, reason="no-study")
    check_tables(loaded.recipe.train, table)
    return _Planning(database, loaded, table, references).plan()


class _Planning:
    def __init__(
        self, database: Database, loaded: LoadedTraining, table: StudyTable, references: References | None
    ) -> None:
        self.database, self.loaded, self.table, self.references = database, loaded, table, references
        self.recipe = loaded.recipe
        self.revision = encoder_revision(self.recipe.train)
        self.warnings = design_warnings(table)
        self.samples: dict[tuple[str, str, int, int], Sample] = {}
        self.sentences: dict[tuple[str, ...], None] = {}

    def plan(self) -> PlannedStudy:
        cells: list[tuple[Cell, StepSpec]] = []
        measures: dict[str, StepSpec] = {}
        for task in self.table.tasks:
            own = self.recipe.train.model_copy(update={"task": task, "arm": "raw"})
            if task == "nli" and self.table.pair_splits:
                own = own.model_copy(update={"splits": self.table.pair_splits})
            measures[task] = self._measure(task)
            sampler = Sampler(self.database, self.recipe, own, self.sentences if task == "ner" else (), self.references)
            classes, notes = classes_of(sampler, self.table.pool, own.splits)
            self.warnings += notes
            cells += [
                (cell, self._spec(cell, own, classes, sampler)) for cell in self._cells(sampler) if cell.task == task
            ]
            if sampler.left_out:
                message = (
                    "sentences that measure, word for word, stand among those to learn from: they are left out there"
                )
                self.warnings.append(f"{sampler.left_out:,} {message}")
        self._warn(measures)
        states = states_of(cells[0][1])
        digests = {sample.spec.digest: sample for sample in self.samples.values()}
        for sample in digests.values():
            self.sentences.update(dict.fromkeys(sample.sentences))
        study = PlannedStudy(
            self.loaded, cells, measures, digests, list(self.sentences), states, warnings=self.warnings
        )
        study.trained = self._trained(study.trainings)
        return study

    def _cells(self, sampler: Sampler) -> list[Cell]:
        if self.table.subsets == "rotations":
            return cells_of(self.table)
        similarities = self._similarities(sampler)
        if self.table.subsets == "ranked" and (tied := undecided(self.table, similarities)):
            self.warnings.append(
                f'near = "{self.table.near}" has sources that are equally near to {", ".join(tied)}: which of them are '
                "taken is the order of their codes"
            )
        return cells_of(self.table, similarities)

    def _similarities(self, sampler: Sampler) -> Similarities:
        table = self.table
        langs = list(dict.fromkeys((*table.pool, *table.targets)))
        if table.near == "words":
            return word_similarities({lang: self._texts(sampler, lang, SENTENCES) for lang in langs})
        if table.near != "states":
            return typological_similarities(langs, table.near)
        train = sampler.table
        states = WordStates(StatesOf(canonical_id(train.encoder), self.revision, train.layer, train.pooling))
        vectors = {}
        for lang in langs:
            read = states.read(self._texts(sampler, lang, ENCODED)[:ENCODED])
            vectors[lang] = np.array([rows.astype(np.float32).mean(0) for rows in read])
        return state_similarities(vectors)

    def _texts(self, sampler: Sampler, lang: str, most: int) -> list[tuple[str, ...]]:
        """Sentences of a language to compare it with others; their labels, if any, are not looked at.

        :raises UsageError: when there are none.
        """
        splits = sampler.table.splits
        if sampler.table.task == "nli":
            texts = [words for item in sampler.available(lang, splits).items[:most] for words in item.words if words]
        else:
            with self.database.read() as connection:
                texts = first_sentences(connection, self.recipe.corpora, lang, splits, most, self.sentences)
        if not texts:
            raise UsageError(
                f"there are no sentences of {lang} in {', '.join(splits)} to compare it with others",
                hint=f"import some, without labels: xprojdb import text --lang {lang} --split {splits[0]}; "
                'or use near = "family", "syntax" or "geography"',
                lang=lang,
                reason="no-text",
            )
        return texts

    def _spec(self, cell: Cell, table: TrainTable, classes: tuple[str, ...], sampler: Sampler) -> StepSpec:
        samples = {lang: self._sample(cell, lang, share, sampler) for lang, share in cell.shares.items()}
        return train_spec(table, classes, samples, seed=cell.seed, arm=cell.arm, revision=self.revision)

    def _sample(self, cell: Cell, lang: str, share: int, sampler: Sampler) -> Sample:
        # Every training of a subset has a sample of its own: what varies between them is both.
        key = (cell.task, lang, share, cell.seed)
        if key not in self.samples:
            unit = self.table.unit if cell.task == "ner" else "sentences"
            self.samples[key] = sampler.draw(lang, share, unit, self.table.seed + cell.seed)
        return self.samples[key]

    def _measure(self, task: str) -> StepSpec:
        table, recipe = self.table, self.recipe
        choice = (recipe.corpora, table.test, table.test_limit, table.seed)
        mapping = recipe.mapping if task == "ner" else None
        params = MeasureParams(
            task=task,
            corpora=recipe.corpora,
            split=table.test,
            limit=table.test_limit,
            seed=table.seed,
            labels=mapping.to_json() if mapping is not None else None,
            tests={lang: self._test(task, lang, *choice) for lang in sorted(table.targets)},
        )
        return StepSpec(Measure.kind, Measure.version, params.to_params())

    def _test(self, task: str, lang: str, corpora: tuple[str, ...], split: str, limit: int | None, seed: int) -> str:
        """The digest of the test items of a language, whose words are noted.

        :raises UsageError: when there are none.
        """
        with self.database.read() as connection:
            if task == "ner":
                tests = read_tests(connection, corpora, lang, split, limit, seed, self.recipe.mapping)
                content = [[test.words, test.spans] for test in tests]
                self.sentences.update(dict.fromkeys(test.words for test in tests))
            else:
                pairs = read_test_pairs(connection, corpora, lang, split, limit, seed)
                content = [[pair.premise, pair.hypothesis, pair.label] for pair in pairs]  # type: ignore[list-item]
                self.sentences.update(dict.fromkeys(text for pair in pairs for text in pair[:2]))
        if not content:
            raise no_gold(lang, corpora, split)
        return hashlib.sha256(canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()

    def _warn(self, measures: Mapping[str, StepSpec]) -> None:
        short = {(task, lang): sample for (task, lang, _, _), sample in self.samples.items() if sample.short}
        unit = self.table.unit
        self.warnings += [
            short_note(lang, unit if task == "ner" else "sentences", entry) for (task, lang), entry in short.items()
        ]
        with self.database.read() as connection:
            for task, spec in measures.items():
                own = [sample for (entry, *_), sample in self.samples.items() if entry == task]
                self.warnings += leakage(connection, MeasureParams.from_params(spec.params), own)

    def _trained(self, trainings: Iterable[str]) -> set[str]:
        with self.database.read() as connection:
            query = select(step.c.digest).join(model, model.c.step_id == step.c.id)
            return set(connection.execute(query).scalars()) & set(trainings)
