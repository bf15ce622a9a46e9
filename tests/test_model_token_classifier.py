"""Token classifiers tag words: whatever their labels, sub-words and the length of sentences."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from toy_tagger import TAGS, kind_of, toy_sentence, toy_tagger, wordpiece_tagger

from xprojdb.errors import ModelError, UsageError
from xprojdb.models.loading import load
from xprojdb.models.store import resolve
from xprojdb.models.taggers.token_classifier import ClassifierParams, TokenClassifier, classifier_labels, tags_of
from xprojdb.text.spans import Span, spans_from_tags

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tagger() -> TokenClassifier:
    return TokenClassifier(str(toy_tagger()), device="cpu")


@pytest.mark.slow
def test_names_are_found_and_labelled(tagger: TokenClassifier) -> None:
    sentences = ["Anna Berg saw Oslo", "nobody came", "Lin met Vera", ""]
    expected = [(Span(0, 2, "PER"), Span(3, 4, "LOC")), (), (Span(0, 1, "PER"), Span(2, 3, "LOC")), ()]
    assert tagger.tag([sentence.split() for sentence in sentences]) == expected


def test_labels_without_a_beginning_are_read(tagger: TokenClassifier) -> None:
    assert tagger.labels == TAGS
    assert classifier_labels(resolve(str(toy_tagger())), "toy") == TAGS


def test_long_sentences_are_read_to_their_end(tagger: TokenClassifier) -> None:
    rng = random.Random(1)
    sentences = [toy_sentence(rng, words) for words in (1, 9, 40, 120)]
    for words, result in zip(sentences, tagger.tag(sentences), strict=True):
        assert result == spans_from_tags([kind_of(word) for word in words])


def test_a_word_longer_than_the_window_gets_its_label(tagger: TokenClassifier) -> None:
    assert tagger.tag([["see", "Anna" * 20, "now"]]) == [(Span(1, 2, "PER"),)]


def test_a_word_that_the_tokenizer_drops_is_outside(tagger: TokenClassifier) -> None:
    tagged = tagger.tag_scored([["Anna", "", "Berg"]])[0]
    assert tagged.spans == (Span(0, 1, "PER"), Span(2, 3, "PER"))
    assert tagged.probabilities[1].tolist() == [0, 0, 0, 1]


def _reference(folder: Path, words: list[str], subwords: str) -> np.ndarray:
    """Word probabilities from one unbatched run, written out."""
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(folder)(words, is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        rows = model(**inputs).logits[0].softmax(-1).tolist()
    expected = []
    for word in range(len(words)):
        own = [row for row, place in zip(rows, inputs.word_ids(), strict=True) if place == word]
        if subwords == "first":
            expected.append(own[0])
        elif subwords == "max":
            expected.append(max(own, key=max))
        else:
            expected.append([sum(column) / len(own) for column in zip(*own, strict=True)])
    return np.array(expected)


@pytest.mark.parametrize("subwords", ["first", "max", "average"])
def test_word_probabilities_follow_from_subwords(tmp_path: Path, subwords: str) -> None:
    folder = wordpiece_tagger(tmp_path / "bert")
    sentences = [["the", "boat", "is", "red"], ["abba"], ["xyz", "a", "boat"], ["abba"], ["boat"] * 3]
    tagger = TokenClassifier(str(folder), ClassifierParams(subwords), device="cpu", batch_tokens=20)
    for words, tagged in zip(sentences, tagger.tag_scored(sentences), strict=True):
        expected = _reference(folder, words, subwords)
        np.testing.assert_allclose(tagged.probabilities, expected, atol=1e-5)
        assert tagged.spans == spans_from_tags([tagger.labels[best] for best in expected.argmax(1)])


def test_aggregations_differ(tmp_path: Path) -> None:
    folder = str(wordpiece_tagger(tmp_path / "bert"))
    taggers = [TokenClassifier(folder, ClassifierParams(name)) for name in ("first", "max", "average")]
    first, best, mean = (
        tagger.tag_scored([["cab", "fig", "zyx", "qrst", "mno"]])[0].probabilities.tolist() for tagger in taggers
    )
    assert first != best != mean != first


def test_a_gpu_out_of_memory_gets_smaller_batches(tagger: TokenClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [toy_sentence(random.Random(seed), 3) for seed in range(9)]
    whole = tagger.tag(sentences)
    again = TokenClassifier(str(toy_tagger()), device="cpu")
    run, sizes = again._run, []

    def fragile(split: object, batch: list[object]) -> object:
        if len(batch) > 2:
            raise torch.cuda.OutOfMemoryError
        sizes.append(len(batch))
        return run(split, batch)

    monkeypatch.setattr(again, "_run", fragile)
    assert again.tag(sentences) == whole
    assert max(sizes) == 2


def test_labels_without_prefix_are_read() -> None:
    assert tags_of({"0": "O", "10": "B-LOC", "2": "PER"}, "m") == ("O", "I-PER", "B-LOC")


def test_labels_without_meaning_are_refused(tmp_path: Path) -> None:
    folder = wordpiece_tagger(tmp_path / "bert", id2label={0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(ModelError) as raised:
        TokenClassifier(str(folder))
    assert raised.value.labels == ("LABEL_0", "LABEL_1")


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    source = wordpiece_tagger(tmp_path / "bert")
    transformers.BertModel.from_pretrained(source).save_pretrained(tmp_path / "encoder")
    for name in ("vocab.txt", "tokenizer_config.json"):
        (tmp_path / "encoder" / name).write_text((source / name).read_text())
    with pytest.raises(ModelError) as raised:
        TokenClassifier(str(tmp_path / "encoder"))
    assert (raised.value.model_id, raised.value.reason) == (str(tmp_path / "encoder"), "head")
    with pytest.raises(ModelError) as raised:
        classifier_labels(resolve(str(tmp_path / "encoder")), "bare")
    assert (raised.value.model_id, raised.value.reason) == ("bare", "architecture")


def test_an_architecture_without_such_a_head_is_refused(tmp_path: Path) -> None:
    transformers.MarianConfig(vocab_size=8, d_model=4).save_pretrained(tmp_path)
    with pytest.raises(ModelError) as raised:
        load("AutoModelForTokenClassification", str(tmp_path), task="a token classifier")
    assert raised.value.reason == "architecture"


def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError) as raised:
        TokenClassifier(str(tmp_path / "nothing"))
    assert raised.value.model_id == str(tmp_path / "nothing")


def test_an_unknown_aggregation_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        TokenClassifier(str(toy_tagger()), ClassifierParams("last"))  # type: ignore[arg-type]
    assert "first" in raised.value.known
