"""Read what a study has measured."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from xprojdb.arrays import Ints
from xprojdb.db import bulk
from xprojdb.db.tables import corpus, model, model_score, sentence_pair, step, study, study_cell
from xprojdb.errors import UsageError
from xprojdb.steps.train.measure import unpack


class Series(NamedTuple):
    """What curves are drawn of: one task, in one arm, under one kind of budget."""

    task: str
    arm: str
    regime: str

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.task}, {self.regime} budget" + ("" if self.arm == "raw" else f", {self.arm}")


@dataclass(frozen=True, eq=False)
class Measurement:
    """One model on one target.

    :param ordering, place: of the subset of sources.
    :param counts: (items, 3) correct, predicted and gold of each test item.
    """

    series: Series
    k: int
    ordering: int
    place: int
    seed: int
    sources: tuple[str, ...]
    target: str
    score: float
    counts: Ints
    model: str
    cpu_s: float

    @property
    def subset(self) -> tuple[str, ...]:
        """The sources, in no order: two orders of the pool may give the same ones."""
        return tuple(sorted(self.sources))


@dataclass(frozen=True)
class StudyData:
    """A study and everything that it has measured.

    :param cells: how many it has, and how many of them are measured.
    :param translated: by language, how many pairs of the split that measures were translated by a ``human`` or by
        a ``machine``; an empty string where that is not known.
    :param corpora: name, license, version and citation of each.
    """

    name: str
    digest: str
    text: str
    cells: int
    measured: int
    measurements: list[Measurement]
    measures: dict[str, dict[str, Any]]
    corpora: list[dict[str, str | None]]
    training: dict[str, Any]
    encoder: tuple[str, str]
    translated: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def recipe(self) -> dict[str, Any]:
        """The tables of its recipe, as they were written: without defaults."""
        return tomllib.loads(self.text)

    @property
    def choice(self) -> tuple[str, str]:
        """How sources are chosen, and by which nearness: ``subsets`` and ``near`` of the recipe."""
        table = self.recipe.get("study", {})
        return table.get("subsets", "rotations"), table.get("near", "words")

    @property
    def series(self) -> list[Series]:
        """In a fixed order, those without a control first."""
        return sorted(
            {measurement.series for measurement in self.measurements},
            key=lambda each: (each.task, each.arm != "raw", each),
        )

    def of(self, series: Series, k: int | None = None) -> list[Measurement]:
        """The measurements of a series, or of one number of sources in it."""
        return [
            measurement
            for measurement in self.measurements
            if measurement.series == series and k in (None, measurement.k)
        ]

    def ks(self, series: Series) -> list[int]:
        """The numbers of sources of a series."""
        return sorted({entry.k for entry in self.of(series)})

    def targets(self, series: Series) -> list[str]:
        """The targets of a series."""
        return sorted({entry.target for entry in self.of(series)})


def read_study(connection: Connection, name: str) -> StudyData:
    """Read a study.

    :raises UsageError: when there is none of that name, or nothing of it is measured.
    """
    row = connection.execute(select(study).where(study.c.name == name)).first()
    if row is None:
        known = list(connection.execute(select(study.c.name).order_by(study.c.name)).scalars())
        hint = f"there are {', '.join(known)}" if known else "xprojdb study RECIPE"
        raise UsageError(f"there is no study {name}", hint=hint, name=name, known=tuple(known))
    measurements = _measurements(connection, row.id)
    if not measurements:
        hint = "xprojdb study RECIPE"
        raise UsageError(f"nothing of the study {name} is measured yet", hint=hint, name=name, reason="unmeasured")
    cells = connection.execute(select(study_cell.c.train_id).where(study_cell.c.study_id == row.id)).scalars().all()
    trained = set(connection.execute(select(model.c.step_id)).scalars())
    measures = _measures(connection, row.id)
    names = {corpus_name for params in measures.values() for corpus_name in params["corpora"]}
    first = connection.execute(select(step).where(step.c.id == cells[0])).one()
    return StudyData(
        name, row.digest, row.text, len(cells), sum(key in trained for key in cells), measurements, measures,
        _corpora(connection, names), json.loads(first.params), (first.model or "", first.revision or ""),
        _translated(connection, measures["nli"]) if "nli" in measures else {},
    )  # fmt: skip


def _measurements(connection: Connection, study_id: int) -> list[Measurement]:
    cell = study_cell.c
    query = (
        select(
            cell.task, cell.arm, cell.regime, cell.k, cell.ordering, cell.place, cell.seed, cell.sources, cell.targets,
            model_score.c.lang, model_score.c.score, model_score.c.counts, step.c.digest, model.c.cpu_s,
        )
        .join(model_score, (model_score.c.step_id == cell.measure_id) & (model_score.c.train_id == cell.train_id))
        .join(step, step.c.id == cell.train_id)
        .join(model, model.c.step_id == cell.train_id)
        .where(cell.study_id == study_id)
        .order_by(cell.task, cell.arm, cell.regime, cell.k, cell.ordering, cell.place, cell.seed, model_score.c.lang)
    )  # fmt: skip
    results: dict[tuple[Any, ...], Measurement] = {}
    for task, arm, regime, k, ordering, place, seed, sources, targets, lang, score, counts, digest, cpu_s in bulk.fetch(
        connection, query
    ):
        if lang in json.loads(targets):
            named, series = tuple(json.loads(sources)), Series(task, arm, regime)
            model_cost = (unpack(bytes(counts)), digest, cpu_s)
            measurement = Measurement(series, k, ordering, place, seed, named, lang, score, *model_cost)
            # The same model from two orders is one measurement.
            results.setdefault((series, k, measurement.subset, seed, lang), measurement)
    return list(results.values())


def _measures(connection: Connection, study_id: int) -> dict[str, dict[str, Any]]:
    query = select(step.c.params).join(study_cell, study_cell.c.measure_id == step.c.id)
    rows = connection.execute(query.where(study_cell.c.study_id == study_id).distinct()).scalars()
    return {params["task"]: params for params in map(json.loads, rows)}


def _corpora(connection: Connection, names: Sequence[str] | set[str]) -> list[dict[str, str | None]]:
    columns = [corpus.c[name] for name in ("name", "version", "license", "citation")]
    query = select(*columns).where(corpus.c.name.in_(sorted(names))).order_by(corpus.c.name)
    return [
        {"name": name, "version": version, "license": license_, "citation": citation}
        for name, version, license_, citation in connection.execute(query)
    ]


def _translated(connection: Connection, params: dict[str, Any]) -> dict[str, dict[str, int]]:
    pair = sentence_pair.c
    query = (
        select(pair.lang, func.coalesce(pair.origin, ""), func.count())
        .join(corpus, corpus.c.id == pair.corpus_id)
        .where(
            corpus.c.name.in_(params["corpora"]), pair.split == params["split"], pair.lang.in_(list(params["tests"]))
        )
        .group_by(pair.lang, pair.origin)
        .order_by(pair.lang)
    )
    results: dict[str, dict[str, int]] = {}
    for lang, origin, count in connection.execute(query):
        results.setdefault(lang, {})[origin] = count
    return results
