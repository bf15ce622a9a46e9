"""Token classifiers that tests make: an XLM-R that has learned which words are names, and a random WordPiece BERT."""

from __future__ import annotations

import atexit
import functools
import random
import shutil
import string
import tempfile
from pathlib import Path

import pytest

TAGS = ("B-LOC", "I-LOC", "I-PER", "O")
"""As XLM-R has them for CoNLL-2003: names begin with I-, and a B- is for what follows another of its kind."""
_IGNORED = -100


def kind_of(word: str) -> str:
    """The tag of a toy word: names of people begin with A to M, names of places with N to Z."""
    if not word[0].isupper():
        return "O"
    return "I-PER" if word[0] <= "M" else "I-LOC"


def toy_sentence(rng: random.Random, words: int) -> list[str]:
    """Random words, a third of them names, in no particular order."""
    results = []
    for _ in range(words):
        word = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 6)))
        results.append(word.capitalize() if rng.random() < 1 / 3 else word)
    return results


@functools.cache
def toy_tagger() -> Path:
    """The folder of an XLM-R token classifier that has learned :func:`kind_of`; made once a session, in seconds.

    It reads 18 sub-words at once, its sub-words being letters.
    """
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = Path(tempfile.mkdtemp(prefix="xprojdb-test-tagger-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    letters = string.ascii_letters + string.digits + ".,"
    vocabulary = [(piece, 0.0) for piece in special] + [(f"▁{x}", -1.0) for x in letters] + [(x, -2.0) for x in letters]
    tokenizer = transformers.XLMRobertaTokenizer(vocab=vocabulary, model_max_length=20)
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=22,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        type_vocab_size=1,
        pad_token_id=1,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: place for place, tag in enumerate(TAGS)},
    )
    torch.manual_seed(11)
    model = transformers.XLMRobertaForTokenClassification(config)
    _train(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _train(model: object, tokenizer: object) -> None:
    import torch

    rng = random.Random(5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(80):
        sentences = [toy_sentence(rng, rng.randint(1, 4)) for _ in range(32)]
        batch = tokenizer(sentences, is_split_into_words=True, padding=True, truncation=True, return_tensors="pt")
        labels = torch.full(batch.input_ids.shape, _IGNORED)
        for row, words in enumerate(sentences):
            for column, word in enumerate(batch.word_ids(row)):
                if word is not None:
                    labels[row, column] = TAGS.index(kind_of(words[word]))
        model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def wordpiece_tagger(folder: Path, **config: object) -> Path:
    """Write a random BERT token classifier as older hub models are: ``vocab.txt`` and ``pytorch_model.bin``."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    letters = string.ascii_lowercase
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "boat", *letters, *(f"##{x}" for x in letters)]
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "model_max_length": 16}')
    settings = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        initializer_range=0.9,
        **({"architectures": ["BertForTokenClassification"], "id2label": {0: "O", 1: "B-PER", 2: "I-PER"}} | config),
    )
    torch.manual_seed(2)
    model = transformers.BertForTokenClassification(settings)
    settings.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder
