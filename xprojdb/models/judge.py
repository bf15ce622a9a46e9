"""A language model behind a server that accepts or rejects projected labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from xprojdb.config.fields.types import Count, Seed
from xprojdb.errors import UsageError
from xprojdb.models.servers.chat import Chat, Cost, Question, Server, choice_of, cost_of
from xprojdb.models.service import Reply, nonsense
from xprojdb.text.languages import language

PROMPT = """In a {source} sentence, an entity is between [[ and ]]. In its {target} translation, some words are \
between [[ and ]]. Are these words the rendering of that entity, all of it and nothing else, and are they of the type \
{type} there, too? Answer with yes or no alone.

{source}: {original}
{target}: {translation}"""
#: how many of the most probable first tokens to ask for; servers allow 20 or fewer
_ALTERNATIVES = 5
_ANSWER_TOKENS = 2


@dataclass(frozen=True, kw_only=True)
class JudgeParams:
    """What a judge is asked.

    :param prompt: the prompt, with ``{original}`` and ``{translation}``, and optionally ``{type}``, ``{source}`` and
        ``{target}``, which are the English names of the languages.
    :param seed: the random seed, for servers that support it.
    :param max_tokens: the most tokens an answer may have.
    """

    prompt: str = PROMPT
    seed: Seed = 0
    max_tokens: Count = 4

    def __post_init__(self) -> None:
        if "{original}" not in self.prompt or "{translation}" not in self.prompt:
            hint = "name both in it"
            raise UsageError("the prompt lacks {original} or {translation}", hint=hint, prompt=self.prompt)


class Case(NamedTuple):
    """A projected label.

    :param label: its type.
    :param original: the source sentence, with the entity in double brackets.
    :param translation: the target sentence, with the span in double brackets.
    """

    label: str
    original: str
    translation: str


class Judge:
    """A served model that says how probable it is that a projected label is right.

    :param model: its name on the server.
    :param source, target: the languages.
    :param params: what it is asked.
    :param server: the server.
    """

    def __init__(
        self, model: str, source: str, target: str, params: JudgeParams | None = None, server: Server | None = None
    ) -> None:
        self.params = params or JudgeParams()
        named = self.params.prompt.replace("{source}", language(source).name)
        self._prompt = named.replace("{target}", language(target).name)
        settings: dict[str, Any] = {"temperature": 0.0, "max_tokens": self.params.max_tokens}
        self._chat = Chat(model, server or Server(), settings | {"logprobs": True, "top_logprobs": _ALTERNATIVES}, read)

    def judge(self, cases: Sequence[Case]) -> list[float]:
        """The probability of *yes* for each case; of *yes* and *no*, if the server tells probabilities, else 1 or 0.

        :raises ServiceError: when the server does not answer, or answers neither yes nor no.
        """
        asked = {case: self._question(case) for case in cases}
        answers = dict(zip(asked, self._chat.answers(list(asked.values())), strict=True)) if asked else {}
        return [answers[case] for case in cases]

    def cost(self, cases: Sequence[Case]) -> Cost:
        """The cost of :meth:`judge`; nothing is sent."""
        return cost_of((self._question(case).prompt, _ANSWER_TOKENS) for case in dict.fromkeys(cases))

    def _question(self, case: Case) -> Question:
        prompt = self._prompt.replace("{type}", case.label)
        # What is replaced last may contain braces of its own.
        original, colon, rest = prompt.partition("{original}")
        parts = [part.replace("{translation}", case.translation) for part in (original, rest)]
        return Question(case.original.join(parts) if colon else prompt, self.params.seed)


def marked(words: Sequence[str], start: int, end: int) -> str:
    """A sentence with some of its words in double brackets."""
    return " ".join([*words[:start], f"[[{' '.join(words[start:end])}]]", *words[end:]])


def read(reply: Reply) -> float:
    """Read the probability of *yes* from a chat completion.

    :raises ServiceError: when it is neither yes nor no.
    """
    choice, text = choice_of(reply)
    chances = {"yes": 0.0, "no": 0.0}
    for token, logarithm in _alternatives(reply, choice.get("logprobs")):
        word = _word(token)
        if word in chances:
            chances[word] += math.exp(min(logarithm, 0.0))
    said = _word(text)
    if not any(chances.values()) and said in chances:
        chances[said] = 1.0
    if not any(chances.values()):
        raise nonsense(reply, "it is neither yes nor no")
    return chances["yes"] / (chances["yes"] + chances["no"])


def _alternatives(reply: Reply, logprobs: Any) -> list[tuple[str, float]]:
    """The most probable first tokens, with the logarithms of their probabilities; none if the server tells none."""
    if not logprobs:
        return []
    try:
        values = [(logprob["token"], float(logprob["logprob"])) for logprob in logprobs["content"][0]["top_logprobs"]]
    except (TypeError, KeyError, IndexError, ValueError, OverflowError) as error:
        raise nonsense(reply, "its logprobs are not those of the protocol") from error
    if any(not isinstance(token, str) or math.isnan(logarithm) for token, logarithm in values):
        raise nonsense(reply, "its logprobs are not those of the protocol")
    return values


def _word(text: str) -> str:
    """The first word of a text, in lower case and without punctuation."""
    return next(iter(text.split()), "").strip(".,!*\"'").lower()
