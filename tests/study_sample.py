"""A study of made-up scores, stored without training anything."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from sqlalchemy import insert

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.steps.spec import StepSpec, register_step
from xprojdb.steps.train.measure import pack

POOL = ("en", "de", "es", "it", "nl", "sv")
TARGETS = ("fr", "ro")
ITEMS = 40
_HEAD = {"layer": 8, "head": "mlp", "hidden": 32, "pooling": "mean", "steps": 10, "batch": 64}


def store_study(
    database: Database, name: str = "curves", *, ks: Sequence[int] = (1, 2, 4), text: str = "", measured: bool = True
) -> int:
    """A study whose scores rise with the number of sources; returns the number of its cells.

    :param measured: whether its models are trained; otherwise none is.
    """
    rng = np.random.default_rng(0)
    cells = 0
    with database.write() as connection:
        study_id = connection.execute(
            insert(t.study).values(name=name, digest="a" * 64, text=text, created_at="2024-05-01T10:00:00+00:00")
        ).inserted_primary_key[0]
        tests = {lang: f"items of {lang}" for lang in TARGETS}
        params = {"task": "ner", "corpora": ["news"], "split": "test", "limit": None, "seed": 0, "tests": tests}
        measure_id = register_step(connection, StepSpec("measure", 1, params, None, None, {}))
        for regime in ("fixed", "growing"):
            for k in ks:
                for place in range(len(POOL)):
                    sources = [POOL[(place + n) % len(POOL)] for n in range(k)]
                    spec = StepSpec("train", 2, {**_HEAD, "of": [name, regime, sources]}, "an encoder", "r1", {})
                    train_id = register_step(connection, spec)
                    key = (study_id, "ner", "raw", regime, k, 0, place, 0, json.dumps(sources), json.dumps(TARGETS))
                    names = [column.name for column in t.study_cell.columns]
                    row = dict(zip(names, (*key, train_id, measure_id), strict=True))
                    connection.execute(insert(t.study_cell).values(row))
                    cells += 1
                    if measured:
                        _store_scores(connection, train_id, measure_id, 0.4 + 0.1 * np.log2(k), rng)
    return cells


def _store_scores(connection, train_id: int, measure_id: int, chance: float, rng: np.random.Generator) -> None:
    trained = {"sha256": "0" * 64, "weights": b"", "size": 0, "steps": 10, "cpu_s": 1.0, "versions": "{}"}
    trained |= {"measures": "{}", "trained_at": "2024-05-01T10:00:00+00:00", "step_id": train_id}
    connection.execute(insert(t.model).values(trained))
    # A further language, which is a target of no cell here.
    for lang in (*TARGETS, "pt"):
        counts = np.ones((ITEMS, 3), np.int32)
        counts[:, 0] = rng.random(ITEMS) < chance
        correct, predicted, gold = counts.sum(0).tolist()
        score = 200 * correct / (predicted + gold) if lang != "pt" else 0.0
        values = (measure_id, train_id, lang, ITEMS, correct, predicted, gold, score, pack(counts))
        names = [column.name for column in t.model_score.columns]
        connection.execute(insert(t.model_score).values(dict(zip(names, values, strict=True))))
