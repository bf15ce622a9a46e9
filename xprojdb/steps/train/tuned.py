"""Models whose encoder is tuned: the encoder is a folder of its own, and the head says which revision it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from xprojdb.errors import ModelError
from xprojdb.models.store import tuned_folder
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.train.params import states_of
from xprojdb.training.fitting import Examples, Fitted
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf
from xprojdb.training.tuning import TaggedWords, TuneSettings, tune

#: what a head says of the tuned encoder that it reads
TUNED = "tuned"


def states_read(spec: StepSpec, head: Head) -> StatesOf:
    """The states that a trained head reads.

    :raises ModelError: when its encoder was tuned and is not on this machine; the field ``reason`` is ``"no-weights"``.
    """
    states = states_of(spec)
    if TUNED not in head.about:
        return states
    folder = tuned_folder(spec.digest)
    if not folder.is_dir():
        raise ModelError(
            f"the tuned encoder of the step {spec.short} is not at {folder}",
            hint="copy the folder from where it was trained, or free the model with xprojdb gc and train it again",
            folder=str(folder),
            reason="no-weights",
        )
    # The time tells xprojdb gc that it is in use; of a cache that others own, it cannot be set.
    with suppress(PermissionError):
        folder.touch()
    return replace(states, model=str(folder), revision=head.about[TUNED])


def tune_encoder(
    spec: StepSpec, settings: TuneSettings, fitted: Fitted, sentences: Sequence[Sequence[str]], examples: Examples
) -> tuple[Fitted, dict[str, Any]]:
    """Tune the encoder of a training, and the head on it.

    :param fitted: the head on the frozen states.
    :param sentences: the words that the rows of ``examples`` stand for, in that order.
    :returns: the new head, and what to record.
    """
    ends = np.cumsum([len(words) for words in sentences])[:-1]
    weights = np.ones(len(examples.rows), np.float32) if examples.weights is None else examples.weights
    words = TaggedWords(sentences, np.split(examples.classes, ends), np.split(weights, ends))

    def about(revision: str) -> Mapping[str, str]:
        return {**fitted.head.about, TUNED: revision}

    tuned = tune(words, states_of(spec), fitted.head, settings, tuned_folder(spec.digest), about)
    measures = {"trained_weights": tuned.trained, "resumed": tuned.resumed, "head_losses": fitted.losses}
    return Fitted(tuned.head, settings.steps, fitted.cpu_s + tuned.cpu_s, tuned.losses), measures
