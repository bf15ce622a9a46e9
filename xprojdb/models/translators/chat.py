"""Translation by a language model behind a server with OpenAI's chat completions API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from xprojdb.config.fields.types import Count, Share
from xprojdb.errors import UsageError
from xprojdb.models.servers.pool import ServicePool
from xprojdb.models.service import Reply, Service, check_address, nonsense
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.printable import is_sound
from xprojdb.text.languages import language

PROMPT = (
    "Translate the following text from {source} to {target}. Answer with the translation alone, on one line, "
    "without quotation marks or remarks. Keep every bracket.\n\n{text}"
)
_CHARACTERS_A_TOKEN = 4
#: most tokenizers need more tokens for characters outside ASCII
_OTHER_CHARACTERS_A_TOKEN = 1.5


@dataclass(frozen=True)
class ChatParams:
    """Options that affect a served model's translation.

    :param prompt: the prompt, with ``{text}`` and optionally ``{source}`` and ``{target}``, which are the English
        names of the languages.
    :param temperature: the sampling temperature; 0 chooses the most probable words.
    :param seed: the random seed, for servers that support it.
    :param max_tokens: the most tokens an answer may have.
    """

    prompt: str = PROMPT
    temperature: Share = 0.0
    seed: int = 0
    max_tokens: Count = 1024

    def __post_init__(self) -> None:
        possible = "{text}" in self.prompt and self.temperature >= 0 and self.max_tokens >= 1
        if not possible:
            hint = "the prompt must contain {text}, temperature must be 0 or more, max_tokens 1 or more"
            raise UsageError(f"{self} is invalid", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object with every parameter."""
        return asdict(self)


@dataclass(frozen=True)
class Server:
    """The address of an OpenAI-compatible server, and how to use it. The key itself is never stored.

    :param url: its base URL, such as ``"http://localhost:8000/v1"``, or those of several servers of the same model,
        separated by spaces; empty for ``$OPENAI_BASE_URL``.
    :param key_variable: the environment variable that holds the key; if it is not set, no key is sent.
    :param parallel: the number of parallel requests, to each server.
    :param timeout: seconds an answer may take.
    :param attempts: how often to send a request before giving up.
    :param patience: seconds before the second attempt; doubled before each further attempt.
    """

    url: str = ""
    key_variable: str = "OPENAI_API_KEY"
    parallel: int = 8
    timeout: float = 120.0
    attempts: int = 6
    patience: float = 1.0

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.attempts < 1 or self.timeout <= 0 or self.patience < 0:
            hint = "parallel and attempts must be 1 or more, timeout above 0, patience 0 or more"
            raise UsageError("the server settings are invalid", hint=hint, settings=asdict(self))
        for url in self.url.split():
            check_address(url)

    @property
    def urls(self) -> list[str]:
        """The distinct addresses."""
        return list(dict.fromkeys((self.url or os.environ.get("OPENAI_BASE_URL", "")).split()))

    def service(self) -> Service | ServicePool:
        """Create the service at this address, or a pool for several.

        :raises UsageError: when the address is missing or invalid.
        """
        for url in self.urls or [""]:
            check_address(url)
        key = os.environ.get(self.key_variable, "").strip()
        if not (key.isascii() and key.isprintable()):
            hint = f"set {self.key_variable} to the key alone, in printable ASCII"
            message = f"the key in {self.key_variable} contains characters that cannot be sent"
            raise UsageError(message, hint=hint, variable=self.key_variable)
        attempts = self.attempts if len(self.urls) == 1 else 1
        services = [
            Service(url.rstrip("/"), key, timeout=self.timeout, attempts=attempts, patience=self.patience)
            for url in self.urls
        ]
        if len(services) == 1:
            return services[0]
        return ServicePool(services, parallel=self.parallel, attempts=self.attempts, patience=self.patience)


class Cost(NamedTuple):
    """The cost of translating some sentences.

    :param requests: one for every distinct sentence.
    :param characters: the characters of all prompts.
    :param tokens: the approximate tokens of prompts and answers together; tokenizers differ.
    """

    requests: int
    characters: int
    tokens: int


class ChatTranslator:
    """A served model, with one request per sentence; see :class:`xprojdb.models.translators.translator.Translator`.

    If a sentence of a batch fails, the answers for the others are kept until they are requested again, so that nothing
    is paid for twice.

    :param model: its name on the server.
    :param server: the server.
    """

    def __init__(self, model: str, params: ChatParams | None = None, server: Server | None = None) -> None:
        self.model, self.params, self._server = model, params or ChatParams(), server or Server()
        self._paid: dict[str, Translated] = {}

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see ``Translator``. Equal texts are sent once, empty texts never.

        :raises UsageError: when the server address is missing.
        :raises ServiceError: when the server does not answer, rejects the request, or sends an unusable answer.
        """
        prompts = dict(_prompts(self.params.prompt, sentences, source, target))
        answers = self._answers(list(prompts.values()))
        translations = {"": Translated(""), **dict(zip(prompts, answers, strict=True))}
        return [translations[text.strip()] for text in sentences]

    def _answers(self, prompts: list[str]) -> list[Translated]:
        """Answers to prompts. If one fails, nothing further is sent, and the other answers are kept."""
        service = self._server.service()
        with ThreadPoolExecutor(self._server.parallel * len(self._server.urls)) as pool:
            requests = {
                prompt: pool.submit(service.post, "/chat/completions", self._request_body(prompt), read)
                for prompt in prompts
                if prompt not in self._paid
            }
            try:
                for request in requests.values():
                    request.result()
            finally:
                pool.shutdown(cancel_futures=True)
                ended = ((prompt, request) for prompt, request in requests.items() if not request.cancelled())
                self._paid.update(
                    (prompt, request.result()) for prompt, request in ended if request.exception() is None
                )
        return [self._paid.pop(prompt) for prompt in prompts]

    def cost(self, sentences: Sequence[str], source: str, target: str) -> Cost:
        """The cost of :meth:`translate`; nothing is sent."""
        prompts = dict(_prompts(self.params.prompt, sentences, source, target))
        characters = sum(map(len, prompts.values()))
        tokens = sum(_tokens(prompt) + _tokens(text) for text, prompt in prompts.items())
        return Cost(len(prompts), characters, tokens)

    def _request_body(self, prompt: str) -> dict[str, Any]:
        """The body of a request."""
        sampling = {key: value for key, value in self.params.to_json().items() if key != "prompt"}
        return {"model": self.model, "messages": [{"role": "user", "content": prompt}], "n": 1, **sampling}


def read(reply: Reply) -> Translated:
    """Read the translation from a chat completion.

    :raises ServiceError: when it contains none.
    """
    try:
        choice = reply.value["choices"][0]
        text, finish = choice["message"]["content"], choice.get("finish_reason")
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise nonsense(reply, "it has no choices[0].message.content") from error
    if not isinstance(text, str):
        raise nonsense(reply, "its message is not text")
    if not is_sound(text):
        raise nonsense(reply, "its message contains control characters or lone surrogates")
    return Translated(" ".join(text.split()), "output" if finish == "length" else "")


def _prompts(prompt: str, sentences: Sequence[str], source: str, target: str) -> Iterator[tuple[str, str]]:
    """Each distinct non-empty sentence, and its prompt."""
    # Replaced one by one, the text last: a sentence or prompt may contain braces of its own.
    named = prompt.replace("{source}", language(source).name).replace("{target}", language(target).name)
    for text in dict.fromkeys(sentence.strip() for sentence in sentences):
        if text:
            yield text, named.replace("{text}", text)


def _tokens(text: str) -> int:
    plain = sum(character.isascii() for character in text)
    return round(plain / _CHARACTERS_A_TOKEN + (len(text) - plain) / _OTHER_CHARACTERS_A_TOKEN) + 1
