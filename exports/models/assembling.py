"""Put an encoder, cut off above the layer that a head reads, and the head together as a model of Transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xprojdb.errors import ModelError
from xprojdb.extras import require
from xprojdb.models.encoders.encoder import load_model
from xprojdb.models.encoders.hidden_states import HiddenStates, position_limit
from xprojdb.models.loading import quiet, tokenizer_of, torch_dtype
from xprojdb.models.store import resolve
from xprojdb.text.spans import Span
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf


@dataclass(frozen=True)
class Assembled:
    """A model and its tokenizer, as classes of Transformers."""

    model: Any
    tokenizer: Any

    def find_entities(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences through the pipeline of Transformers."""
        filled = [list(words) for words in sentences if words]
        transformers = require("transformers", "models")
        transformers.AutoModelForTokenClassification.register(type(self.model.config), type(self.model), exist_ok=True)
        with quiet():
            tagger = transformers.pipeline(
                "token-classification", model=self.model, tokenizer=self.tokenizer, aggregation_strategy="simple"
            )
            answers = iter(tagger(filled, is_split_into_words=True, delimiter=" ") if filled else ())
        return [_spans(words, next(answers)) if words else () for words in sentences]


def assemble(head: Head, what: StatesOf) -> Assembled:
    """The model of a head on the states that it reads.

    :raises ModelError: when the encoder cannot be found, is the half of an encoder-decoder (``encoder-decoder``), or
        its tokenizer does not mark where words begin (``tokenizer``).
    """
    from xprojdb.exports.models.modeling_xprojdb import XprojdbConfig, XprojdbForTokenClassification

    location = resolve(what.model, what.revision)
    encoder = load_model(location.path_or_id, torch_dtype("float32"), **location.hub).eval()
    if getattr(encoder.config, "is_encoder_decoder", False):
        message = f"{what.model} is an encoder-decoder: Transformers has no class for its half"
        raise ModelError(message, hint="train on another encoder", model_id=what.model, reason="encoder-decoder")
    tokenizer = tokenizer_of(location, encoder.config.model_type)
    tokenizer.model_max_length = position_limit(encoder, tokenizer.model_max_length)
    split_at_spaces(tokenizer)
    kinds = piece_kinds(tokenizer, encoder.config.vocab_size, what.model)
    cut_off(encoder, what.layer)
    config = XprojdbConfig(
        encoder=encoder.config.to_dict(),
        layer=what.layer,
        pooling=what.pooling,
        hidden=len(head.arrays["bias1"]) if "bias1" in head.arrays else 0,
        id2label=dict(enumerate(head.classes)),
        label2id={name: place for place, name in enumerate(head.classes)},
    )
    model = XprojdbForTokenClassification(config, encoder).eval()
    _fill(model, head, kinds)
    return Assembled(model, tokenizer)


def cut_off(encoder: Any, layer: int) -> None:
    """Remove the layers above one, unless the states of that layer would then differ."""
    torch = require("torch", "models")
    states = HiddenStates(encoder)
    if layer == states.layers or states.stack is None:
        return
    ids = torch.arange(min(8, encoder.config.vocab_size))[None]
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        before = states(ids, mask, layer)
        removed = list(states.stack[layer:])
        del states.stack[layer:]
        encoder.config.num_hidden_layers = layer
        after = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    if not torch.equal(before, after):
        # A final normalisation follows the last layer, whichever that is.
        states.stack.extend(removed)
        encoder.config.num_hidden_layers = states.layers


def split_at_spaces(tokenizer: Any) -> None:
    """Leave the space before a word out of its first piece, as XLM-R's own tokenizer does: offsets begin at letters."""
    splitting = require("tokenizers", "models").pre_tokenizers
    backend = tokenizer.backend_tokenizer
    if isinstance(backend.pre_tokenizer, splitting.Metaspace):
        backend.pre_tokenizer = splitting.Sequence([splitting.WhitespaceSplit(), backend.pre_tokenizer])


def piece_kinds(tokenizer: Any, size: int, model_id: str) -> np.ndarray:
    """What each piece of the vocabulary is to words: uint8 (size,), see ``modeling_xprojdb``.

    :raises ModelError: when the pieces do not tell where a word begins.
    """
    from xprojdb.exports.models.modeling_xprojdb import CONTINUATION, SPECIAL, START

    pieces = tokenizer.get_vocab()
    marks = next((mark for mark in ("▁", "Ġ") if any(piece.startswith(mark) for piece in pieces)), None)
    prefix = getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None)
    if marks is None and not prefix:
        message = f"the tokenizer of {model_id} does not mark where words begin"
        raise ModelError(message, hint="train on another encoder", model_id=model_id, reason="tokenizer")
    kinds = np.full(size, CONTINUATION, np.uint8)
    for piece, place in pieces.items():
        begins = piece.startswith(marks) if marks else not piece.startswith(prefix)
        if begins and place < size:
            kinds[place] = START
    unknown = tokenizer.unk_token_id
    kinds[[place for place in tokenizer.all_special_ids if place != unknown and place < size]] = SPECIAL
    return kinds


def _fill(model: Any, head: Head, kinds: np.ndarray) -> None:
    torch = require("torch", "models")
    arrays = {"pieces": kinds, "mean": head.arrays["mean"], "scale": head.arrays["scale"]}
    arrays |= {"outer.weight": head.arrays["weight2"], "outer.bias": head.arrays["bias2"]}
    if "weight1" in head.arrays:
        arrays |= {"inner.weight": head.arrays["weight1"], "inner.bias": head.arrays["bias1"]}
    own = {name: torch.tensor(np.asarray(array)) for name, array in arrays.items()}
    model.load_state_dict({**model.state_dict(), **own})


def _spans(words: Sequence[str], told: Sequence[dict[str, Any]]) -> tuple[Span, ...]:
    """Character offsets in the words joined by spaces, as words."""
    word_of: dict[int, int] = {}
    at = 0
    for place, word in enumerate(words):
        word_of.update(dict.fromkeys(range(at, at + len(word)), place))
        at += len(word) + 1
    return tuple(
        Span(word_of[entity["start"]], word_of[entity["end"] - 1] + 1, entity["entity_group"]) for entity in told
    )
