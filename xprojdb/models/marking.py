"""A language model behind a server that marks the entities of a sentence in its translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xprojdb.config.fields.types import Count, Seed, Share
from xprojdb.errors import UsageError
from xprojdb.models.easyproject.xml_tags import tag_name, tagged_text
from xprojdb.models.servers.chat import Chat, Cost, Question, Server, cost_of
from xprojdb.models.service import Reply
from xprojdb.models.taggers.served import Named, entities_format, locate
from xprojdb.models.taggers.served import read as read_named
from xprojdb.text.languages import language

PROMPT = """In a {source} sentence, entities are between tags such as <a> and </a>. Find the words of its {target} \
translation that stand for each entity. Copy them from the translation, letter for letter, and leave out entities that \
it does not have. Answer with JSON alone: {"entities": [{"tag": "a", "text": "…"}]}

{source}: {original}
{target}: {translation}"""
_ANSWER_TOKENS = 20


@dataclass(frozen=True, kw_only=True)
class MarkerParams:
    """What a model is asked.

    :param prompt: the prompt, with ``{original}`` and ``{translation}``, and optionally ``{source}`` and ``{target}``,
        the English names of the languages.
    :param samples: how often each translation is asked; the share of the answers that name a span is its score.
    :param temperature: the sampling temperature; several samples need one above 0.
    :param seed: the random seed of the first sample.
    :param max_tokens: the most tokens an answer may have.
    """

    prompt: str = PROMPT
    samples: Count = 1
    temperature: Share = 0.0
    seed: Seed = 0
    max_tokens: Count = 2048

    def __post_init__(self) -> None:
        if "{original}" not in self.prompt or "{translation}" not in self.prompt:
            message = "the prompt lacks {original} or {translation}"
            raise UsageError(message, hint="name both in it", prompt=self.prompt)
        if self.samples > 1 and self.temperature == 0:
            hint = "set a temperature such as 0.7, or leave out samples"
            raise UsageError("several samples at temperature 0 are one and the same", hint=hint, samples=self.samples)


class Marking(NamedTuple):
    """A translation whose entities are to be marked.

    :param source, target: the words of both sides.
    :param entities: (start, end) of the entities of the source, without overlaps.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    entities: tuple[tuple[int, int], ...]


class Marker:
    """A served model that finds the target words of entities.

    :param model: its name on the server.
    :param source, target: the languages.
    :param params: what it is asked.
    :param server: the server.
    """

    def __init__(
        self, model: str, source: str, target: str, params: MarkerParams | None = None, server: Server | None = None
    ) -> None:
        self.params, self._source = params or MarkerParams(), source
        named = self.params.prompt.replace("{source}", language(source).name)
        self._prompt = named.replace("{target}", language(target).name)
        settings = {
            "temperature": self.params.temperature,
            "max_tokens": self.params.max_tokens,
            "response_format": entities_format({"tag": {"type": "string"}, "text": {"type": "string"}}),
        }
        self._chat = Chat(model, server or Server(), settings, read)

    def mark(self, translations: Sequence[Marking]) -> list[list[dict[tuple[int, int], float]]]:
        """The spans of each entity of each translation, with the share of the answers that name them.

        Words that are not in the translation, or that another entity has taken, are left out.

        :raises ServiceError: when the server does not answer, or sends an unusable answer.
        """
        questions = [question for one in translations for question in self._questions(one)]
        answers = iter(self._chat.answers(questions) if questions else [])
        return [self._shares(one, [next(answers) for _ in range(self.params.samples)]) for one in translations]

    def cost(self, translations: Sequence[Marking]) -> Cost:
        """The cost of :meth:`mark`; nothing is sent."""
        asked = [
            (question.prompt, _ANSWER_TOKENS * (len(one.entities) + 1))
            for one in translations
            for question in self._questions(one)
        ]
        return cost_of(asked)

    def _questions(self, one: Marking) -> list[Question]:
        original, colon, rest = self._prompt.partition("{original}")
        # What is replaced last may contain braces of its own.
        parts = [part.replace("{translation}", " ".join(one.target)) for part in (original, rest)]
        prompt = tagged_text(one.source, one.entities, self._source).join(parts) if colon else self._prompt
        return [Question(prompt, self.params.seed + sample) for sample in range(self.params.samples)]

    def _shares(self, one: Marking, answers: Sequence[Sequence[Named]]) -> list[dict[tuple[int, int], float]]:
        places = {tag_name(entity): entity for entity in range(len(one.entities))}
        shares: list[dict[tuple[int, int], float]] = [{} for _ in one.entities]
        for answer in answers:
            known = [entry for entry in answer if entry.label in places]
            for start, end, tag in locate(one.target, known):
                own = shares[places[tag]]
                own[start, end] = own.get((start, end), 0.0) + 1 / len(answers)
        return shares


def read(reply: Reply) -> tuple[Named, ...]:
    """Read the marked words from a chat completion; a tag may be written with its brackets.

    :raises ServiceError: when it is cut, or not of the form asked for.
    """
    return tuple(Named(entry.text, entry.label.strip("<>/ ").casefold()) for entry in read_named(reply, "tag"))
