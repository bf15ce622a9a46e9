"""Tune an encoder on the translations of a corpus, so that it links their words better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from sqlalchemy import Connection

from xprojdb.models.aligners.encoder_params import Pooling
from xprojdb.steps.fit.link_counts import Words, stream_pairs
from xprojdb.steps.fit.stage import Fit, FitParams
from xprojdb.steps.params import left_out
from xprojdb.steps.stage import ModelStage

#: the most translations to learn from, evenly spaced in the corpus
MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class TunedEncoderParams(FitParams):
    """Parameters of the step: how vectors are compared, and :class:`xprojdb.models.aligners.tuning.TuningParams`.

    :param lang: the language of the originals.
    :param rendering_lang: the language of the renderings.
    :param segment: the segmenter of each side that is written without spaces.
    """

    kind: ClassVar[str] = "tuned-encoder"
    rendering_lang: str
    layer: int
    pooling: Pooling
    temperature: float
    epochs: int
    objectives: tuple[str, ...]
    trained_layers: int
    rank: int
    rate: float
    batch: int
    seed: int
    segment: Any = left_out(None)


class Tunes(Protocol):
    """Learns from sentence pairs, like :meth:`xprojdb.models.aligners.tuned.TunableAligner.learn`."""

    def learn(self, pairs: Sequence[Words]) -> Any: ...


class TunedEncoder(ModelStage[Tunes], Fit):
    """Train adapters of an encoder on all translations between two languages."""

    kind = TunedEncoderParams.kind
    version = 1

    @property
    def title(self) -> str:
        lang = TunedEncoderParams.from_params(self.spec.params).rendering_lang
        return f"tune {self.spec.model} on {self.lang}–{lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        lang = TunedEncoderParams.from_params(self.spec.params).rendering_lang
        # Sorted, because keys differ between databases.
        pairs = sorted(stream_pairs(connection, corpus_id, self.lang, lang))
        places = np.linspace(0, len(pairs) - 1, min(MOST, len(pairs)), dtype=np.int64)
        return self.model.learn([pairs[place] for place in places.tolist()])

    def evidence(self, content: Any) -> str:
        losses = ",".join(f"{loss:.3f}" for loss in content["losses"])
        return f"learned:translations={content['translations']},losses={losses.replace(',', '/')}"
