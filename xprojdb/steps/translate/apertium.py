"""The translator ``apertium``: the program of that name."""

from __future__ import annotations

from typing import ClassVar

from xprojdb.models.translators import apertium
from xprojdb.models.translators.apertium import Apertium, ApertiumParams
from xprojdb.models.translators.translator import Translator
from xprojdb.steps.translate.variant import Placement, TranslatorPlugin


class ApertiumPlugin(TranslatorPlugin):
    """The plug-in ``apertium``."""

    name: ClassVar[str] = "apertium"
    Config = ApertiumParams
    named = False

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        return apertium.revision_of(direction, revision)

    def load(self, model: str, options: ApertiumParams, revision: str | None, placement: Placement) -> Translator:  # noqa: ARG002
        return Apertium(timeout=placement.timeout, revision=revision)
