"""States of words: what the encoder says, computed once, kept in files that may go at any time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_checkpoints import tiny_checkpoint

from xprojdb.errors import ModelError, XprojdbError
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.store import resolve
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf, WordStates, sentence_key

SENTENCES = [("a", "house"), ("boat",), (), ("a", "house"), ("xyzzy", "q")]


@pytest.fixture
def what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatesOf:
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
    folder = tiny_checkpoint(tmp_path / "encoder")
    return StatesOf(str(folder), resolve(str(folder)).revision, 2)


def never(_what: StatesOf) -> Encoder:
    raise AssertionError("the states are kept")


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_they_are_what_the_encoder_says(what: StatesOf, pooling) -> None:
    what = StatesOf(what.model, what.revision, what.layer, pooling)
    content = WordStates(what).read(SENTENCES)
    assert [len(rows) for rows in content] == [len(words) for words in SENTENCES]
    encoder = Encoder(what.model)
    if pooling == "mean":
        expected = encoder.word_vectors(SENTENCES, 2)
    else:
        expected = [
            np.array([own.vectors[np.flatnonzero(own.words == word)[0]] for word in range(len(words))]).reshape(-1, 8)
            for own, words in zip(encoder.subword_vectors(SENTENCES, 2), SENTENCES, strict=True)
        ]
    for rows, right in zip(content, expected, strict=True):
        np.testing.assert_allclose(np.asarray(rows, np.float32), right, atol=2e-3)


def test_a_second_time_no_encoder_is_loaded(what: StatesOf) -> None:
    first = WordStates(what).read(SENTENCES)
    again = WordStates(what, never)
    assert again.missing(SENTENCES) == 0
    for rows, right in zip(again.read(SENTENCES), first, strict=True):
        np.testing.assert_array_equal(rows, right)


def test_another_process_s_files_are_found(what: StatesOf) -> None:
    early = WordStates(what)
    early.read(SENTENCES[:1])
    WordStates(what).read(SENTENCES)
    early._load = never
    early._encoder = None
    assert len(early.read(SENTENCES)) == len(SENTENCES)


def test_a_damaged_file_is_made_again(what: StatesOf) -> None:
    right = [np.array(rows) for rows in WordStates(what).read(SENTENCES)]
    for path in what.folder.glob("*.rows.npy"):
        path.write_bytes(path.read_bytes()[:-5])
    for rows, expected in zip(WordStates(what).read(SENTENCES), right, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_files_can_be_deleted(what: StatesOf) -> None:
    right = [np.array(rows) for rows in WordStates(what).read(SENTENCES)]
    for path in what.folder.iterdir():
        path.unlink()
    for rows, expected in zip(WordStates(what).read(SENTENCES), right, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_another_layer_or_revision_is_kept_elsewhere(what: StatesOf) -> None:
    folders = {what.folder, StatesOf(what.model, what.revision, 1).folder, StatesOf(what.model, "other", 2).folder}
    assert len(folders) == 3


def test_the_encoder_must_have_the_revision(what: StatesOf) -> None:
    with pytest.raises(ModelError) as refused:
        WordStates(StatesOf(what.model, "sha256:0", 2)).read(SENTENCES)
    assert refused.value.wanted == "sha256:0"


def test_no_room_is_told(what: StatesOf, small_disk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = small_disk(64)
    monkeypatch.setenv("XPROJDB_CACHE", str(disk))
    with pytest.raises(XprojdbError) as refused:
        WordStates(what).read([(f"w{number}",) * 20 for number in range(400)])
    assert refused.value.reason == "no-room" and "None" not in refused.value.message
    assert not list(disk.rglob("*.part"))


def test_what_another_step_has_computed_is_taken_from_it(what: StatesOf) -> None:
    right = WordStates(what).read(SENTENCES, keep=False)
    handed = KeptStates()
    handed.keep([sentence_key(SENTENCES[0])], [right[0]])
    computed: list[StatesOf] = []
    states = WordStates(what, lambda own: computed.append(own) or Encoder(own.model), handed)
    for rows, expected in zip(states.read(SENTENCES, keep=False), right, strict=True):
        np.testing.assert_allclose(rows.astype(np.float32), expected.astype(np.float32), atol=2e-3)
    assert computed == [what]
    handed.keep([sentence_key(words) for words in SENTENCES], right)
    for rows, expected in zip(WordStates(what, never, handed).read(SENTENCES, keep=False), right, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_vectors_beyond_the_room_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [np.full((words, 4), words, np.float16) for words in (2, 3, 1)]
    kept = KeptStates(most=2 * 4 * 2)
    kept.keep([b"a"], rows[:1])
    kept.keep([b"b", b"c"], rows[1:])
    assert b"a" in kept and b"b" not in kept and b"c" not in kept
    np.testing.assert_array_equal(kept.read(b"a"), rows[0])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    full = KeptStates()
    full.keep([b"a"], rows[:1])
    assert b"a" not in full
