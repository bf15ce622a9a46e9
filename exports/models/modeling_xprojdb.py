"""A token classifier for Transformers: a small head on a layer of a frozen encoder, one label per word.

Every word gets one vector, from the states of its sub-words; the head classifies it, and the most probable valid
sequence of IOB2 tags is found exactly (Viterbi 1967). This file is part of the model's folder and needs nothing but
torch and transformers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import TokenClassifierOutput

#: what a piece of the vocabulary is to words
SPECIAL, START, CONTINUATION = 0, 1, 2
_NEVER = -1e4


class XprojdbConfig(PretrainedConfig):  # type: ignore[misc]
    """The encoder, the layer that is read, and the head.

    :param encoder: the configuration of the encoder, as a dict.
    :param layer: the layer whose states are read, as in ``hidden_states``.
    :param pooling: a word's vector: the ``mean`` of its sub-words' states, or the ``first`` one.
    :param hidden: the width of the head's hidden layer; 0 if it has none.
    """

    model_type = "xprojdb"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        layer: int = 0,
        pooling: str = "mean",
        hidden: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.encoder, self.layer, self.pooling, self.hidden = encoder or {}, layer, pooling, hidden


class XprojdbForTokenClassification(PreTrainedModel):  # type: ignore[misc]
    """The classifier. Its logits are those of words, given to each of their sub-words.

    They are log probabilities that respect IOB2: for each tag, of the most probable valid sequence with this tag here.
    Their largest values are thus the most probable valid sequence. Sub-words after a word's first have the word's label
    with I instead of B.
    """

    config_class = XprojdbConfig
    base_model_prefix = "encoder"

    def __init__(self, config: XprojdbConfig, encoder: Any = None) -> None:
        super().__init__(config)
        options = AutoConfig.for_model(**config.encoder)
        self.encoder = encoder if encoder is not None else _bare_encoder(options)
        width = options.hidden_size
        self.register_buffer("pieces", torch.zeros(options.vocab_size, dtype=torch.uint8))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.inner = nn.Linear(width, config.hidden) if config.hidden else None
        self.outer = nn.Linear(config.hidden or width, config.num_labels)
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> TokenClassifierOutput:
        """Classify sub-words.

        :param input_ids: (sentences, length).
        :param attention_mask: the same shape, 0 for padding.
        :returns: ``logits`` (sentences, length, labels).
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        words, starts = self._words(input_ids, mask)
        scores = self._scores(_pooled(self._states(input_ids, mask), words, starts, self.config.pooling))
        tags = [self.config.id2label[place] for place in range(self.config.num_labels)]
        count = starts.sum(1)
        scores = best_through(_padded(scores, count), tags)
        return TokenClassifierOutput(logits=_to_subwords(scores, words, starts, tags))

    def _states(self, ids: Tensor, mask: Tensor) -> Tensor:
        cut_off = self.config.layer == self.encoder.config.num_hidden_layers
        read = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=not cut_off)
        return read.last_hidden_state if cut_off else read.hidden_states[self.config.layer]

    def _words(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The word of each sub-word, -1 for special ones, and which sub-words begin one."""
        inside = (self.pieces[ids] != SPECIAL) & mask.bool()
        first = inside & (inside.cumsum(1) == 1)
        starts = inside & ((self.pieces[ids] == START) | first)
        return torch.where(inside, starts.cumsum(1) - 1, -1), starts

    def _scores(self, vectors: Tensor) -> Tensor:
        # The head was trained on states that are kept in half precision.
        most = torch.finfo(torch.float16).max
        rows = (vectors.clamp(-most, most).half().to(self.mean.dtype) - self.mean) / self.scale
        if self.inner is not None:
            rows = nn.functional.gelu(self.inner(rows), approximate="tanh")
        return self.outer(rows).float().log_softmax(-1)


def _bare_encoder(options: Any) -> Any:
    """An encoder without its pooling layer, where it has one."""
    try:
        return AutoModel.from_config(options, add_pooling_layer=False)
    except TypeError:
        return AutoModel.from_config(options)


def _pooled(states: Tensor, words: Tensor, starts: Tensor, pooling: str) -> Tensor:
    """One vector per word: (sentences, longest, width), zeros where a sentence has fewer words."""
    longest = max(int(starts.sum(1).max()), 1)
    pooled = states.new_zeros(len(states), longest, states.shape[-1])
    taken = (starts if pooling == "first" else words >= 0).to(states.dtype)[..., None]
    places = words.clamp(min=0)[..., None]
    pooled.scatter_add_(1, places.expand_as(states), states * taken)
    sizes = states.new_zeros(len(states), longest, 1).scatter_add_(1, places, taken)
    return pooled / sizes.clamp(min=1)


def _padded(scores: Tensor, count: Tensor) -> Tensor:
    """The same scores, with O for certain after the last word, which excludes nothing before it."""
    nothing = torch.full_like(scores, _NEVER)
    nothing[..., 0] = 0
    there = torch.arange(scores.shape[1], device=scores.device) < count[:, None]
    return torch.where(there[..., None], scores, nothing)


def best_through(scores: Tensor, tags: list[str]) -> Tensor:
    """For each word and tag, the log probability of the best valid sequence through it, normalised over tags.

    :param scores: (sentences, words, tags) log probabilities.
    :param tags: IOB2 tags.
    """
    scores = scores.double()
    follows = [[0.0 if after[0] != "I" or before[2:] == after[2:] else _NEVER for after in tags] for before in tags]
    rule = scores.new_tensor(follows)
    first = scores.new_tensor([_NEVER if tag[0] == "I" else 0.0 for tag in tags])
    ahead = [scores[:, 0] + first]
    for at in range(1, scores.shape[1]):
        ahead.append((ahead[-1][:, :, None] + rule).amax(1) + scores[:, at])
    behind = [torch.zeros_like(ahead[0])]
    for at in range(scores.shape[1] - 1, 0, -1):
        behind.append((rule + (scores[:, at] + behind[-1])[:, None]).amax(2))
    return (torch.stack(ahead, 1) + torch.stack(behind[::-1], 1)).log_softmax(-1).float()


def _to_subwords(scores: Tensor, words: Tensor, starts: Tensor, tags: list[str]) -> Tensor:
    """Give each sub-word the scores of its word; special sub-words are O."""
    places = words.clamp(min=0)[..., None].expand(*words.shape, scores.shape[-1])
    logits = scores.gather(1, places)
    inner = logits.clone()
    for place, tag in enumerate(tags):
        if tag[0] == "I":
            begins = tags.index(f"B-{tag[2:]}")
            inner[..., place] = torch.maximum(logits[..., place], logits[..., begins])
            inner[..., begins] = torch.minimum(logits[..., place], logits[..., begins])
    outside = torch.full_like(logits, _NEVER)
    outside[..., 0] = 0
    logits = torch.where(starts[..., None], logits, inner)
    return torch.where(words[..., None] >= 0, logits, outside)
