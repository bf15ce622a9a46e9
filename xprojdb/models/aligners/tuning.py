"""Learn better links from parallel sentences, by objectives of AWESOME (Dou and Neubig 2021, arXiv 2101.08231).

Low-rank adapters of an encoder are trained on

- *self-training* (SO): links that are each other's most probable become more probable;
- *consistency* (CO): the link probabilities of both directions agree;
- *identification* (PSI): a sentence is more like its translation than like those of other sentences of the batch.
  AWESOME asks a classifier over both sentences; without one, this is the contrast of their mean vectors.

The objectives that mask words need a language model, which sentence encoders lack. A model that was trained with the
package ``awesome-align`` itself is used like any other, by its folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le

from xprojdb.config.fields.types import Count, Positive, Seed
from xprojdb.extras import require
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.encoders.adapters import adapted, to_text
from xprojdb.models.encoders.encoder import Encoder

Objective = Literal["so", "co", "psi"]
#: cosines of sentences are divided by this
_CONTRAST = 0.05
#: a link must be more probable than this to be trained on
_LEAST = 0.1
#: sub-words of a sentence that are read; longer ones are cut
_LONGEST = 160


@dataclass(frozen=True, kw_only=True)
class TuningParams:
    """How an encoder is tuned.

    :param epochs: passes over the sentences.
    :param objectives: ``so``, ``co`` and ``psi``; see :mod:`xprojdb.models.aligners.tuning`.
    :param trained_layers: how many layers are trained, the last ones below the one whose vectors are compared.
    :param rank: the rank of the adapters.
    :param rate: the learning rate at the beginning; it falls to 0.
    :param batch: translations in a step.
    :param seed: the random seed.
    """

    epochs: Count = 2
    objectives: tuple[Objective, ...] = ("so",)
    trained_layers: Annotated[int, Ge(1), Le(1000)] = 4
    rank: Count = 8
    rate: Positive = 5e-4
    batch: Count = 16
    seed: Seed = 0


class Tuned(NamedTuple):
    """What was learned.

    :param losses: the mean loss of each epoch.
    """

    adapters: str
    losses: tuple[float, ...]


Pair = tuple[Sequence[str], Sequence[str]]


def trained_layers(compared: AlignerParams, params: TuningParams) -> range:
    """The layers that are trained: the last ones below the vectors that are compared."""
    return range(max(compared.layer - params.trained_layers, 0), compared.layer)


def tune(encoder: Encoder, pairs: Sequence[Pair], compared: AlignerParams, params: TuningParams) -> Tuned:
    """Train adapters of an encoder on sentences and their translations; the encoder stays as it is.

    :param pairs: the words of both sides; pairs with an empty side are left out.
    :param compared: how vectors become links: layer and temperature are used.
    :raises MissingExtra: when peft is not installed.
    """
    pairs = [pair for pair in pairs if pair[0] and pair[1]]
    model = adapted(encoder.modules, trained_layers(compared, params), params.rank, params.seed)
    try:
        losses = _train(
            encoder, [array for array in model.parameters() if array.requires_grad], pairs, compared, params
        )
        return Tuned(to_text(model), losses)
    finally:
        model.unload()


def _train(
    encoder: Encoder, weights: Sequence[Any], pairs: Sequence[Pair], compared: AlignerParams, params: TuningParams
) -> tuple[float, ...]:
    torch = require("torch", "models")
    steps = max(params.epochs * -(-len(pairs) // params.batch), 1)
    optimizer = torch.optim.AdamW(weights, params.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    random = np.random.default_rng(params.seed)
    losses = []
    for _ in range(params.epochs):
        order = random.permutation(len(pairs)).tolist()
        total = 0.0
        for first in range(0, len(order), params.batch):
            batch = [pairs[place] for place in order[first : first + params.batch]]
            loss = _loss(encoder, batch, compared, params.objectives)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        losses.append(total / max(len(pairs), 1))
    return tuple(losses)


def _loss(encoder: Encoder, batch: Sequence[Pair], compared: AlignerParams, objectives: Sequence[Objective]) -> Any:
    torch = require("torch", "models")
    sides = [encoder.word_tensors([pair[side] for pair in batch], compared.layer, _LONGEST) for side in (0, 1)]
    total = torch.zeros(())
    if "so" in objectives or "co" in objectives:
        pairs = zip(sides[0], sides[1], strict=True)
        losses = [link_loss(left, right, compared.temperature, objectives) for left, right in pairs]
        total = total + torch.stack(losses).mean()
    if "psi" in objectives and len(batch) > 1:
        left, right = (torch.nn.functional.normalize(torch.stack([one.mean(0) for one in side])) for side in sides)
        total = total + contrast_loss(left @ right.T / _CONTRAST)
    return total


def link_loss(left: Any, right: Any, temperature: float, objectives: Sequence[Objective]) -> Any:
    """The loss of the links of one translation.

    :param left, right: (n, hidden) and (m, hidden) vectors of words.
    """
    torch = require("torch", "models")
    cosines = torch.nn.functional.normalize(left) @ torch.nn.functional.normalize(right).T
    logits = (cosines + 1) / 2 / temperature
    forward, backward = logits.softmax(1), logits.softmax(0)
    total = torch.zeros(())
    if "so" in objectives:
        sure = (_mutual_best(logits.detach()) & ((forward * backward).sqrt().detach() > _LEAST)).float()
        total = total - (sure * (forward / len(left) + backward / len(right))).sum() / 2
    if "co" in objectives:
        total = total - (forward * backward).sum() / min(logits.shape)
    return total


def _mutual_best(logits: Any) -> Any:
    return (logits == logits.amax(1, keepdim=True)) & (logits == logits.amax(0, keepdim=True))


def contrast_loss(logits: Any) -> Any:
    """The cross-entropy of each sentence among those of the other side, in both directions.

    :param logits: (batch, batch); translations are on the diagonal.
    """
    torch = require("torch", "models")
    own = torch.arange(len(logits))
    entropy = torch.nn.functional.cross_entropy
    return (entropy(logits, own) + entropy(logits.T, own)) / 2
