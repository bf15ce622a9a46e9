"""The tagger ``openai:MODEL``: a model behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence
from xprojdb.models.servers.chat import SERVED
from xprojdb.models.taggers.served import ServedParams, ServedTagger, described
from xprojdb.steps.served import Served
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.stage import Tag, Tagging, TagParams, probability_rows
from xprojdb.steps.tag.variant import TaggerConfig, TaggerPlugin

if TYPE_CHECKING:
    from xprojdb.models.servers.chat import Cost

PREFIX = "openai"


@dataclass(frozen=True, kw_only=True)
class OpenAIConfig(TaggerConfig, ServedParams):
    """``[tag]`` with ``openai:``."""


@dataclass(frozen=True, kw_only=True)
class OpenAIParams(TagParams):
    """Parameters of an ``openai`` tag step; see :class:`xprojdb.models.taggers.served.ServedParams`."""

    types: Mapping[str, str]
    prompt: str
    samples: int
    temperature: float
    seed: int
    max_tokens: int

    @property
    def served(self) -> ServedParams:
        """The options of the model."""
        return ServedParams(**{own.name: getattr(self, own.name) for own in fields(ServedParams)})


class OpenAI(TaggerPlugin):
    """The plug-in ``openai``."""

    name: ClassVar[str] = PREFIX
    Config = OpenAIConfig
    has_scores = True

    def revision(self, model: str) -> str:  # noqa: ARG002
        return SERVED

    def completed(self, config: OpenAIConfig, labels: Sequence[str]) -> OpenAIConfig:
        return config if config.types else replace(config, types=described(labels))

    def labels(self, model: str, config: OpenAIConfig | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return (config or self.completed(OpenAIConfig(), ())).tags

    def params(self, config: OpenAIConfig, lang: str) -> dict[str, Any]:
        own = {own.name: getattr(config, own.name) for own in fields(ServedParams)}
        return OpenAIParams(lang=lang, **own).to_params()

    def keeps_scores(self, config: OpenAIConfig) -> bool:
        return config.samples > 1

    def load(self, spec: StepSpec) -> Any:
        params = OpenAIParams.from_params(spec.params)
        return ServedTagger(spec.model or "", params.lang, params.served)


class TagServed(Tag, Served):
    """Tag with a model behind a server. What it names besides words of the sentence is left out and counted."""

    block = 64

    def tagging(self, keys: Sequence[int], sentences: list[list[str]]) -> Tagging:
        result = cast("ServedTagger", self.model).find(sentences)
        rows = (
            probability_rows(self.step_id, keys, [entry.probabilities for entry in result]) if self.keep_scores else []
        )
        reasons = [f"left-out:{entry.left_out}" if entry.left_out else None for entry in result]
        return Tagging([entry.spans for entry in result], rows, reasons)

    def would_send(self, connection: Connection, items: Sequence[int]) -> Cost:
        query = select(sentence.c.words).where(bulk.among(connection, sentence.c.id, items))
        words = [json.loads(text) for (text,) in bulk.fetch(connection, query)]
        return cast("ServedTagger", self.load()).cost(words)
