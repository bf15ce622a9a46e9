"""The align step: links as they are stored, and a real encoder behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from model_checkpoints import e5_folder
from projection_sample import import_sample, labels
from sqlalchemy import select
from training_sample import encoder

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db.tables import alignment
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.word_links import Links, format_links
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.planning.planner import plan_recipe
from xprojdb.steps.align.stage import Align
from xprojdb.steps.inputs import parse_links

Write = Callable[..., Path]
ENGLISH = ["Anna/B-PER sold boats in Turin/B-LOC", "Omar/B-PER left", "Nobody saw it"]
GERMAN = ["Anna verkaufte Boote in Turin", "Omar ging", "Niemand hat es gesehen"]
SPANISH = ["Anna vendió barcos en Turín", "Omar se fue", "Nadie lo vio"]


def test_links_are_read_back_as_they_were_written() -> None:
    random = np.random.default_rng(5)
    written = []
    for words in (0, 1, 7, 120):
        pairs = np.argwhere(random.random((words, words)) < 0.3).astype(np.int32)
        scores = 10.0 ** random.uniform(-6, 0, len(pairs))
        written.append(Links(pairs, scores.astype(np.float32)))
    ptr, left, right, scores = parse_links([format_links(links) for links in written])
    assert scores is not None
    assert np.diff(ptr).tolist() == [len(links.pairs) for links in written]
    assert np.array_equal(np.stack([left, right], 1), np.concatenate([links.pairs for links in written]))
    assert scores == pytest.approx(np.concatenate([links.scores for links in written]), rel=1e-3)


def test_links_without_scores_are_read_too() -> None:
    ptr, left, right, scores = parse_links(["0-0 1-2", "", "3-1"])
    assert (ptr.tolist(), left.tolist(), right.tolist(), scores) == ([0, 2, 2, 3], [0, 1, 3], [0, 2, 1], None)


def test_a_sentence_is_encoded_once_for_translations_in_several_batches(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN, "es": SPANISH})
    encoded: list[tuple[str, ...]] = []

    class Counting(Encoder):
        def word_vectors(self, sentences: Sequence[Sequence[str]], layer: int) -> list[np.ndarray]:
            encoded.extend(map(tuple, sentences))
            return super().word_vectors(sentences, layer)

    monkeypatch.setattr("xprojdb.models.encoders.encoder.Encoder", Counting)
    monkeypatch.setattr(Align, "block", 1)
    top = 'name = "n"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de", "es"]\n[[scorer]]\n'
    recipe = parse_recipe(f'{top}[align]\nmodel = "{encoder(tmp_path)}"\nlayer = 2\n')
    assert run_plan(database, plan_recipe(database, recipe)).failed == 0
    with database.read() as connection:
        stored = connection.execute(select(alignment.c.links).order_by(alignment.c.translation_id)).scalars().all()
    english = [" ".join(word.split("/")[0] for word in sentence.split()) for sentence in ENGLISH]
    assert sorted(encoded) == sorted(tuple(sentence.split()) for sentence in (*english, *GERMAN, *SPANISH))
    aligner = EncoderAligner(Encoder(str(encoder(tmp_path))), AlignerParams(layer=2))
    pairs = [(one, other) for one, *others in zip(english, GERMAN, SPANISH, strict=True) for other in others]
    alone = [aligner.align([(one.split(), other.split())])[0] for one, other in pairs]
    assert list(stored) == [format_links(links) for links in alone]


@pytest.mark.slow
def test_a_real_encoder_projects_names(
    sqlite_database: Database, write_conll: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = e5_folder()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    english = ["Anna/B-PER Berg/I-PER lives in Lisbon/B-LOC .", "The Red/B-ORG Cross/I-ORG met in Geneva/B-LOC ."]
    german = ["In Lissabon lebt Anna Berg .", "In Genf traf sich das Rote Kreuz ."]
    import_sample(sqlite_database, write_conll, {"en": english, "de": german})
    top = 'name = "e5"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    plan = plan_recipe(sqlite_database, parse_recipe(f'{top}[align]\nmodel = "{folder}"\n[[scorer]]\n'))
    report = run_plan(sqlite_database, plan)
    assert [(step.done, step.failed) for step in report.steps] == [(2, 0)] * 3
    with sqlite_database.read() as connection:
        stored = connection.execute(select(alignment.c.links)).scalars().all()
    assert all(":" in links for links in stored)
    first, second = (
        {row[1:] for row in labels(sqlite_database) if row[0] == key}
        for key in sorted({row[0] for row in labels(sqlite_database)})
    )
    assert first == {(3, 5, "PER"), (1, 2, "LOC")}
    assert second == {(5, 7, "ORG"), (1, 2, "LOC")}
