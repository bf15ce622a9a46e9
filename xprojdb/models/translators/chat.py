"""Translation by a language model behind a server that speaks OpenAI's chat completions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from xprojdb.config.fields.types import Count, Share
from xprojdb.errors import UsageError
from xprojdb.models.service import Reply, Service, check_address, nonsense
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.printable import is_sound
from xprojdb.text.languages import language

PROMPT = (
    "Translate the following text from {source} to {target}. Answer with the translation alone, on one line, "
    "without quotation marks or remarks. Keep every bracket.\n\n{text}"
)
_CHARACTERS_A_TOKEN = 4
#: characters outside of ASCII cost most tokenizers more
_OTHER_CHARACTERS_A_TOKEN = 1.5


@dataclass(frozen=True)
class ChatParams:
    """What changes a served model's translation.

    :param prompt: what it is asked, with ``{text}``, and, where wanted, ``{source}`` and ``{target}``: the English
        names of the languages.
    :param temperature: 0 for the likeliest words.
    :param seed: for servers that heed it.
    :param max_tokens: of an answer.
    """

    prompt: str = PROMPT
    temperature: Share = 0.0
    seed: int = 0
    max_tokens: Count = 1024

    def __post_init__(self) -> None:
        possible = "{text}" in self.prompt and self.temperature >= 0 and self.max_tokens >= 1
        if not possible:
            hint = "the prompt has {text} in it, temperature is 0 or more, max_tokens 1 or more"
            raise UsageError(f"{self} is not allowed", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every parameter."""
        return asdict(self)


@dataclass(frozen=True)
class Server:
    """Where an OpenAI-compatible server is, and how it is treated. The key itself is never kept.

    :param url: its base, such as ``"http://localhost:8000/v1"``; empty: ``$OPENAI_BASE_URL``.
    :param key_variable: the environment variable that holds the key; one that is not set sends none.
    :param parallel: requests at a time.
    :param timeout: seconds that an answer may take.
    :param attempts: how often a request is sent before it is given up.
    :param patience: seconds before the second attempt; twice as long before each further one.
    """

    url: str = ""
    key_variable: str = "OPENAI_API_KEY"
    parallel: int = 8
    timeout: float = 120.0
    attempts: int = 6
    patience: float = 1.0

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.attempts < 1 or self.timeout <= 0 or self.patience < 0:
            hint = "parallel and attempts are 1 or more, timeout above 0, patience 0 or more"
            raise UsageError("these settings of a server are not possible", hint=hint, settings=asdict(self))
        if self.url:
            check_address(self.url)

    def service(self) -> Service:
        """The service at its address.

        :raises UsageError: when there is no address, or it is none.
        """
        url = self.url or os.environ.get("OPENAI_BASE_URL", "")
        check_address(url)
        key = os.environ.get(self.key_variable, "").strip()
        if not (key.isascii() and key.isprintable()):
            hint = f"set {self.key_variable} to the key alone, in plain characters"
            message = f"the key in {self.key_variable} has characters that cannot be sent"
            raise UsageError(message, hint=hint, variable=self.key_variable)
        return Service(url.rstrip("/"), key, timeout=self.timeout, attempts=self.attempts, patience=self.patience)


class Cost(NamedTuple):
    """What translating some sentences would send.

    :param requests: one for every different sentence.
    :param characters: of all prompts.
    :param tokens: of prompts and answers together, about: tokenizers differ.
    """

    requests: int
    characters: int
    tokens: int


class ChatTranslator:
    """A served model, one request a sentence; see :class:`xprojdb.models.translators.translator.Translator`.

    When a sentence of a batch fails, the answers to the others are kept until they are asked for again: nothing that
    was paid for is sent twice.

    :param model: what the server calls it.
    :param server: where it is.
    """

    def __init__(self, model: str, params: ChatParams | None = None, server: Server | None = None) -> None:
        self.model, self.params, self._server = model, params or ChatParams(), server or Server()
        self._paid: dict[str, Translated] = {}

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see ``Translator``. Equal texts are sent once, empty ones never.

        :raises UsageError: when it is not known where the server is.
        :raises ServiceError: when the server does not answer, refuses, or answers nonsense.
        """
        prompts = dict(_prompts(self.params.prompt, sentences, source, target))
        made = self._answers(list(prompts.values()))
        found = {"": Translated(""), **dict(zip(prompts, made, strict=True))}
        return [found[text.strip()] for text in sentences]

    def _answers(self, prompts: list[str]) -> list[Translated]:
        """Answers to prompts; when one fails, nothing further is sent, and the others' answers are kept."""
        service = self._server.service()
        with ThreadPoolExecutor(self._server.parallel) as pool:
            asked = {
                prompt: pool.submit(service.post, "/chat/completions", self._asked(prompt), read)
                for prompt in prompts
                if prompt not in self._paid
            }
            try:
                for each in asked.values():
                    each.result()
            finally:
                pool.shutdown(cancel_futures=True)
                ended = ((prompt, each) for prompt, each in asked.items() if not each.cancelled())
                self._paid.update((prompt, each.result()) for prompt, each in ended if each.exception() is None)
        return [self._paid.pop(prompt) for prompt in prompts]

    def cost(self, sentences: Sequence[str], source: str, target: str) -> Cost:
        """What :meth:`translate` would send; nothing is sent."""
        prompts = dict(_prompts(self.params.prompt, sentences, source, target))
        characters = sum(map(len, prompts.values()))
        tokens = sum(_tokens(prompt) + _tokens(text) for text, prompt in prompts.items())
        return Cost(len(prompts), characters, tokens)

    def _asked(self, prompt: str) -> dict[str, Any]:
        """The body of a request."""
        sampling = {key: value for key, value in self.params.to_json().items() if key != "prompt"}
        return {"model": self.model, "messages": [{"role": "user", "content": prompt}], "n": 1, **sampling}


def read(reply: Reply) -> Translated:
    """The translation in a chat completion.

    :raises ServiceError: when there is none in it.
    """
    try:
        choice = reply.value["choices"][0]
        text, finish = choice["message"]["content"], choice.get("finish_reason")
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise nonsense(reply, "it has no choices[0].message.content") from error
    if not isinstance(text, str):
        raise nonsense(reply, "its message is no text")
    if not is_sound(text):
        raise nonsense(reply, "its message has control characters or halves of characters in it")
    return Translated(" ".join(text.split()), "output" if finish == "length" else "")


def _prompts(prompt: str, sentences: Sequence[str], source: str, target: str) -> Iterator[tuple[str, str]]:
    """Each different sentence that is not empty, and what is asked for it."""
    # Replaced one after the other, the text last: a sentence, or a prompt, may hold braces of its own.
    named = prompt.replace("{source}", language(source).name).replace("{target}", language(target).name)
    for text in dict.fromkeys(sentence.strip() for sentence in sentences):
        if text:
            yield text, named.replace("{text}", text)


def _tokens(text: str) -> int:
    plain = sum(character.isascii() for character in text)
    return round(plain / _CHARACTERS_A_TOKEN + (len(text) - plain) / _OTHER_CHARACTERS_A_TOKEN) + 1
