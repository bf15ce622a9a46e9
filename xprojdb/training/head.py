"""A classifier on frozen vectors: standardised input, at most one hidden layer, one class per row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Halves, Singles
from xprojdb.digest import canonical_json
from xprojdb.extras import require
from xprojdb.training.errors import DamagedModel

#: rows scored at a time
_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Head:
    """The weights of a classifier, and what they stand for.

    :param classes: the classes of the columns of the scores.
    :param arrays: ``mean`` and ``scale`` (width,); ``weight1`` (hidden, width) and ``bias1``, if there is a hidden
        layer; ``weight2`` (classes, hidden or width) and ``bias2``.
    :param about: where it comes from, as strings: the encoder and its layer, the digest of the step.
    """

    classes: tuple[str, ...]
    arrays: Mapping[str, Singles]
    about: Mapping[str, str]

    @property
    def width(self) -> int:
        """The number of columns of a row."""
        return len(self.arrays["mean"])

    def log_probabilities(self, rows: Halves | Singles) -> Singles:
        """The log probabilities of the classes.

        :param rows: (N, width).
        :returns: (N, classes).
        :raises DamagedModel: when the rows come from another encoder.
        """
        if rows.shape[1] != self.width:
            raise DamagedModel(
                f"the head reads vectors of {self.width} numbers, and the encoder gives {rows.shape[1]}",
                hint="use the encoder that it was trained on",
                reason="other-encoder",
                width=self.width,
                given=int(rows.shape[1]),
            )
        parts = [self._scores(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS)]
        return np.concatenate([np.zeros((0, len(self.classes)), np.float32), *parts])

    def _scores(self, rows: Halves | Singles) -> Singles:
        arrays = self.arrays
        hidden = (rows.astype(np.float32) - arrays["mean"]) / arrays["scale"]
        if "weight1" in arrays:
            hidden = gelu(hidden @ arrays["weight1"].T + arrays["bias1"])
        scores = hidden @ arrays["weight2"].T + arrays["bias2"]
        scores -= scores.max(1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)), np.float32)

    def to_bytes(self) -> bytes:
        """The head in the safetensors format."""
        save = require("safetensors.numpy", "train").save
        # One key: safetensors writes several in random order, and equal heads must have equal bytes.
        metadata = {"xprojdb": canonical_json({"classes": list(self.classes), "about": dict(self.about)})}
        packed: bytes = save({name: np.ascontiguousarray(self.arrays[name]) for name in sorted(self.arrays)}, metadata)
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes, sha256: str | None = None) -> Head:
        """The inverse of :meth:`to_bytes`.

        :param sha256: the expected digest.
        :raises DamagedModel: when the digest differs, or the bytes are not a head.
        """
        if sha256 is not None and hashlib.sha256(packed).hexdigest() != sha256:
            raise DamagedModel(
                "the weights of the model are not those that were stored: their digest differs",
                hint="delete the model's row and train again, or restore a copy of the database",
                reason="digest",
                sha256=sha256,
            )
        try:
            arrays = require("safetensors.numpy", "train").load(packed)
            metadata = json.loads(_metadata(packed)["xprojdb"])
        except Exception as error:  # safetensors raises its own class of error, NumPy others
            message, hint = f"the weights of the model cannot be read: {error}", "train it again"
            raise DamagedModel(message, hint=hint, reason="unreadable") from error
        return cls(tuple(metadata["classes"]), arrays, metadata["about"])


def _metadata(packed: bytes) -> dict[str, str]:
    size = int.from_bytes(packed[:8], "little")
    metadata: dict[str, str] = json.loads(packed[8 : 8 + size]).get("__metadata__", {})
    return metadata


def gelu(rows: NDArray[np.floating[Any]]) -> Singles:
    """The Gaussian error linear unit, in its approximation by tanh (Hendrycks and Gimpel 2016)."""
    inner = np.float32(0.7978845608028654) * (rows + np.float32(0.044715) * rows**3)
    return np.asarray(np.float32(0.5) * rows * (1 + np.tanh(inner)), np.float32)


def average(heads: Sequence[Singles]) -> Singles:
    """The logarithm of the mean of the probabilities of several heads.

    :param heads: the log probabilities of each, (N, classes), with the same classes.
    """
    stacked = np.stack(heads)
    most = stacked.max(0)
    return np.asarray(most + np.log(np.exp(stacked - most).mean(0)), np.float32)
