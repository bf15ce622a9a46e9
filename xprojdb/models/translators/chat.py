"""Translation by a language model behind a server with OpenAI's chat completions API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xprojdb.config.fields.types import Count, Share
from xprojdb.errors import UsageError
from xprojdb.models.servers.chat import Chat, Cost, Question, Server, choice_of, cost_of, token_count
from xprojdb.models.service import Reply
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.text.languages import language

PROMPT = (
    "Translate the following text from {source} to {target}. Answer with the translation alone, on one line, "
    "without quotation marks or remarks. Keep every bracket.\n\n{text}"
)

#: the same for texts with tags around names
TAG_PROMPT = (
    "Translate the following text from {source} to {target}. Names in it are between tags such as <a> and </a>: put "
    "the same tags around their translations. Answer with the translation alone, on one line, without quotation marks "
    "or remarks.\n\n{text}"
)


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


class ChatTranslator:
    """A served model, with one request per sentence; see :class:`xprojdb.models.translators.translator.Translator`.

    :param model: its name on the server.
    :param server: the server.
    """

    def __init__(self, model: str, params: ChatParams | None = None, server: Server | None = None) -> None:
        self.model, self.params = model, params or ChatParams()
        settings = {"temperature": self.params.temperature, "max_tokens": self.params.max_tokens}
        self._chat = Chat(model, server or Server(), settings, read)

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see ``Translator``. Equal texts are sent once, empty texts never.

        :raises UsageError: when the server address is missing.
        :raises ServiceError: when the server does not answer, rejects the request, or sends an unusable answer.
        """
        prompts = dict(_prompts(self.params.prompt, sentences, source, target))
        answers = self._chat.answers([Question(prompt, self.params.seed) for prompt in prompts.values()])
        translations = {"": Translated(""), **dict(zip(prompts, answers, strict=True))}
        return [translations[text.strip()] for text in sentences]

    def cost(self, sentences: Sequence[str], source: str, target: str) -> Cost:
        """The cost of :meth:`translate`; nothing is sent."""
        prompts = _prompts(self.params.prompt, sentences, source, target)
        return cost_of((prompt, token_count(text)) for text, prompt in prompts)


def read(reply: Reply) -> Translated:
    """Read the translation from a chat completion.

    :raises ServiceError: when it contains none.
    """
    choice, text = choice_of(reply)
    return Translated(" ".join(text.split()), "output" if choice.get("finish_reason") == "length" else "")


def _prompts(prompt: str, sentences: Sequence[str], source: str, target: str) -> Iterator[tuple[str, str]]:
    """Each distinct non-empty sentence, and its prompt."""
    # Replaced one by one, the text last: a sentence or prompt may contain braces of its own.
    named = prompt.replace("{source}", language(source).name).replace("{target}", language(target).name)
    for text in dict.fromkeys(sentence.strip() for sentence in sentences):
        if text:
            yield text, named.replace("{text}", text)
