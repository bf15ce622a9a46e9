"""An encoder aligner that can be tuned on parallel sentences; see :mod:`xprojdb.models.aligners.tuning`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xprojdb.models.aligners.encoder import Aligner, EncoderAligner, SentencePair
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuning.params import TuningParams, trained_layers
from xprojdb.models.encoders.adapters import merge
from xprojdb.models.encoders.encoder import Encoder


class TunableAligner:
    """Learns adapters, and makes aligners that have them.

    :param load: loads the encoder; each aligner has one of its own.
    :param params: how vectors become links.
    :param tuning: how adapters are learned.
    """

    def __init__(self, load: Callable[[], Encoder], params: AlignerParams, tuning: TuningParams | None = None) -> None:
        self._load, self.params, self.tuning = load, params, tuning or TuningParams()

    def learn(
        self, pairs: Sequence[SentencePair], folder: Path, stopping: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        """What tuning learns from sentence pairs, as a JSON object.

        :param folder, stopping: as for :func:`xprojdb.models.aligners.tuning.training.tune`, which says what is raised.
        """
        encoder = self._load()
        from xprojdb.models.aligners.tuning.training import tune

        tuned = tune(encoder, pairs, self.params, self.tuning, folder, stopping)
        layers = trained_layers(self.params, self.tuning)
        losses = [round(loss, 5) for loss in tuned.losses]
        about = {"layers": [layers.start, layers.stop], "rank": self.tuning.rank, "adapters": tuned.adapters}
        return {"translations": len(pairs), "losses": losses, **about}

    def trained(self, learned: Mapping[str, Any]) -> Aligner:
        """An aligner whose encoder has learned adapters.

        :param learned: the result of :meth:`learn`.
        """
        encoder = self._load()
        merge(encoder.modules, range(*learned["layers"]), learned["rank"], learned["adapters"])
        return EncoderAligner(encoder, self.params)
