"""Spans that a model writes for a type of entity (T-Projection, García-Ferrero et al. 2023, arXiv 2212.10548)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Share, Text
from xprojdb.models.store import canonical_id, resolve
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.params import own_keys
from xprojdb.steps.score.proposing import Proposal, ProposingConfig, ProposingScorer
from xprojdb.steps.spec import StepSpec
from xprojdb.text.words import join_words

if TYPE_CHECKING:
    from xprojdb.models.translators.seq2seq import Seq2Seq


@dataclass(frozen=True, kw_only=True)
class GeneratedConfig(ProposingConfig):
    """``[[scorer]]`` with ``type = "generated"``: spans that a model writes for the entity's type (T-Projection).

    It has its own candidates, of up to ``max_length`` words.

    :param model: an encoder-decoder, fine-tuned to write entities of a type; there is no default.
    :param revision: the revision the model must have.
    :param prompt: what it reads, with ``{text}`` and ``{type}``.
    :param answer: what it writes, with ``{span}`` and perhaps ``{type}``.
    :param beams: the number of hypotheses, and of spans for each type and sentence.
    """

    model: str = ""
    revision: Text | None = None
    max_length: Count = 12
    min_score: Share = 0.0
    prompt: Text = "<{type}> {text}"
    answer: Text = "<{type}>{span}</{type}>"
    beams: Count = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.model:
            hint = 'set a model, for example model = "google/mt5-large"'
            raise RecipeError("the scorer 'generated' needs a model", hint=hint, key="model")
        if "{text}" not in self.prompt or "{span}" not in self.answer:
            hint = "name {text} in the prompt, and {span} in the answer"
            raise RecipeError("the prompt or the answer lacks its text", hint=hint, key="prompt")


class Generated(ProposingScorer):
    """The probability of a span as the model's answer for a type, the geometric mean over its sub-words.

    The beam search can only write spans of the sentence, whose words stay as they are.

    :param load: loads the model.
    """

    name = "generated"
    Config = GeneratedConfig
    not_params = frozenset({"model", "revision"})
    block = 64

    def __init__(self, spec: StepSpec, load: Callable[[], Seq2Seq] | None = None) -> None:
        super().__init__(spec)
        assert spec.model is not None, "it has a model"
        self._settings = GeneratedConfig(model=spec.model, **own_keys(self.Config, spec.params, self.not_params))
        self._load = load or partial(_load, spec)
        self._model: Seq2Seq | None = None

    @classmethod
    def model(cls, config: GeneratedConfig) -> tuple[str | None, str | None]:
        return canonical_id(config.model), resolve(config.model, config.revision).revision

    @classmethod
    def languages(cls, direction: Direction) -> Mapping[str, str]:
        return {"source": direction.source, "target": direction.target}

    @property
    def title(self) -> str:
        return f"{super().title} by {self.spec.model}"

    def open(self) -> None:
        self._model = self._load()

    def close(self) -> None:
        super().close()
        self._model = None

    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:  # noqa: ARG002
        asked = [(pair, batch.entities.label[row]) for row, pair in enumerate(batch.owners)]
        found = {key: self._written(batch.target_words[key[0]], key[1]) for key in dict.fromkeys(asked)}
        return [found[key] for key in asked]

    def _written(self, words: Sequence[str], label: str) -> list[Proposal]:
        assert self._model is not None, "open() comes first"
        lang, longest = self.params.target, self.params.max_length
        spans = [(a, b) for a in range(len(words)) for b in range(a + 1, min(len(words), a + longest) + 1)]
        if not spans:
            return []
        # The text last: a sentence may contain braces of its own.
        text = self._settings.prompt.replace("{type}", label).replace("{text}", join_words(words, lang)[0])
        form = self._settings.answer.replace("{type}", label)
        answers = [form.replace("{span}", join_words(words[a:b], lang)[0]) for a, b in spans]
        best = self._model.best_answers(text, answers, lang, lang, self._settings.beams)
        return [Proposal(*spans[place], score) for place, score in best]


def _load(spec: StepSpec) -> Seq2Seq:
    from xprojdb.models.translators.seq2seq import Seq2Seq

    return Seq2Seq(spec.model or "", revision=spec.revision)
