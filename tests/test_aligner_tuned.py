"""An encoder that learns from the translations it aligns, and words by their first sub-words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from model_checkpoints import tiny_checkpoint, word_pairs
from projection_sample import english, german, import_sample
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ModelError
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuned import TunableAligner
from xprojdb.models.aligners.tuning import TuningParams, contrast_loss, link_loss, tune
from xprojdb.models.encoders.adapters import linear_maps
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.planning.planner import plan_recipe

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")

Write = Callable[..., Path]
COMPARED = AlignerParams(layer=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "encoder", positions=64)


def test_the_link_loss_is_that_of_the_paper() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        left, right = (random.normal(size=(random.integers(1, 5), 6)) for _ in range(2))
        cosine = (left @ right.T) / np.linalg.norm(left, axis=1)[:, None] / np.linalg.norm(right, axis=1)
        raised = np.exp((cosine + 1) / 2 / 0.1)
        forward, backward = raised / raised.sum(1, keepdims=True), raised / raised.sum(0)
        so = 0.0
        for i in range(len(left)):
            for j in range(len(right)):
                best = cosine[i, j] == cosine[i].max() == cosine[:, j].max()
                if best and np.sqrt(forward[i, j] * backward[i, j]) > 0.1:
                    so -= (forward[i, j] / len(left) + backward[i, j] / len(right)) / 2
        co = -(forward * backward).sum() / min(cosine.shape)
        tensors = [torch.from_numpy(side) for side in (left, right)]
        assert float(link_loss(*tensors, 0.1, ("so",))) == pytest.approx(so)
        assert float(link_loss(*tensors, 0.1, ("so", "co"))) == pytest.approx(so + co)


def test_the_contrast_is_least_where_translations_are_most_alike() -> None:
    assert float(contrast_loss(torch.eye(3) * 9)) < float(contrast_loss(torch.eye(3)))
    assert float(contrast_loss(torch.zeros(4, 4))) == pytest.approx(np.log(4))


def test_tuning_lowers_the_loss_and_leaves_the_encoder_as_it_is(checkpoint: Path) -> None:
    encoder, params = (
        Encoder(str(checkpoint)),
        TuningParams(epochs=4, rate=0.02, batch=4, trained_layers=2, objectives=("so", "psi")),
    )
    before = encoder.word_vectors([["anna", "met"]], 3)[0].copy()
    tuned = tune(encoder, word_pairs(), COMPARED, params)
    assert tuned.losses[-1] < tuned.losses[0] and len(tuned.losses) == 4
    assert np.array_equal(encoder.word_vectors([["anna", "met"]], 3)[0], before)
    again = tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, params)
    assert again.losses == tuned.losses


def test_an_aligner_has_what_was_learned(checkpoint: Path) -> None:
    load = partial(Encoder, str(checkpoint))
    tunable = TunableAligner(load, COMPARED, TuningParams(epochs=2, rate=0.02, batch=4, objectives=("so", "co", "psi")))
    learned = tunable.learn(word_pairs())
    aligner = tunable.trained(learned)
    assert isinstance(aligner, EncoderAligner)
    arrays = safetensors.numpy.load(base64.b64decode(learned["adapters"]))
    base, now = (dict(one.modules.named_parameters()) for one in (load(), aligner.encoder))
    changed = {name for name in base if not torch.equal(base[name], now[name])}
    assert changed == {f"{name}.weight" for name in linear_maps(load().modules, range(3))}
    for name in changed:
        path = f"base_model.model.{name.removesuffix('.weight')}"
        down, up = (arrays[f"{path}.lora_{side}.weight"].astype(np.float32) for side in "AB")
        assert (now[name] - base[name]).detach().numpy() == pytest.approx(up @ down, abs=1e-6)
    plain = EncoderAligner(load(), COMPARED).align(word_pairs())
    assert any(not np.allclose(a.scores, b.scores) for a, b in zip(aligner.align(word_pairs()), plain, strict=True)
               if a.scores.shape == b.scores.shape)  # fmt: skip


@pytest.mark.parametrize("pooling", ["first", "stem"])
def test_words_by_their_first_sub_words(checkpoint: Path, pooling: str) -> None:
    encoder = Encoder(str(checkpoint))
    aligner = EncoderAligner(encoder, AlignerParams(layer=2, pooling=pooling))  # type: ignore[arg-type]
    sentences = [words for pair in word_pairs() for words in pair]
    for units, own in zip(aligner.units(sentences), encoder.subword_vectors(sentences, 2), strict=True):
        assert units.words.tolist() == sorted(set(own.words.tolist()))
        for row, word in zip(units.vectors, units.words.tolist(), strict=True):
            pieces = own.vectors[own.words == word]
            weights = 1 / np.arange(1, len(pieces) + 1) if pooling == "stem" else np.eye(len(pieces))[0]
            assert row == pytest.approx((pieces * weights[:, None]).sum(0) / weights.sum(), abs=1e-5)
    assert [link.pairs.shape[1] for link in aligner.align(word_pairs())] == [2] * len(word_pairs())


def test_a_recipe_tunes_once_and_links_later_sentences_with_it(
    sqlite_database: Database, write_conll: Write, checkpoint: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    keys = f'aligner = "tuned"\nmodel = "{checkpoint}"\nlayer = 2\nepochs = 1\nbatch = 4\ntrained_layers = 1\n'
    recipe = f'name = "t"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n[align]\n{keys}[[scorer]]\n'
    plan = plan_recipe(sqlite_database, parse_recipe(recipe))
    assert run_plan(sqlite_database, plan).failed == 0
    with sqlite_database.read() as connection:
        query = select(t.step.c.kind, t.outcome.c.reason).join(t.step, t.step.c.id == t.outcome.c.step_id)
        reasons = dict(tuple(row) for row in connection.execute(query.where(t.step.c.kind == "tuned-encoder")))
        before = connection.execute(select(t.alignment.c.links).order_by(t.alignment.c.translation_id)).scalars().all()
    assert reasons["tuned-encoder"].startswith("learned:translations=6,losses=")
    assert run_plan(sqlite_database, plan_recipe(sqlite_database, parse_recipe(recipe))).done == 0
    assert len(before) == 6


def test_shared_layers_cannot_be_tuned(checkpoint: Path) -> None:
    encoder = Encoder(str(checkpoint))
    encoder.modules.config.num_hidden_layers = 77
    with pytest.raises(ModelError):
        linear_maps(encoder.modules, range(1))
