"""The translator ``ct2:MODEL``: an encoder-decoder model from Hugging Face, run by CTranslate2."""

from __future__ import annotations

from typing import ClassVar

from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.translators.ctranslate import CTranslateParams, CTranslator
from xprojdb.models.translators.translator import Translator
from xprojdb.steps.translate.variant import Placement, TranslatorPlugin


class Ct2(TranslatorPlugin):
    """The plug-in ``ct2``."""

    name: ClassVar[str] = "ct2"
    Config = CTranslateParams

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        return resolve(model, revision).revision

    def load(self, model: str, options: CTranslateParams, revision: str | None, placement: Placement) -> Translator:
        tokens = placement.batch_tokens
        return CTranslator(model, options, placement.device, revision=revision, batch_tokens=tokens)

    def canonical(self, model: str) -> str:
        return canonical_id(model)
