"""The XLM-R tokenizer, rebuilt from the pieces and scores of its SentencePiece model."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xprojdb.extras import require

SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_SPACE = "▁"
_ZERO_WIDTH_JOINER = "\u200d"


@dataclass(frozen=True)
class UnigramVocabulary:
    """A SentencePiece unigram model.

    :param pieces: sub-words; their position is their id.
    :param scores: log-probability of each piece.
    :param bos, eos, unk: ids of ``<s>``, ``</s>`` and ``<unk>``.
    """

    pieces: Sequence[str]
    scores: Sequence[float]
    bos: int
    eos: int
    unk: int


def build_tokenizer(vocabulary: UnigramVocabulary) -> Any:
    """Build a tokenizer that produces the ids of the original ``XLMRobertaTokenizer``.

    :returns: a ``tokenizers.Tokenizer``.
    :raises MissingExtra: when ``tokenizers`` or ``sentencepiece`` is not installed.
    """
    tokenizers = require("tokenizers", "offline")
    unigram = list(zip(vocabulary.pieces, vocabulary.scores, strict=True))
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(unigram, unk_id=vocabulary.unk, byte_fallback=False))
    tokenizer.normalizer = _normalizer(tokenizers)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = tokenizers.decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.add_special_tokens([tokenizers.AddedToken(t, normalized=False, special=True) for t in SPECIAL_TOKENS])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", vocabulary.bos), ("</s>", vocabulary.eos)],
    )
    return tokenizer


def _normalizer(tokenizers: Any) -> Any:
    normalizers = tokenizers.normalizers
    return normalizers.Sequence(
        [
            # The compiled map deletes U+200D, which the original tokenizer treats as a space.
            normalizers.Replace(_ZERO_WIDTH_JOINER, " "),
            normalizers.Precompiled(_nmt_nfkc_map()),
            normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
        ]
    )


def _nmt_nfkc_map() -> bytes:
    """SentencePiece's compiled ``nmt_nfkc`` character map.

    The library does not expose it, but writes it into every model it trains, so a throw-away model is trained.
    """
    model = io.BytesIO()
    require("sentencepiece", "offline").SentencePieceTrainer.train(
        sentence_iterator=iter(["some words to learn from", "and some more of the words"] * 20),
        model_writer=model,
        vocab_size=30,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    normalizer_spec = _protobuf_field(model.getvalue(), 3)
    return _protobuf_field(normalizer_spec, 2)


def _protobuf_field(message: bytes, number: int) -> bytes:
    """The first length-delimited field with a given number in a protobuf message."""
    return next(value for field, value in _protobuf_fields(message) if field == number and isinstance(value, bytes))


def _protobuf_fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(key & 7)
        if size is None:
            size, at = _varint(message, at)
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 128:
        value |= (message[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return value | message[at] << shift, at + 1
