"""Vectors equal the hidden states of transformers, whatever is batched, repeated, too long or odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_checkpoints import e5_encoder, e5_folder, tiny_checkpoint, word_pairs

from xprojdb.errors import ModelError, UsageError
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.encoders.subwords import average_words, windows

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SENTENCES = [["the", "boat", "is", "red"], ["house"], ["a", "bee", "or", "ox"], ["boat", "house", "x"]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> Encoder:
    return Encoder(str(checkpoint), device="cpu")


def reference(folder: Path, sentence: list[str], layer: int) -> tuple[np.ndarray, list[int]]:
    """Hidden states (sub-words, hidden) and their words, from one unbatched run of the whole model."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(folder)(sentence, is_split_into_words=True, return_tensors="pt")
    words = inputs.word_ids()[1:-1]
    inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        states = model(**inputs, output_hidden_states=True).hidden_states[layer]
    return states[0, 1:-1].numpy(), words


@pytest.mark.slow
@pytest.mark.parametrize("layer", range(4))
def test_subword_vectors_are_the_hidden_states_of_that_layer(checkpoint: Path, encoder: Encoder, layer: int) -> None:
    for sentence, result in zip(SENTENCES, encoder.subword_vectors(SENTENCES, layer), strict=True):
        states, words = reference(checkpoint, sentence, layer)
        np.testing.assert_allclose(result.vectors, states, atol=1e-5)
        assert result.words.tolist() == words


def test_layers_above_are_not_run(checkpoint: Path) -> None:
    encoder = Encoder(str(checkpoint), device="cpu")
    ran: list[int] = []
    for number, layer in enumerate(encoder._states.stack):
        layer.attention.register_forward_hook(lambda *_, number=number: ran.append(number))
    encoder.word_vectors([["boat"]], 1)
    assert ran == [0]


def test_layer_can_be_asked_for_after_another(encoder: Encoder) -> None:
    first = encoder.word_vectors(SENTENCES, 3)
    encoder.word_vectors(SENTENCES, 1)
    for before, after in zip(first, encoder.word_vectors(SENTENCES, 3), strict=True):
        np.testing.assert_array_equal(before, after)


def test_word_vectors_are_means_of_subword_vectors(encoder: Encoder) -> None:
    pieces = encoder.subword_vectors(SENTENCES, 2)
    for sentence, piece, result in zip(SENTENCES, pieces, encoder.word_vectors(SENTENCES, 2), strict=True):
        expected = [piece.vectors[piece.words == word].mean(0) for word in range(len(sentence))]
        np.testing.assert_allclose(result, expected, atol=1e-6)
        assert result.dtype == np.float32


def test_words_without_subwords_get_zeros(encoder: Encoder) -> None:
    (result,) = encoder.word_vectors([["boat", "", "\u0000", "house", ""]], 2)
    assert result.any(1).tolist() == [True, False, False, True, False]
    (same,) = encoder.word_vectors([["boat", "house"]], 2)
    np.testing.assert_allclose(result[[0, 3]], same, atol=1e-6)


def test_sentences_without_words_and_no_sentences(encoder: Encoder) -> None:
    empty, blank, full = encoder.word_vectors([[], [""], ["boat"]], 2)
    assert (empty.shape, blank.shape, full.shape) == ((0, 8), (1, 8), (1, 8))
    assert not blank.any()
    assert encoder.word_vectors([], 2) == []
    assert encoder.subword_vectors([[]], 2)[0].vectors.shape == (0, 8)


def test_equal_sentences_are_encoded_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    run = encoder._run
    monkeypatch.setattr(
        encoder, "_run", lambda split, batch, layer: rows.append(len(batch)) or run(split, batch, layer)
    )
    first, second, third = encoder.word_vectors([["boat"], ["house"], ["boat"]], 2)
    assert sum(rows) == 2
    assert first is third
    assert not np.allclose(first, second)
    assert not first.flags.writeable


def test_batches_hold_like_lengths_and_keep_to_the_budget(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(str(checkpoint), device="cpu", batch_tokens=24)
    batches: list[list[int]] = []
    run = encoder._run

    def seen(split: Any, batch: Any, layer: int) -> Any:
        batches.append([window.end - window.start for window in batch])
        return run(split, batch, layer)

    monkeypatch.setattr(encoder, "_run", seen)
    encoder.word_vectors([["x"] * length for length in (1, 9, 2, 10, 3, 4, 8, 14)], 2)
    assert [length for batch in batches for length in batch] == [14, 10, 9, 8, 4, 3, 2, 1]
    assert all(len(batch) * (batch[0] + 2) <= 24 for batch in batches)


def test_batch_size_does_not_matter(checkpoint: Path, encoder: Encoder) -> None:
    alone = Encoder(str(checkpoint), device="cpu", batch_tokens=1).word_vectors(SENTENCES, 3)
    for one, together in zip(alone, encoder.word_vectors(SENTENCES, 3), strict=True):
        np.testing.assert_allclose(one, together, atol=1e-5)


def test_long_sentence_is_read_in_overlapping_windows(checkpoint: Path, encoder: Encoder) -> None:
    sentence = [chr(97 + at * 7 % 26) for at in range(40)]
    (result,) = encoder.word_vectors([sentence], 3)
    cut = windows([40], 14)
    assert [(w.start, w.end) for w in cut] == [(0, 14), (11, 25), (22, 36), (33, 40)]
    for window in cut:
        states, _ = reference(checkpoint, sentence[window.start : window.end], 3)
        kept = states[window.keep_start - window.start : window.keep_end - window.start]
        np.testing.assert_allclose(result[window.keep_start : window.keep_end], kept, atol=1e-5)


def test_windows_cover_every_subword_once_and_far_from_the_cut() -> None:
    for room in (1, 2, 3, 4, 9, 510):
        for length in [*range(60), 1000, 5000]:
            cut = windows([0, length], room)
            kept = [at for window in cut for at in range(window.keep_start, window.keep_end)]
            assert kept == list(range(length))
            for window in cut:
                assert window.sentence == 1
                assert window.start <= window.keep_start < window.keep_end <= window.end <= window.start + room
                assert window.start == 0 or window.keep_start - window.start >= room // 4 // 2
                assert window.end == length or window.end - window.keep_end >= room // 4 // 2


def test_average_words_equals_the_definition() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        words = np.sort(random.integers(0, 9, random.integers(0, 12))).astype(np.int32)
        vectors = random.normal(size=(len(words), 5)).astype(np.float32)
        result = average_words(vectors, words, 10)
        for word in range(10):
            mine = vectors[words == word]
            np.testing.assert_allclose(result[word], mine.mean(0) if len(mine) else np.zeros(5), atol=1e-6)


def test_batch_too_large_for_the_gpu_is_halved(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(str(checkpoint), device="cpu")
    expected = encoder.word_vectors(SENTENCES, 2)
    run, sizes = encoder._run, []

    def small_gpu(split: Any, batch: Any, layer: int) -> Any:
        sizes.append(len(batch))
        if len(batch) > 1:
            raise torch.cuda.OutOfMemoryError("no room")
        return run(split, batch, layer)

    monkeypatch.setattr(encoder, "_run", small_gpu)
    for result, wanted in zip(encoder.word_vectors(SENTENCES, 2), expected, strict=True):
        np.testing.assert_allclose(result, wanted, atol=1e-5)
    assert sizes == [4, 2, 1, 1, 2, 1, 1]


def test_single_sentence_too_large_for_the_gpu_is_an_error(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(str(checkpoint), device="cpu")

    def no_gpu(*_: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("no room")

    monkeypatch.setattr(encoder, "_run", no_gpu)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        encoder.word_vectors(SENTENCES, 2)


def test_half_precision_is_near(checkpoint: Path, encoder: Encoder) -> None:
    half = Encoder(str(checkpoint), device="cpu", precision="bfloat16").word_vectors(SENTENCES, 3)
    for near, exact in zip(half, encoder.word_vectors(SENTENCES, 3), strict=True):
        assert near.dtype == np.float32
        np.testing.assert_allclose(near, exact, atol=0.15)
        assert not np.array_equal(near, exact)


@pytest.mark.optional
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_equals_cpu(checkpoint: Path, encoder: Encoder) -> None:
    on_cuda = Encoder(str(checkpoint), device="cuda").word_vectors(SENTENCES, 3)
    for result, wanted in zip(on_cuda, encoder.word_vectors(SENTENCES, 3), strict=True):
        np.testing.assert_allclose(result, wanted, atol=1e-3)


@pytest.mark.parametrize("layer", [-1, 4])
def test_layer_that_is_not_there(encoder: Encoder, layer: int) -> None:
    with pytest.raises(UsageError) as caught:
        encoder.word_vectors(SENTENCES, layer)
    assert (caught.value.layer, caught.value.layers) == (layer, 3)


@pytest.mark.parametrize("device", ["abacus", "cuda:99", "meta"])
def test_device_that_is_not_there(checkpoint: Path, device: str) -> None:
    with pytest.raises(UsageError) as caught:
        Encoder(str(checkpoint), device=device)
    assert caught.value.device == device


def test_unknown_precision(checkpoint: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Encoder(str(checkpoint), precision="float8")
    assert caught.value.precision == "float8"


def test_damaged_weights(tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError) as caught:
        Encoder(str(tmp_path), device="cpu")
    assert caught.value.model_id == str(tmp_path)


def test_loading_prints_nothing(checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Encoder(str(checkpoint), device="cpu")
    assert capfd.readouterr() == ("", "")


def tiny_model(kind: str) -> Any:
    sizes = {"vocab_size": 40, "pad_token_id": 1}
    if kind == "roberta":
        bert = {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
        return transformers.RobertaConfig(**sizes, **bert, max_position_embeddings=18)
    if kind == "albert":
        bert = {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
        return transformers.AlbertConfig(**sizes, **bert, embedding_size=8, max_position_embeddings=16)
    wide = {"d_model": 8, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 16}
    deep = {"encoder_layers": 3, "decoder_layers": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    return transformers.M2M100Config(**sizes, **wide, **deep)


@pytest.mark.parametrize("kind", ["roberta", "albert", "m2m_100"])
def test_other_architectures(kind: str, tmp_path: Path) -> None:
    tiny_checkpoint(tmp_path, positions=16)
    config = tiny_model(kind)
    config.vocab_size = 64
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    encoder = Encoder(str(tmp_path), device="cpu")
    assert (encoder.layers, encoder._room) == (3, 14)
    model = transformers.AutoModel.from_pretrained(tmp_path).eval()
    model = model.get_encoder() if kind == "m2m_100" else model
    ids = torch.tensor(
        [transformers.AutoTokenizer.from_pretrained(tmp_path)(["boat", "ox"], is_split_into_words=True).input_ids]
    )
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
    for layer in range(4):
        (result,) = encoder.subword_vectors([["boat", "ox"]], layer)
        np.testing.assert_allclose(result.vectors, states[layer][0, 1:-1].numpy(), atol=1e-5)


@pytest.mark.slow
def test_e5_vectors_are_its_hidden_states() -> None:
    sentence = word_pairs()[0][1]
    (result,) = e5_encoder().subword_vectors([sentence], 7)
    states, words = reference(e5_folder(), sentence, 7)
    np.testing.assert_allclose(result.vectors, states, atol=1e-4)
    assert result.words.tolist() == words


@pytest.mark.slow
def test_e5_reads_past_its_512_positions() -> None:
    sentence = [word for left, right in word_pairs() for word in left + right] * 5
    pieces, short = e5_encoder().subword_vectors([sentence, sentence[:20]], 3)
    assert len(pieces.words) > 700
    assert set(pieces.words.tolist()) == set(range(len(sentence)))
    similar = (pieces.vectors[:20] * short.vectors[:20]).sum(1)
    norms = np.linalg.norm(pieces.vectors[:20], axis=1) * np.linalg.norm(short.vectors[:20], axis=1)
    assert (similar / norms).min() > 0.8
