"""Mean vectors: the mean word vector of a language, which carries no information about individual words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence
from xprojdb.models.aligners.encoder_params import Pooling, Precision
from xprojdb.steps.fit.stage import Fit, FitParams, read_artifact
from xprojdb.steps.params import left_out
from xprojdb.steps.stage import ModelStage

if TYPE_CHECKING:
    from xprojdb.arrays import Singles

#: the most sentences to encode, evenly spaced in the corpus; the mean of 384 numbers needs no more
MOST = 2_048


@dataclass(frozen=True, kw_only=True)
class MeanParams(FitParams):
    """Parameters of the step: how the vectors are made, as for the aligner.

    :param segment: the segmenter of the language, under the side ``original``.
    """

    kind: ClassVar[str] = "mean"
    layer: int
    pooling: Pooling
    precision: Precision = left_out("float32")
    segment: Any = left_out(None)


class HasMean(Protocol):
    """Computes the mean vector of sentences, like ``EncoderAligner.mean``."""

    def mean(self, sentences: Sequence[Sequence[str]]) -> Singles: ...


class MeanVectors(ModelStage[HasMean], Fit):
    """Average the word vectors of an aligner over sentences of one language."""

    kind = MeanParams.kind
    version = 1

    @property
    def title(self) -> str:
        return f"average the words of {self.lang} with {self.spec.model}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        mean = self.model.mean(_sample(connection, corpus_id, self.lang))
        return [float(f"{value:.7g}") for value in mean.tolist()]


def read_mean(connection: Connection, step_id: int, corpus_id: int) -> Singles:
    """Read the mean vector of a corpus: float32 (hidden,)."""
    return np.array(read_artifact(connection, step_id, corpus_id), np.float32)


def _sample(connection: Connection, corpus_id: int, lang: str) -> list[list[str]]:
    """The words of evenly spaced sentences."""
    own = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id, sentence.c.lang == lang)
    keys = [key for (key,) in bulk.fetch(connection, own.order_by(sentence.c.id))]
    places = np.linspace(0, len(keys) - 1, min(MOST, len(keys)), dtype=np.int64)
    chosen = [keys[place] for place in places.tolist()]
    query = select(sentence.c.words).where(bulk.among(connection, sentence.c.id, chosen)).order_by(sentence.c.id)
    return [json.loads(words) for (words,) in bulk.fetch(connection, query)]
