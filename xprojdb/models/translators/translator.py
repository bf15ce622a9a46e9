"""The interface of translators, and Hugging Face encoder-decoder models as translators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Protocol

from annotated_types import Ge, Le

from xprojdb.config.fields.types import Beams, Positive
from xprojdb.errors import UsageError
from xprojdb.models.loading import PRECISIONS
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.text_tokens import Translated


class Translator(Protocol):
    """Translates running text."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate sentences.

        :param sentences: running text.
        :param source, target: languages, as any code.
        :returns: a translation for each sentence, and whether it was truncated.
        """


@dataclass(frozen=True)
class TranslatorParams:
    """Options that affect a translation.

    :param beams: the number of hypotheses; 1 is greedy.
    :param ratio, extra: a translation may have ``ratio · n + extra`` sub-words, where n is the number in its source.
    :param precision: one of :data:`xprojdb.models.loading.PRECISIONS`; ``"auto"`` is float32.
    """

    beams: Beams = 4
    ratio: Positive = 2.0
    extra: Annotated[int, Ge(0), Le(100_000)] = 20
    precision: str = "float32"

    def __post_init__(self) -> None:
        possible = self.beams >= 1 and self.ratio > 0 and self.extra >= 0 and self.precision in PRECISIONS
        if not possible:
            hint = f"beams must be 1 or more, ratio above 0, extra 0 or more, precision one of {', '.join(PRECISIONS)}"
            raise UsageError(f"{self} is invalid", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object with every parameter."""
        return asdict(self)


class Seq2SeqTranslator:
    """An encoder-decoder model with beam search. Equal sentences are translated once.

    :param model: the model.
    """

    def __init__(self, model: Seq2Seq, params: TranslatorParams | None = None) -> None:
        self.model = model
        self.params = params or TranslatorParams()

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see :class:`Translator`.

        :raises LanguageMissing: when the model does not support one of the languages.
        """
        unique = list(dict.fromkeys(sentences))
        beams, ratio, extra = self.params.beams, self.params.ratio, self.params.extra
        translated = self.model.generate(unique, source, target, beams=beams, ratio=ratio, extra=extra)
        by_text = dict(zip(unique, translated, strict=True))
        return [by_text[text] for text in sentences]
