"""The torch module that learns links from translations, and its losses; see :mod:`xprojdb.models.aligners.tuning`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuning.params import Objective
from xprojdb.models.encoders.encoder import Encoder

Pair = tuple[Sequence[str], Sequence[str]]
#: cosines of sentences are divided by this
_CONTRAST = 0.05
#: a link must be more probable than this to be trained on
_LEAST = 0.1
#: sub-words of a sentence that are read; longer ones are cut
_LONGEST = 160


class LinkNetwork(nn.Module):  # type: ignore[misc]
    """An encoder whose adapters learn from translations. Its state is that of the adapters alone.

    :param adapters: the ``peft`` model around the modules of the encoder.
    :param compared: how vectors become links: layer and temperature are used.
    """

    def __init__(
        self, encoder: Encoder, adapters: Any, compared: AlignerParams, objectives: Sequence[Objective]
    ) -> None:
        super().__init__()
        self.adapters = adapters
        self._encoder, self._compared, self._objectives = encoder, compared, objectives

    def train(self, mode: bool = True) -> LinkNetwork:  # noqa: ARG002
        """Stay without dropout: the links that are trained on should be those that are made later."""
        super().train(False)
        return self

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        """The weights that are trained."""
        whole = super().state_dict(*args, **kwargs)
        return {name: whole[name] for name, array in self.named_parameters() if array.requires_grad}

    def load_state_dict(self, state_dict: Mapping[str, Tensor], *args: Any, **kwargs: Any) -> Any:
        """Set the weights that are trained."""
        return super().load_state_dict({**super().state_dict(), **state_dict}, *args, **kwargs)

    def forward(self, pairs: Sequence[Pair]) -> dict[str, Tensor]:
        """The loss of a batch of translations.

        :param pairs: the words of both sides.
        """
        compared, objectives = self._compared, self._objectives
        left, right = (
            self._encoder.word_tensors([pair[side] for pair in pairs], compared.layer, _LONGEST) for side in (0, 1)
        )
        total = left[0].new_zeros(())
        if "so" in objectives or "co" in objectives:
            losses = [link_loss(*sides, compared.temperature, objectives) for sides in zip(left, right, strict=True)]
            total = total + torch.stack(losses).mean()
        if "psi" in objectives and len(pairs) > 1:
            means = (functional.normalize(torch.stack([words.mean(0) for words in side])) for side in (left, right))
            total = total + contrast_loss(next(means) @ next(means).T / _CONTRAST)
        return {"loss": total}


def link_loss(left: Tensor, right: Tensor, temperature: float, objectives: Sequence[Objective]) -> Tensor:
    """The loss of the links of one translation.

    :param left, right: (n, hidden) and (m, hidden) vectors of words.
    """
    cosines = functional.normalize(left) @ functional.normalize(right).T
    logits = (cosines + 1) / 2 / temperature
    forward, backward = logits.softmax(1), logits.softmax(0)
    total = logits.new_zeros(())
    if "so" in objectives:
        sure = (_mutual_best(logits.detach()) & ((forward * backward).sqrt().detach() > _LEAST)).float()
        total = total - (sure * (forward / len(left) + backward / len(right))).sum() / 2
    if "co" in objectives:
        total = total - (forward * backward).sum() / min(logits.shape)
    return total


def _mutual_best(logits: Tensor) -> Tensor:
    return (logits == logits.amax(1, keepdim=True)) & (logits == logits.amax(0, keepdim=True))


def contrast_loss(logits: Tensor) -> Tensor:
    """The cross-entropy of each sentence among those of the other side, in both directions.

    :param logits: (batch, batch); translations are on the diagonal.
    """
    own = torch.arange(len(logits), device=logits.device)
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
