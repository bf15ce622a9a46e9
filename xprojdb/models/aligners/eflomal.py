"""eflomal: a statistical aligner that is trained on the corpus itself and needs no model.

Östling and Tiedemann 2016, *Efficient word alignment with Markov Chain Monte Carlo*. eflomal links the words of a
corpus in both directions; only the counts of linked words and of jumps are kept. From these counts every sentence, of
that corpus or new, is aligned on its own with ``hmm``. eflomal draws its own random numbers, so two trainings differ,
but with the same counts a sentence always gets the same links.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.config.fields.types import Probability
from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.matching.pharaoh.text import read_links
from xprojdb.models.aligners.encoder import NO_LINKS, SentencePair
from xprojdb.models.aligners.hmm import Cell, WordModel
from xprojdb.models.aligners.symmetrization import symmetrise
from xprojdb.models.aligners.word_links import Links

Symmetrization = Literal["soft", "intersection", "union", "grow-diag", "grow-diag-final-and"]
#: eflomal skips sentences of this many words or more
_TOO_LONG = 1024


@dataclass(frozen=True)
class EflomalParams:
    """How links are derived.

    :param symmetrization: ``"soft"``: every link, with the score √(forward · reverse probability); or one of
        ``RULES``, which merges the most probable link of each word in either direction, if it is more probable
        than no link; its score is the mean of the two probabilities, counting 0 for a direction that lacks the link.
    :param min_probability: with ``soft``, links must have a higher score than this.
    :raises UsageError: when a value is invalid; fields ``param`` and ``value``.
    """

    symmetrization: Symmetrization = "soft"
    min_probability: Probability = 0.01

    def __post_init__(self) -> None:
        rules = get_args(Symmetrization)
        if self.symmetrization not in rules:
            raise _impossible("symmetrization", self.symmetrization, ", ".join(rules))
        if not 0 <= self.min_probability < 1:
            raise _impossible("min_probability", self.min_probability, "0 to 1")


def _impossible(param: str, value: Any, possible: str) -> UsageError:
    message = f"eflomal: {param} cannot be {value!r}"
    return UsageError(message, hint=f"possible values: {possible}", param=param, value=value)


def eflomal_version() -> str:
    """The version of the installed eflomal.

    :raises MissingExtra: when it is not installed.
    """
    require("eflomal", "eflomal")
    return metadata.version("eflomal")


class Eflomal:
    """Learns from a corpus, and creates aligners from what it learned.

    :param iterations: sampling iterations in training, relative to the number eflomal would choose.
    """

    def __init__(self, params: EflomalParams | None = None, iterations: float = 0.3) -> None:
        self.params = params or EflomalParams()
        self.iterations = iterations

    def learn(self, pairs: Iterable[SentencePair]) -> dict[str, Any]:
        """Train on sentence pairs.

        :param pairs: words of both sides; empty sentences, and those of 1024 words or more, are skipped.
        :returns: a JSON object, for :meth:`trained`.
        :raises MissingExtra: when eflomal is not installed.
        :raises ModelError: when eflomal fails.
        """
        cleaned = [(_cleaned(left), _cleaned(right)) for left, right in pairs]
        usable = [pair for pair in cleaned if all(0 < len(words) < _TOO_LONG for words in pair)]
        forward, reverse = sample(usable, self.iterations) if usable else ([], [])
        there = zip(usable, map(_cells, forward), strict=True)
        back = zip(usable, map(_cells, reverse), strict=True)
        return {
            "forward": WordModel.count((left, right, cells) for (left, right), cells in there).to_json(),
            "reverse": WordModel.count(
                (right, left, [(b, a) for a, b in cells]) for (left, right), cells in back
            ).to_json(),
        }

    def trained(self, learned: Mapping[str, Any]) -> EflomalAligner:
        """Create an aligner from learned counts; it works without eflomal.

        :param learned: the result of :meth:`learn`.
        """
        return EflomalAligner(
            self.params, WordModel.from_json(learned["forward"]), WordModel.from_json(learned["reverse"])
        )


class EflomalAligner:
    """Aligns with counts learned from a corpus.

    :param forward: right words emitted by left ones.
    :param reverse: left words emitted by right ones.
    """

    def __init__(self, params: EflomalParams, forward: WordModel, reverse: WordModel) -> None:
        self.params = params
        self.forward = forward
        self.reverse = reverse

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs independently; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
        return [self._links(_cleaned(left), _cleaned(right)) for left, right in pairs]

    def _links(self, left: list[str], right: list[str]) -> Links:
        if not left or not right:
            return NO_LINKS
        forward, reverse = self.forward.probabilities(left, right), self.reverse.probabilities(right, left).T
        if self.params.symmetrization != "soft":
            return symmetrise([_likeliest(forward), _turned(_likeliest(reverse.T))], self.params.symmetrization)
        scores = np.sqrt(forward * reverse).astype(np.float32)
        cells = np.argwhere(scores > self.params.min_probability).astype(np.int32)
        return Links(cells, scores[tuple(cells.T)])


def _likeliest(probabilities: Floats) -> Links:
    """The most probable emitting word of each emitted word, unless no emitter is more probable."""
    emitters = probabilities.argmax(0)
    best = probabilities[emitters, np.arange(len(emitters))]
    linked = np.flatnonzero(best > 1 - probabilities.sum(0))
    return Links(np.stack([emitters[linked], linked], 1).astype(np.int32), best[linked].astype(np.float32))


def _turned(links: Links) -> Links:
    return Links(links.pairs[:, ::-1], links.scores)


def _cleaned(words: Sequence[str]) -> list[str]:
    """Prepare words for eflomal: in lower case, and without white space, which separates words there."""
    # A word that consists of white space is still a word, so that later words keep their positions.
    return ["_".join(word.lower().split()) or "_" for word in words]


def _cells(text: str) -> list[Cell]:
    return [(left, right) for left, right, _ in read_links(text)]


def sample(pairs: Sequence[SentencePair], iterations: float) -> tuple[list[str], list[str]]:
    """Run eflomal in both directions.

    :param pairs: words without white space, in non-empty sentences.
    :param iterations: as for :class:`Eflomal`.
    :returns: the links of each pair in Pharaoh format, left word first, for the forward and the reverse direction.
    :raises MissingExtra: when eflomal is not installed.
    :raises ModelError: when eflomal fails.
    """
    eflomal = require("eflomal", "eflomal")
    sides = [[" ".join(words) + "\n" for words in side] for side in zip(*pairs, strict=True)]
    with tempfile.TemporaryDirectory(prefix="xprojdb-eflomal-") as folder:
        outputs = [Path(folder) / name for name in ("forward", "reverse")]
        names = {f"links_filename_{way}": str(path) for way, path in zip(("fwd", "rev"), outputs, strict=True)}
        try:
            eflomal.Aligner(rel_iterations=iterations).align(*sides, **names)
            forward, reverse = (path.read_text(encoding="utf-8").split("\n")[: len(pairs)] for path in outputs)
        except (OSError, RuntimeError, ValueError) as error:
            raise _failed(str(error)) from error
    if not len(forward) == len(reverse) == len(pairs):
        raise _failed(f"it returned links for {len(forward)} and {len(reverse)} of {len(pairs)} pairs")
    return forward, reverse


def _failed(message: str) -> ModelError:
    return ModelError(
        f"eflomal failed: {message}", hint="check that there is enough memory and disk space", model_id="eflomal"
    )
