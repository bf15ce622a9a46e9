"""Exporting a trained model: the folder tags as the database does, loads in Transformers, has a card, is published."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_hub import TOKEN
from sqlalchemy import select, update
from training_sample import encoder, import_languages, lines, train_toml

import xprojdb
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ModelError
from xprojdb.exports.errors import ExportError
from xprojdb.exports.hub.push import push_folder
from xprojdb.exports.models.exporting import export_model
from xprojdb.planning.trained import find_trained
from xprojdb.steps.spec import find_step
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.params import states_of
from xprojdb.steps.train.tagger import TrainedTagger
from xprojdb.study.train import train_model
from xprojdb.text.spans import Span
from xprojdb.training.decoding import best_tags, iob2_tags
from xprojdb.training.states import WordStates

pytest_plugins = ["push_fixtures"]
torch = pytest.importorskip("torch")
Write = Callable[..., Path]
UNSEEN = [
    "anna met qq in zug",
    "carla carlas left qqqq in zalau zwolle",
    "dora",
    "the boat ✈ annas house zug in in in",
    " ".join(["berta", "zurich"] * 4),
]


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> None:
    """Models that are trained here are kept for one test."""


@pytest.fixture
def news(sqlite_database: Database, write_conll: Write) -> Database:
    import_languages(sqlite_database, write_conll, "en", "de", "es")
    return sqlite_database


def train(database: Database, folder: Path, *more: str, **options: Any) -> None:
    text = train_toml(folder, 'languages = ["en", "de"]', *more, **options)
    train_model(database, LoadedTraining(TrainingRecipe.from_toml(text), text))


def told_by_the_database(database: Database, sentences: list[list[str]], name: str = "tiny") -> list[tuple[Span, ...]]:
    spec = find_trained(database, name)
    with database.read() as connection:
        head = read_head(connection, find_step(connection, spec) or 0, spec)
    return TrainedTagger(head, WordStates(states_of(spec))).tag(sentences)


def pipeline_of(folder: Path) -> Any:
    from transformers import pipeline

    return pipeline(
        "token-classification", model=str(folder), trust_remote_code=True, aggregation_strategy="simple", device="cpu"
    )


def as_spans(text: str, told: list[dict[str, Any]]) -> tuple[Span, ...]:
    """Entities by characters, as words."""
    word = [text[:at].count(" ") for at in range(len(text))]
    return tuple(Span(word[entry["start"]], word[entry["end"] - 1] + 1, entry["entity_group"]) for entry in told)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [("layer = 2",), ('pooling = "first"',), ('head = "linear"', "layer = 3")])
def test_the_folder_tags_as_the_database_does(news: Database, tmp_path: Path, settings: tuple[str, ...]) -> None:
    text = train_toml(tmp_path, steps=40)
    for line in settings:
        key = line.partition(" ")[0]
        kept = [other for other in text.splitlines() if not other.startswith(f"{key} =")]
        text = "\n".join([*kept, line]) + "\n"
    train_model(news, LoadedTraining(TrainingRecipe.from_toml(text), text))
    export_model(news, "trained:tiny", tmp_path / "out")
    sentences = [*UNSEEN, *(" ".join(w.partition("/")[0] for w in line.split()) for line in lines(2, 12))]
    tagger = pipeline_of(tmp_path / "out")
    ours = told_by_the_database(news, [sentence.split() for sentence in sentences])
    assert any(ours)
    assert [as_spans(sentence, tagger(sentence)) for sentence in sentences] == ours
    together = tagger(sentences, batch_size=4)
    assert [as_spans(sentence, message) for sentence, message in zip(sentences, together, strict=True)] == ours
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["encoder"]["num_hidden_layers"] == config["layer"]


def marked_words(folder: Path) -> Path:
    """The tiny encoder with a tokenizer that marks the beginnings of words, as XLM-R's does."""
    import tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "▁", "▁z", "▁in", *string.ascii_lowercase]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram([(piece, -len(piece)) for piece in pieces], 3, False))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 2), ("[CLS]", 0))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special).save_pretrained(folder)
    return folder


def test_words_that_the_tokenizer_marks_at_their_beginning(news: Database, tmp_path: Path) -> None:
    marked_words(encoder(tmp_path))
    train(news, tmp_path, steps=40)
    export_model(news, "tiny", tmp_path / "out")
    tagger = pipeline_of(tmp_path / "out")
    ours = told_by_the_database(news, [sentence.split() for sentence in UNSEEN])
    assert any(ours)
    assert [as_spans(sentence, tagger(sentence)) for sentence in UNSEEN] == ours


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 3))
def test_the_best_tag_of_each_word_is_that_of_the_best_sequence(seed: int, words: int, labels: int) -> None:
    from xprojdb.exports.models.modeling_xprojdb import best_through

    tags = iob2_tags([f"L{place}" for place in range(labels)])
    scores = np.random.default_rng(seed).normal(0, 2, (words, len(tags))).astype(np.float32)
    scores -= np.log(np.exp(scores).sum(1, keepdims=True))
    result = best_through(torch.from_numpy(scores)[None], list(tags))[0].argmax(-1)
    assert result.tolist() == best_tags(scores, [words], tags).tolist()


def test_without_a_rule_at_stake_the_scores_are_the_head_s_own() -> None:
    from xprojdb.exports.models.modeling_xprojdb import best_through

    scores = torch.tensor([[[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]]]).clamp(min=1e-9).log()
    assert torch.allclose(best_through(scores, ["O", "B-X", "I-X"]).exp(), scores.exp(), atol=1e-3)


@pytest.mark.slow
def test_the_card_says_what_is_behind_the_model(news: Database, tmp_path: Path) -> None:
    with news.write() as connection:
        connection.execute(update(t.corpus).values(license="CC-BY-NC-4.0", citation="Sample 2024."))
    train(news, tmp_path)
    with xprojdb.open(news.url) as database:
        database.run(
            xprojdb.Recipe(
                name="zero", corpora=["news"], source=[], target=["es"], splits=["test"],
                tag={"models": {"es": "trained:tiny"}}, combine={"method": "majority", "transfer": True},
            )
        )  # fmt: skip
        written = database.export_model("tiny", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    spec = find_trained(news, "tiny")
    # The encoder is a folder, whose license nobody knows.
    assert "license: unknown" in card and "base_model" not in card
    for message in (
        "| en | news | train | gold | 12 | 72 | 24 |",
        "forbids commercial use",
        "Sample 2024.",
        spec.digest,
        "| es | news (test) |",
        "(95 %)",
        'name = "tiny"',
        "pipeline_tag: token-classification",
        "type: f1",
    ):
        assert message in card, message
    assert written.report.scores == 1 and "README.md" in {row["name"] for row in written.to_dict()}
    for sample in spec.inputs.values():
        assert sample.digest[:12] in card


@pytest.mark.slow
def test_sentences_that_were_learned_from_do_not_measure(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    with xprojdb.open(news.url) as database:
        database.run(
            xprojdb.Recipe(
                name="same", corpora=["news"], source=[], target=["en"], splits=["train"],
                tag={"models": {"en": "trained:tiny"}}, combine={"method": "majority", "transfer": True},
            )
        )  # fmt: skip
    assert export_model(news, "tiny", tmp_path / "out").scores == 0
    assert "has not been measured" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.slow
def test_an_earlier_export_is_replaced_and_what_was_written_by_hand_stays(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    first = export_model(news, "tiny", tmp_path / "out")
    card = tmp_path / "out" / "README.md"
    card.write_text(card.read_text().replace("is kept when the card is made again", "by Ana"))
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert export_model(news, first.digest[:12], tmp_path / "out").digest == first.digest
    assert "by Ana" in card.read_text() and (tmp_path / "out" / "notes.txt").read_text() == "mine"
    (tmp_path / "out" / "config.json").write_text("{}")
    with pytest.raises(ExportError, match="was changed"):
        export_model(news, "tiny", tmp_path / "out")
    with news.read() as connection:
        formats = connection.execute(select(t.export.c.format)).scalars().all()
    assert formats == ["transformers", "transformers"]


def test_a_folder_of_another_origin_is_left_alone(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="was not exported by xprojdb"):
        export_model(news, "tiny", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_folder_that_would_tag_differently_is_not_written(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xprojdb.exports.models import assembling

    train(news, tmp_path)
    monkeypatch.setattr(assembling, "piece_kinds", lambda _tokenizer, size, _model: np.full(size, 2, np.uint8))
    with pytest.raises(ModelError) as refused:
        export_model(news, "tiny", tmp_path / "out")
    assert refused.value.reason == "differs" and not (tmp_path / "out").exists()


def test_an_unknown_model(news: Database, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refused:
        export_model(news, "nobody", tmp_path / "out")
    assert refused.value.reason == "unknown"


def test_a_model_is_published(
    news: Database,
    tmp_path: Path,
    hub: Any,
    client: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    train(news, tmp_path)
    export_model(news, "tiny", tmp_path / "out")
    pushed = push_folder(news, tmp_path / "out", "ana/tiny-tagger")
    assert pushed.destination == "hf://ana/tiny-tagger" and pushed.created
    assert hub.files("ana/tiny-tagger")["model.safetensors"] == (tmp_path / "out" / "model.safetensors").read_bytes()
    assert any(path == "/api/models/ana/tiny-tagger/commit/main" for _, path, _ in hub.requests)
    again = push_folder(news, tmp_path / "out", "ana/tiny-tagger")
    assert not again.added and not again.changed and again.revision == pushed.revision
