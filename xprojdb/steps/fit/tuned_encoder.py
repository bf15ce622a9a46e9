"""Tune an encoder on the translations of a corpus, so that it links their words better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from sqlalchemy import Connection

from xprojdb.digest import digest_of
from xprojdb.models.aligners.encoder_params import Pooling
from xprojdb.models.store import tuned_folder
from xprojdb.steps.fit.link_counts import Words, stream_pairs
from xprojdb.steps.fit.stage import Fit, FitParams
from xprojdb.steps.params import left_out
from xprojdb.steps.stage import ModelStage

#: the most translations to learn from, evenly spaced in the corpus
MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class TunedEncoderParams(FitParams):
    """Parameters: how vectors are compared, and :class:`xprojdb.models.aligners.tuning.params.TuningParams`.

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
    """Learns from sentence pairs, like :meth:`xprojdb.models.aligners.tuning.aligner.TunableAligner.learn`."""

    def learn(self, pairs: Sequence[Words], folder: Path, stopping: Callable[[], bool]) -> Any: ...


class TunedEncoder(ModelStage[Tunes], Fit):
    """Train adapters of an encoder on all translations between two languages; if stopped, it goes on the next time."""

    kind = TunedEncoderParams.kind
    version = 2

    @property
    def title(self) -> str:
        lang = TunedEncoderParams.from_params(self.spec.params).rendering_lang
        return f"tune {self.spec.model} on {self.lang}–{lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        lang = TunedEncoderParams.from_params(self.spec.params).rendering_lang
        # Sorted, because keys differ between databases.
        pairs = sorted(stream_pairs(connection, corpus_id, self.lang, lang))
        places = np.linspace(0, len(pairs) - 1, min(MOST, len(pairs)), dtype=np.int64)
        # Of this database, as only there two processes never learn the same at the same time.
        own = digest_of([self.spec.digest, connection.engine.url.render_as_string(), corpus_id])
        folder = tuned_folder(own).with_suffix(".checkpoints")
        return self.model.learn([pairs[place] for place in places.tolist()], folder, self.stopping)

    def evidence(self, content: Any) -> str:
        losses = ",".join(f"{loss:.3f}" for loss in content["losses"])
        return f"learned:translations={content['translations']},losses={losses.replace(',', '/')}"
