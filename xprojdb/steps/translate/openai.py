"""The translator ``openai:MODEL``: a model behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

from typing import ClassVar

from xprojdb.models.servers.chat import SERVED
from xprojdb.models.translators.chat import ChatParams, ChatTranslator
from xprojdb.models.translators.translator import Translator
from xprojdb.steps.translate.variant import Placement, TranslatorPlugin


class OpenAI(TranslatorPlugin):
    """The plug-in ``openai``."""

    name: ClassVar[str] = "openai"
    Config = ChatParams

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        return revision or SERVED

    def load(self, model: str, options: ChatParams, revision: str | None, placement: Placement) -> Translator:  # noqa: ARG002
        return ChatTranslator(model, options, placement.server)
