"""Entities by a language model behind a server with OpenAI's chat completions API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from xprojdb.arrays import Singles
from xprojdb.config.fields.types import Count, Seed, Share
from xprojdb.digest import digest_of
from xprojdb.errors import UsageError
from xprojdb.models.servers.chat import Chat, Cost, Question, Server, choice_of, cost_of
from xprojdb.models.service import Reply, nonsense
from xprojdb.models.taggers.token_classifier import Tagged
from xprojdb.text.languages import language
from xprojdb.text.normalization import normal_form
from xprojdb.text.spans import Span

PROMPT = """List the named entities of a {language} sentence. These types count, and no others:
{types}

Copy each entity from the sentence, letter for letter. Leave out articles and titles such as "Mr" at its edges. List \
the entities in the order of the sentence, one that occurs twice twice, and none inside another. Answer with JSON alone:
{"entities": [{"text": "…", "type": "…"}]}

Sentence: {text}"""
#: what the labels of well-known schemes stand for
TYPES: Mapping[str, str] = {
    "PER": "names of people",
    "PERSON": "names of people",
    "ORG": "organizations: companies, authorities, parties, teams, newspapers",
    "LOC": "places: countries, cities, regions, mountains, rivers, buildings",
    "GPE": "countries, cities and states",
    "FAC": "buildings, airports, roads, bridges",
    "MISC": "other names: nationalities, languages, events, works of art, products",
    "DATE": "dates and periods",
    "TIME": "times of the day",
    "NORP": "nationalities, religions and political groups",
    "EVENT": "named events",
    "WORK_OF_ART": "titles of books, songs, films",
    "PRODUCT": "named products",
    "LAW": "named laws and treaties",
    "LANGUAGE": "languages",
}
#: the labels of a recipe that names none
DEFAULT_TYPES = ("PER", "ORG", "LOC", "MISC")
#: about how many tokens of an answer an entity takes, and one entity for how many words
_TOKENS_AN_ENTITY = 20
_WORDS_AN_ENTITY = 8
#: digests of sentences to keep with their entities, so that equal ones are asked once
_KEPT = 1 << 18


@dataclass(frozen=True, kw_only=True)
class ServedParams:
    """Options that affect a served model's entities.

    :param types: the labels and what each stands for; empty for the labels of the recipe, or PER, ORG, LOC and MISC.
    :param prompt: the prompt, with ``{text}``, ``{types}`` and optionally ``{language}``, its English name.
    :param samples: how often each sentence is asked; entities in more than half of the answers count, and the shares
        are stored as probabilities of words.
    :param temperature: the sampling temperature; several samples need one above 0.
    :param seed: the random seed of the first sample.
    :param max_tokens: the most tokens an answer may have.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    prompt: str = PROMPT
    samples: Count = 1
    temperature: Share = 0.0
    seed: Seed = 0
    max_tokens: Count = 2048

    def __post_init__(self) -> None:
        if "{text}" not in self.prompt or "{types}" not in self.prompt:
            raise UsageError("the prompt lacks {text} or {types}", hint="name both in it", prompt=self.prompt)
        if self.samples > 1 and self.temperature == 0:
            hint = "set a temperature such as 0.7, or leave out samples"
            raise UsageError("several samples at temperature 0 are one and the same", hint=hint, samples=self.samples)

    @property
    def tags(self) -> tuple[str, ...]:
        """The columns of the word probabilities: the IOB2 tags of the types."""
        return ("O", *(f"{prefix}-{label}" for label in self.types for prefix in "BI"))


def described(labels: Sequence[str]) -> dict[str, str]:
    """What labels stand for; a label that no scheme has stands for itself."""
    return {label: TYPES.get(label, label.replace("_", " ").lower()) for label in labels or DEFAULT_TYPES}


class Found(NamedTuple):
    """What a model found in a sentence.

    :param spans: the entities, in order and without overlaps.
    :param probabilities: (words, tags) the shares of the answers with each tag.
    :param left_out: how many entities of the answers are not in the sentence, overlap others or have an unknown type.
    """

    spans: tuple[Span, ...]
    probabilities: Singles
    left_out: int


class ServedTagger:
    """A served model as a tagger; see :class:`xprojdb.models.taggers.spacy.ScoringTagger`.

    Equal sentences are asked once. The schema of answers is the same for all sentences of a step, so that a server
    compiles it once; that entities are words of the sentence is checked afterwards.

    :param model: its name on the server.
    :param lang: the language of the sentences.
    :param params: with the types.
    :param server: the server.
    """

    def __init__(self, model: str, lang: str, params: ServedParams, server: Server | None = None) -> None:
        self.params = params
        types = "\n".join(f"- {label}: {meaning}" for label, meaning in params.types.items())
        self._prompt = params.prompt.replace("{language}", language(lang).name).replace("{types}", types)
        settings = {
            "temperature": params.temperature,
            "max_tokens": params.max_tokens,
            "response_format": answer_format(list(params.types)),
        }
        self._chat = Chat(model, server or Server(), settings, read)
        self._known: dict[str, Found] = {}

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[tuple[Span, ...]]:
        """Tag sentences; see :class:`xprojdb.models.taggers.spacy.Tagger`.

        :raises ServiceError: when the server does not answer, or sends an unusable answer.
        """
        return [result.spans for result in self.find(sentences)]

    def tag_scored(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """Tag sentences and return the shares of the answers as well."""
        return [Tagged(result.spans, result.probabilities) for result in self.find(sentences)]

    def find(self, sentences: Sequence[Sequence[str]]) -> list[Found]:
        """Find the entities of sentences, and count what the model named besides.

        :raises ServiceError: when the server does not answer, or sends an unusable answer.
        """
        keys = [digest_of(list(words)) for words in sentences]
        fresh = {key: words for key, words in zip(keys, sentences, strict=True) if words and key not in self._known}
        answers = iter(self._chat.answers([*self._questions(fresh.values())]) if fresh else [])
        named = {key: self._found(words, [next(answers) for _ in self._seeds]) for key, words in fresh.items()}
        named |= {key: self._known[key] for key in keys if key in self._known}
        self._keep(named)
        nothing = self._found((), [])
        return [named.get(key, nothing) for key in keys]

    def cost(self, sentences: Sequence[Sequence[str]]) -> Cost:
        """The cost of :meth:`tag`; nothing is sent."""
        distinct = {digest_of(list(words)): words for words in sentences if words}
        answers = [
            len(words) // _WORDS_AN_ENTITY * _TOKENS_AN_ENTITY + _TOKENS_AN_ENTITY for words in distinct.values()
        ]
        prompts = [self._asking(words) for words in distinct.values()]
        return cost_of([*zip(prompts, answers, strict=True)] * self.params.samples)

    @property
    def _seeds(self) -> range:
        return range(self.params.seed, self.params.seed + self.params.samples)

    def _questions(self, sentences: Any) -> Iterator[Question]:
        return (Question(self._asking(words), seed) for words in sentences for seed in self._seeds)

    def _asking(self, words: Sequence[str]) -> str:
        # The text last: a sentence may contain braces of its own.
        return self._prompt.replace("{text}", " ".join(words))

    def _keep(self, found: Mapping[str, Found]) -> None:
        if len(self._known) + len(found) > _KEPT:
            self._known.clear()
        self._known.update(found)

    def _found(self, words: Sequence[str], answers: Sequence[Sequence[Named]]) -> Found:
        """Merge the answers about a sentence."""
        located = [locate(words, [entry for entry in answer if entry.label in self.params.types]) for answer in answers]
        votes = Counter(span for spans in located for span in spans)
        # Spans that overlap are never in one answer, so no two of them can both have more than half of the answers.
        spans = sorted(span for span, count in votes.items() if 2 * count > len(answers))
        left_out = sum(map(len, answers)) - sum(map(len, located))
        return Found(tuple(spans), self._shares(len(words), located), left_out)

    def _shares(self, words: int, located: Sequence[Sequence[Span]]) -> Singles:
        column = {tag: place for place, tag in enumerate(self.params.tags)}
        shares = np.zeros((words, len(column)), np.float32)
        for spans in located:
            tags = np.zeros(words, np.int64)
            for start, end, label in spans:
                tags[start], tags[start + 1 : end] = column[f"B-{label}"], column[f"I-{label}"]
            shares[np.arange(words), tags] += 1 / len(located)
        return shares


class Named(NamedTuple):
    """An entity as a model names it.

    :param text: its words, however they are spaced.
    :param label: its type, which may be unknown.
    """

    text: str
    label: str


def answer_format(labels: Sequence[str]) -> dict[str, Any]:
    """The form of answers, as the protocol's ``response_format``."""
    return entities_format({"text": {"type": "string"}, "type": {"type": "string", "enum": list(labels)}})


def entities_format(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The form of answers that list entities.

    :param properties: the JSON schema of each property of an entity, in the order in which they are to be written.
    """
    schema = _object({"entities": {"type": "array", "items": _object(properties)}})
    return {"type": "json_schema", "json_schema": {"name": "entities", "strict": True, "schema": schema}}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read(reply: Reply, kind: str = "type") -> tuple[Named, ...]:
    """Read the entities from a chat completion.

    :param kind: the property that becomes the label.
    :raises ServiceError: when it is cut, or not of the form asked for.
    """
    choice, text = choice_of(reply)
    if choice.get("finish_reason") == "length":
        raise nonsense(reply, "it was cut at max_tokens")
    try:
        named = [Named(load["text"], load[kind]) for load in json.loads(text)["entities"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise nonsense(reply, "its message is not a JSON object with entities") from error
    if not all(isinstance(part, str) for entry in named for part in entry):
        raise nonsense(reply, f"an entity has no text or no {kind}")
    return tuple(named)


def locate(words: Sequence[str], named: Sequence[Named]) -> tuple[Span, ...]:
    """The places of entities in a sentence, by their exact letters; spaces and Unicode's normal forms do not matter.

    Each is the next place after the entity before it, or else the first one; whole words only, and no place twice.

    :returns: spans in order, without those that have no free place.
    """
    parts = [normal_form("NFC", word) for word in words]
    joined, edges = "".join(parts), {edge: place for place, edge in enumerate(accumulate(map(len, parts), initial=0))}
    taken: set[int] = set()
    spans, after = [], 0
    for text, label in named:
        letters = normal_form("NFC", "".join(text.split()))
        places = [*_places(joined, edges, letters)] if letters else []
        free = [(start, end) for start, end in places if taken.isdisjoint(range(start, end))]
        if free:
            start, end = next((place for place in free if place[0] >= after), free[0])
            taken |= {*range(start, end)}
            spans.append(Span(start, end, label))
            after = end
    return tuple(sorted(spans))


def _places(joined: str, edges: Mapping[int, int], letters: str) -> Iterator[tuple[int, int]]:
    """The runs of whole words with these letters."""
    at = joined.find(letters)
    while at >= 0:
        if at in edges and at + len(letters) in edges:
            yield edges[at], edges[at + len(letters)]
        at = joined.find(letters, at + 1)
