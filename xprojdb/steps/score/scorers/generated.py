"""Spans that a model writes for a type of entity (T-Projection, García-Ferrero et al. 2023, arXiv 2212.10548)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Share, Text
from xprojdb.steps.score.asking import Seq2SeqScorer
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.proposing import Proposal, ProposingConfig, ProposingScorer
from xprojdb.text.words import join_words


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


class Generated(Seq2SeqScorer, ProposingScorer):
    """The probability of a span as the model's answer for a type, the geometric mean over its sub-words.

    The beam search can only write spans of the sentence, whose words stay as they are.
    """

    name = "generated"
    Config = GeneratedConfig

    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:  # noqa: ARG002
        asked = [(pair, batch.entities.label[row]) for row, pair in enumerate(batch.owners)]
        found = {key: self._written(batch.target_words[key[0]], key[1]) for key in dict.fromkeys(asked)}
        return [found[key] for key in asked]

    def _written(self, words: Sequence[str], label: str) -> list[Proposal]:
        lang, longest = self.params.target, self.params.max_length
        spans = [(a, b) for a in range(len(words)) for b in range(a + 1, min(len(words), a + longest) + 1)]
        if not spans:
            return []
        # The text last: a sentence may contain braces of its own.
        text = self.config.prompt.replace("{type}", label).replace("{text}", join_words(words, lang)[0])
        form = self.config.answer.replace("{type}", label)
        answers = [form.replace("{span}", join_words(words[a:b], lang)[0]) for a, b in spans]
        best = self.seq2seq.best_answers(text, answers, lang, lang, self.config.beams)
        return [Proposal(*spans[place], score) for place, score in best]
