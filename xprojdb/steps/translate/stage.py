"""Translate: machine translations of all sentences of a language."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Select

from xprojdb.steps.served import Served
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, ItemKind, ModelStage, Outcome, Result, imported
from xprojdb.steps.translate.params import TranslateParams
from xprojdb.steps.translate.sentences import Original, Rendering, read_originals, rendering_of, rendering_rows
from xprojdb.text import translation_quality

if TYPE_CHECKING:
    from xprojdb.models.servers.chat import Cost
    from xprojdb.models.translators.chat import ChatTranslator
    from xprojdb.models.translators.text_tokens import Translated
    from xprojdb.models.translators.translator import Translator


class Translating(ModelStage["Translator"], Served):
    """The base of translating steps. Their items are sentences."""

    block = 256
    item_kind = ItemKind.SENTENCES
    makes_translations = True

    def __init__(self, spec: StepSpec, load: Callable[[], Translator]) -> None:
        super().__init__(spec, load)
        params = TranslateParams.from_params(spec.params)
        self.original_lang, self.lang = params.source, params.target
        self.keep_truncated = params.keep_truncated

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return imported(pair, self.original_lang)

    @abstractmethod
    def texts(self, connection: Connection, items: Sequence[int]) -> list[str]:
        """The texts the translator receives for some items.

        :param items: keys in ascending order.
        """

    @property
    def is_served(self) -> bool:
        return (self.spec.model or "").startswith("openai:")

    def would_send(self, connection: Connection, items: Sequence[int]) -> Cost:
        return cast("ChatTranslator", self.load()).cost(self.texts(connection, items), self.original_lang, self.lang)

    def refused(self, original: Original, translated: Translated) -> str | None:
        """The code of the reason why a translation is unusable, or None."""
        if translated.cut and not self.keep_truncated:
            return f"{translated.cut}-cut"
        return translation_quality.reason(original.running, translated.text, original.lang, self.lang)


class Translate(Translating):
    """Translate whole sentences. Unusable translations are filtered, with the reason, before anything is projected from
    them: see :mod:`xprojdb.text.translation_quality`. A truncated translation has ``input-cut`` or ``output-cut``.
    """

    kind = "translate"
    version = 1

    @property
    def title(self) -> str:
        return f"translate {self.original_lang} → {self.lang} with {self.spec.model}"

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        originals = read_originals(connection, items)
        nonempty = [original for original in originals if original.words]
        translated = self.model.translate([original.running for original in nonempty], self.original_lang, self.lang)
        outcomes = [Outcome(original.id, "filtered", "no-words") for original in originals if not original.words]
        renderings: list[Rendering] = []
        for original, translation in zip(nonempty, translated, strict=True):
            reason = self.refused(original, translation)
            if reason is None:
                renderings.append(rendering_of(original, translation.text, self.lang))
            cut = f"{translation.cut}-cut" if translation.cut else None
            outcomes.append(Outcome(original.id, "filtered", reason) if reason else Outcome(original.id, "ok", cut))
        return Result(sorted(outcomes), rendering_rows(renderings, self.lang, self.step_id, self.spec.short, "machine"))

    def texts(self, connection: Connection, items: Sequence[int]) -> list[str]:
        return [original.running for original in read_originals(connection, items) if original.words]
