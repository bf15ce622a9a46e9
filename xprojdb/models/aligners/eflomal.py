"""eflomal: a statistical aligner that is trained on the sentences at hand, and needs no model.

Östling and Tiedemann 2016, *Efficient word alignment with Markov Chain Monte Carlo*. eflomal links the words of a
corpus in both directions; how often words and jumps were linked is what is kept. From these counts every sentence, of
that corpus or new, is aligned by itself with ``hmm``. eflomal draws its own random numbers, so that
two trainings differ; with the same counts a sentence always has the same links.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from xprojdb.config.fields.types import Probability
from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.models.aligners.encoder import NO_LINKS, SentencePair
from xprojdb.models.aligners.hmm import Cell, Floats, WordModel
from xprojdb.models.aligners.symmetrization import symmetrise
from xprojdb.models.aligners.word_links import Links

Symmetrization = Literal["soft", "intersection", "union", "grow-diag", "grow-diag-final-and"]
#: words in a sentence from which on eflomal leaves it out
_TOO_LONG = 1024


@dataclass(frozen=True)
class EflomalParams:
    """How links come about.

    :param symmetrization: ``"soft"``: every link, its score being √(forward · reverse probability); or one of
        ``RULES``: the likeliest link of each word in either direction, if it is likelier
        than none, made one; its score is the mean of the two probabilities, 0 where a direction has it not.
    :param min_probability: of ``soft``: links whose score is not above it are left out.
    :raises UsageError: when a value is not possible; fields ``param`` and ``value``.
    """

    symmetrization: Symmetrization = "soft"
    min_probability: Probability = 0.01

    def __post_init__(self) -> None:
        known = get_args(Symmetrization)
        if self.symmetrization not in known:
            raise _impossible("symmetrization", self.symmetrization, ", ".join(known))
        if not 0 <= self.min_probability < 1:
            raise _impossible("min_probability", self.min_probability, "0 to 1")


def _impossible(param: str, value: Any, possible: str) -> UsageError:
    message = f"eflomal: {param} cannot be {value!r}"
    return UsageError(message, hint=f"possible: {possible}", param=param, value=value)


def eflomal_version() -> str:
    """The version of the installed eflomal.

    :raises MissingExtra: when it is not installed.
    """
    require("eflomal", "eflomal")
    return metadata.version("eflomal")


class Eflomal:
    """Learns from a corpus, and makes aligners of what it learned.

    :param iterations: rounds of sampling in training, in shares of what eflomal would do by itself.
    """

    def __init__(self, params: EflomalParams | None = None, iterations: float = 0.3) -> None:
        self.params = params or EflomalParams()
        self.iterations = iterations

    def learn(self, pairs: Iterable[SentencePair]) -> dict[str, Any]:
        """Train on sentence pairs.

        :param pairs: words of both sides; empty sentences, and those of 1024 words or more, teach nothing.
        :returns: a JSON object, for :meth:`trained`.
        :raises MissingExtra: when eflomal is not installed.
        :raises ModelError: when it fails.
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
        """The aligner that has learned something; it works without eflomal.

        :param learned: as :meth:`learn` gives it.
        """
        return EflomalAligner(
            self.params, WordModel.from_json(learned["forward"]), WordModel.from_json(learned["reverse"])
        )


class EflomalAligner:
    """Aligns with what was learned from a corpus.

    :param forward: right words emitted by left ones.
    :param reverse: left words emitted by right ones.
    """

    def __init__(self, params: EflomalParams, forward: WordModel, reverse: WordModel) -> None:
        self.params = params
        self.forward = forward
        self.reverse = reverse

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs, each by itself; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
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
    """The likeliest given word of each emitted one, unless it is likelier that none emitted it."""
    given = probabilities.argmax(0)
    best = probabilities[given, np.arange(len(given))]
    linked = np.flatnonzero(best > 1 - probabilities.sum(0))
    return Links(np.stack([given[linked], linked], 1).astype(np.int32), best[linked].astype(np.float32))


def _turned(links: Links) -> Links:
    return Links(links.pairs[:, ::-1], links.scores)


def _cleaned(words: Sequence[str]) -> list[str]:
    """Words as eflomal is given them: in lower case, and without white space, which parts words there."""
    # A word of nothing but white space is still a word: later ones must keep their places.
    return ["_".join(word.lower().split()) or "_" for word in words]


def _cells(text: str) -> list[Cell]:
    return [(int(left), int(right)) for left, right in (link.split("-") for link in text.split())]


def sample(pairs: Sequence[SentencePair], iterations: float) -> tuple[list[str], list[str]]:
    """Run eflomal in both directions.

    :param pairs: words without white space, in sentences that are not empty.
    :param iterations: as for :class:`Eflomal`.
    :returns: links of each pair in Pharaoh format, left word first: of the forward and of the reverse direction.
    :raises MissingExtra: when eflomal is not installed.
    :raises ModelError: when it fails.
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
        raise _failed(f"it gave links of {len(forward)} and {len(reverse)} of {len(pairs)} pairs")
    return forward, reverse


def _failed(told: str) -> ModelError:
    return ModelError(f"eflomal failed: {told}", hint="is there memory and disk left?", model_id="eflomal")
