"""An M2M-100 with its real language tokens that has learned a toy language, word by word, and to keep markers."""

from __future__ import annotations

import atexit
import functools
import io
import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

WORDS = {
    "the": "das",
    "mayor": "amt",
    "met": "traf",
    "boat": "boot",
    "sold": "gab",
    "old": "alt",
    "red": "rot",
    "sees": "sieht",
    "house": "haus",
    "in": "bei",
    "today": "heute",
    "bread": "brot",
}
"""English to German, as the model learns it; names stay as they are."""
NAMES = ("Anna", "Berg", "Turin", "Lin", "Okafor", "Geneva", "Mira", "Oslo")
_STEPS = 400


def toy_translation(text: str) -> str:
    """What the model has learned to make of English."""
    spaced = text.replace("[", "[ ").replace("]", " ]").split()
    words = " ".join(WORDS.get(word, word) for word in spaced)
    return words.replace("[ ", "[").replace(" ]", "]")


def in_tags(text: str) -> str:
    """A text with tags in place of brackets, each pair with its own name."""
    names = iter("abcdef")
    return re.sub(r"\[(.*?)\]", lambda match: (name := next(names)) and f"<{name}>{match[1]}</{name}>", text)


@functools.cache
def toy_translator(xml: bool = False) -> Path:
    """The folder of the model; made once a session, in about ten seconds.

    :param xml: whether it keeps tags instead of brackets.
    """
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("sentencepiece")
    folder = Path(tempfile.mkdtemp(prefix="xprojdb-test-translator-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer = _tokenizer(folder, xml)
    model = _model(tokenizer)
    _train(model, tokenizer, in_tags if xml else str)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train_pieces(lines: Sequence[str], size: int, markers: Sequence[str] = ("[", "]")) -> tuple[bytes, list[str]]:
    """Train a SentencePiece model: the model, and its pieces in order."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*lines] * 20),
        model_writer=written,
        model_type="unigram",
        vocab_size=size,
        hard_vocab_limit=False,
        user_defined_symbols=[*markers],
        num_threads=1,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    return written.getvalue(), [processor.id_to_piece(place) for place in range(processor.get_piece_size())]


def _tokenizer(folder: Path, xml: bool) -> Any:
    import transformers

    words = [*WORDS, *WORDS.values(), *NAMES]
    lines = [f"{word} [{word}] {word}" for word in words]
    if xml:
        tags = [tag for name in "abcdef" for tag in (f"<{name}>", f"</{name}>")]
        proto, pieces = train_pieces(list(map(in_tags, lines)), 150, tags)
    else:
        proto, pieces = train_pieces(lines, 150)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*special, *(piece for piece in pieces if piece not in special)]
    (folder / "vocab.json").write_text(json.dumps({piece: place for place, piece in enumerate(pieces)}))
    (folder / "sentencepiece.bpe.model").write_bytes(proto)
    files = (str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    return transformers.M2M100Tokenizer(*files, src_lang="en", tgt_lang="de", model_max_length=48)


def _model(tokenizer: Any) -> Any:
    import torch
    import transformers

    torch.manual_seed(1)
    config = transformers.M2M100Config(
        vocab_size=max(tokenizer.lang_code_to_id.values()) + 9,
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=48,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        init_std=0.1,
    )
    return transformers.M2M100ForConditionalGeneration(config)


def _train(model: Any, tokenizer: Any, marked: Callable[[str], str]) -> None:
    """Both directions, and each language to itself."""
    import torch

    rng = random.Random(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=_STEPS)
    directions = [("en", "de"), ("de", "en"), ("en", "de"), ("de", "en"), ("en", "en"), ("de", "de")]
    model.train()
    for step in range(_STEPS):
        source, target = directions[step % len(directions)]
        pairs = [_pair(rng) for _ in range(32)]
        tokenizer.src_lang, tokenizer.tgt_lang = source, target
        left, right = ([marked(pair[lang]) for pair in pairs] for lang in (source, target))
        batch = tokenizer(left, text_target=right, padding=True, return_tensors="pt")
        labels = batch.labels.masked_fill(batch.labels == tokenizer.pad_token_id, -100)
        model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def _pair(rng: random.Random) -> dict[str, str]:
    pieces = []
    for _ in range(rng.randint(1, 6)):
        if rng.random() < 0.35:
            names = " ".join(rng.sample(NAMES, rng.randint(1, 2)))
            pieces.append(f"[{names}]" if rng.random() < 0.6 else names)
        else:
            pieces.append(rng.choice(list(WORDS)))
    text = " ".join(pieces)
    return {"en": text, "de": toy_translation(text)}
