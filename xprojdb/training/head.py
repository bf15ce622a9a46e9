"""A head on frozen vectors: standardised, one hidden layer or none, a class for each row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.digest import canonical_json
from xprojdb.extras import require
from xprojdb.training.errors import DamagedModel

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
#: rows whose scores are computed together
_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Head:
    """Weights and what they mean.

    :param classes: what the columns of its scores are.
    :param arrays: ``mean`` and ``scale`` (width,); ``weight1`` (hidden, width), ``bias1``, where there is a hidden
        layer; ``weight2`` (classes, hidden or width), ``bias2``.
    :param about: what it was made of, as texts: the encoder and its layer, the digest of the step.
    """

    classes: tuple[str, ...]
    arrays: Mapping[str, Floats]
    about: Mapping[str, str]

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return len(self.arrays["mean"])

    def log_probabilities(self, rows: Halves | Floats) -> Floats:
        """The logarithms of the probabilities of classes.

        :param rows: (N, width).
        :returns: (N, classes).
        :raises DamagedModel: when the rows are those of another encoder.
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

    def _scores(self, rows: Halves | Floats) -> Floats:
        arrays = self.arrays
        hidden = (rows.astype(np.float32) - arrays["mean"]) / arrays["scale"]
        if "weight1" in arrays:
            hidden = gelu(hidden @ arrays["weight1"].T + arrays["bias1"])
        scores = hidden @ arrays["weight2"].T + arrays["bias2"]
        scores -= scores.max(1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)), np.float32)

    def to_bytes(self) -> bytes:
        """The head as a file of safetensors."""
        save = require("safetensors.numpy", "train").save
        # One text: safetensors writes several in an order of chance, and equal heads have equal bytes.
        told = {"xprojdb": canonical_json({"classes": list(self.classes), "about": dict(self.about)})}
        packed: bytes = save({name: np.ascontiguousarray(self.arrays[name]) for name in sorted(self.arrays)}, told)
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes, sha256: str | None = None) -> Head:
        """The inverse of :meth:`to_bytes`.

        :param sha256: what the digest must be.
        :raises DamagedModel: when it is another, or the bytes are no head.
        """
        if sha256 is not None and hashlib.sha256(packed).hexdigest() != sha256:
            raise DamagedModel(
                "the weights of the model are not those that were stored: their digest is another",
                hint="delete the model's row and train again, or restore a copy of the database",
                reason="digest",
                sha256=sha256,
            )
        try:
            arrays = require("safetensors.numpy", "train").load(packed)
            told = json.loads(_metadata(packed)["xprojdb"])
        except Exception as error:  # safetensors raises a class of its own, and NumPy others
            hint = "train it again"
            raise DamagedModel("the weights of the model cannot be read", hint=hint, reason="unreadable") from error
        return cls(tuple(told["classes"]), arrays, told["about"])


def _metadata(packed: bytes) -> dict[str, str]:
    size = int.from_bytes(packed[:8], "little")
    told: dict[str, str] = json.loads(packed[8 : 8 + size]).get("__metadata__", {})
    return told


def gelu(rows: NDArray[np.floating[Any]]) -> Floats:
    """The Gaussian error linear unit, in its approximation by tanh (Hendrycks and Gimpel 2016)."""
    inner = np.float32(0.7978845608028654) * (rows + np.float32(0.044715) * rows**3)
    return np.asarray(np.float32(0.5) * rows * (1 + np.tanh(inner)), np.float32)


def average(heads: Sequence[Floats]) -> Floats:
    """The logarithm of the mean probability of several heads.

    :param heads: (N, classes) each, of equal classes.
    """
    stacked = np.stack(heads)
    most = stacked.max(0)
    return np.asarray(most + np.log(np.exp(stacked - most).mean(0)), np.float32)
