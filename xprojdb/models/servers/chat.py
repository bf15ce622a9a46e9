"""Questions to a language model behind a server with OpenAI's chat completions API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from xprojdb.errors import UsageError
from xprojdb.models.servers.addresses import check_address, check_proxy
from xprojdb.models.servers.pool import ServicePool
from xprojdb.models.service import Reply, Service, nonsense
from xprojdb.printable import is_sound

Answer = TypeVar("Answer")

#: the revision of a model behind a server, which does not report one
SERVED = "served"
_CHARACTERS_A_TOKEN = 4
#: most tokenizers need more tokens for characters outside ASCII
_OTHER_CHARACTERS_A_TOKEN = 1.5


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
            check_proxy(url)
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
    """What asking some questions costs.

    :param requests: one for every distinct question.
    :param characters: the characters of all prompts.
    :param tokens: the approximate tokens of prompts and answers together; tokenizers differ.
    """

    requests: int
    characters: int
    tokens: int


class Question(NamedTuple):
    """A question to a model.

    :param prompt: the user's message.
    :param seed: the random seed, for servers that support it; another seed is another question.
    """

    prompt: str
    seed: int = 0


class Chat(Generic[Answer]):
    """A served model, with one request per question.

    If a question of a batch fails, the answers to the others are kept until they are requested again, so that nothing
    is paid for twice.

    :param model: its name on the server.
    :param server: the server.
    :param settings: the other keys of every request, such as ``temperature``.
    :param read: reads an answer, or raises :class:`xprojdb.errors.ServiceError` to have the question repeated.
    """

    def __init__(
        self, model: str, server: Server, settings: Mapping[str, Any], read: Callable[[Reply], Answer]
    ) -> None:
        self.model, self._server, self._settings, self._read = model, server, settings, read
        self._paid: dict[Question, Answer] = {}

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """Answers to questions; equal ones are sent once.

        If one fails, nothing further is sent, and the answers to the others are kept.

        :raises UsageError: when the server address is missing.
        :raises ServiceError: when the server does not answer, rejects the request, or sends an unusable answer.
        """
        service = self._server.service()
        with ThreadPoolExecutor(self._server.parallel * len(self._server.urls)) as pool:
            requests = {
                question: pool.submit(service.post, "/chat/completions", self._body(question), self._read)
                for question in dict.fromkeys(questions)
                if question not in self._paid
            }
            try:
                for request in requests.values():
                    request.result()
            finally:
                pool.shutdown(cancel_futures=True)
                ended = ((question, request) for question, request in requests.items() if not request.cancelled())
                self._paid.update(
                    (question, request.result()) for question, request in ended if request.exception() is None
                )
        answers = {question: self._paid.pop(question) for question in dict.fromkeys(questions)}
        return [answers[question] for question in questions]

    def _body(self, question: Question) -> dict[str, Any]:
        message = {"role": "user", "content": question.prompt}
        return {"model": self.model, "messages": [message], "n": 1, "seed": question.seed, **self._settings}


def cost_of(questions: Iterable[tuple[str, int]]) -> Cost:
    """What some questions cost.

    :param questions: the prompt of each, and the approximate tokens of its answer.
    """
    asked = [(len(prompt), token_count(prompt) + answer) for prompt, answer in questions]
    return Cost(len(asked), sum(characters for characters, _ in asked), sum(tokens for _, tokens in asked))


def token_count(text: str) -> int:
    """About how many tokens a text has; tokenizers differ."""
    plain = sum(character.isascii() for character in text)
    return round(plain / _CHARACTERS_A_TOKEN + (len(text) - plain) / _OTHER_CHARACTERS_A_TOKEN) + 1


def choice_of(reply: Reply) -> tuple[Mapping[str, Any], str]:
    """The first choice of a chat completion, and its text.

    :raises ServiceError: when it has none, or characters that nothing can store.
    """
    try:
        choice = reply.value["choices"][0]
        text = choice["message"]["content"]
    except (TypeError, KeyError, IndexError) as error:
        raise nonsense(reply, "it has no choices[0].message.content") from error
    if not isinstance(text, str):
        raise nonsense(reply, "its message is not text")
    if not is_sound(text):
        raise nonsense(reply, "its message contains control characters or lone surrogates")
    return choice, text
