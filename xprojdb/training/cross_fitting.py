"""Cross-fitting (Stone 1974): every sentence is tagged by a head that was trained without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xprojdb.arrays import Halves, Longs, Singles
from xprojdb.extras import require
from xprojdb.training.fitting import Examples, FitSettings, fit_head
from xprojdb.training.head import Head
from xprojdb.training.states import Words, sentence_key
from xprojdb.training.word_features import Reduction, principal_components, word_features

#: parts of the sentences; each head is trained on all but one
FOLDS = 3


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """A head for each part of the sentences, trained on the other parts.

    :param reduction: what all of them see of an encoder's vectors.
    """

    heads: tuple[Head, ...]
    reduction: Reduction

    def log_probabilities(self, sentences: Sequence[Words], vectors: Sequence[Halves]) -> Singles:
        """The log probabilities of the tags of words, by the head that was trained without their sentence.

        :param vectors: (words, width) of each sentence.
        :returns: (W, T), sentence by sentence.
        """
        folds = np.array([fold_of(words, len(self.heads)) for words in sentences], np.int64)
        lengths = np.array([len(words) for words in sentences], np.int64)
        scores = np.zeros((int(lengths.sum()), len(self.heads[0].classes)), np.float32)
        of_word = np.repeat(folds, lengths)
        for fold, head in enumerate(self.heads):
            mine = [
                word_features(words, rows, self.reduction)
                for words, rows, own in zip(sentences, vectors, folds.tolist(), strict=True)
                if own == fold and words
            ]
            if mine:
                scores[of_word == fold] = head.log_probabilities(np.concatenate(mine))
        return scores

    def to_bytes(self) -> bytes:
        """The arrays in the safetensors format, the weights of the heads in half precision."""
        arrays = {
            f"{fold}.{name}": array for fold, head in enumerate(self.heads) for name, array in head.arrays.items()
        }
        arrays |= {"reduction.mean": self.reduction.mean, "reduction.axes": self.reduction.axes}
        save = require("safetensors.numpy", "train").save
        packed: bytes = save({name: arrays[name].astype(np.float16) for name in sorted(arrays)})
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes, tags: tuple[str, ...]) -> CrossFitted:
        """The inverse of :meth:`to_bytes`, up to the precision.

        :param tags: the classes of the heads.
        """
        arrays = require("safetensors.numpy", "train").load(packed)
        parts: dict[str, dict[str, Singles]] = {}
        for name, array in arrays.items():
            owner, _, own = name.partition(".")
            parts.setdefault(owner, {})[own] = array.astype(np.float32)
        reduction = Reduction(**parts.pop("reduction"))
        return cls(tuple(Head(tags, parts[fold], {}) for fold in sorted(parts)), reduction)


def fold_of(words: Words, folds: int) -> int:
    """The part that a sentence belongs to: equal sentences share one, on every machine."""
    return sentence_key(words)[0] % folds


def cross_fit(
    sentences: Sequence[Words],
    vectors: Sequence[Halves],
    classes: Sequence[Longs],
    tags: tuple[str, ...],
    settings: FitSettings,
    weights: Sequence[Singles] | None = None,
) -> CrossFitted:
    """Train a head for each part of the sentences on the words of the others.

    :param vectors: (words, width) an encoder's vectors of each sentence.
    :param classes: (words,) the tag of each word, as an index of ``tags``.
    :param weights: (words,) the weight of each word; None for equal weights.
    :raises TrainingError: when a part has all the words, or the loss is not finite.
    """
    reduction = principal_components(np.concatenate(vectors))
    rows = np.concatenate([word_features(*entry, reduction) for entry in zip(sentences, vectors, strict=True)])
    folds = np.repeat([fold_of(words, FOLDS) for words in sentences], [len(words) for words in sentences])
    right, weighed = np.concatenate(classes), None if weights is None else np.concatenate(weights)
    heads = []
    for fold in range(FOLDS):
        others = folds != fold
        examples = Examples(rows[others], right[others], None if weighed is None else weighed[others])
        heads.append(fit_head(examples, tags, settings).head)
    return CrossFitted(tuple(heads), reduction)
