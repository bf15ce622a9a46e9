"""The translator ``hf:MODEL``: an encoder-decoder model from Hugging Face."""

from __future__ import annotations

from typing import ClassVar

from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.translators.translator import Seq2SeqTranslator, Translator, TranslatorParams
from xprojdb.steps.translate.variant import Placement, TranslatorPlugin


class Hf(TranslatorPlugin):
    """The plug-in ``hf``."""

    name: ClassVar[str] = "hf"
    Config = TranslatorParams

    def revision(self, model: str, revision: str | None, direction: tuple[str, str] | None) -> str:  # noqa: ARG002
        return resolve(model, revision).revision

    def load(self, model: str, options: TranslatorParams, revision: str | None, placement: Placement) -> Translator:
        from xprojdb.models.translators.seq2seq import Seq2Seq

        tokens = placement.batch_tokens
        loaded = Seq2Seq(model, placement.device, options.precision, revision=revision, batch_tokens=tokens)
        return Seq2SeqTranslator(loaded, options)

    def canonical(self, model: str) -> str:
        return canonical_id(model)
