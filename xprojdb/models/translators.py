"""Translators: running text in one language in, running text in another out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from xprojdb.errors import UsageError
from xprojdb.models.seq2seq import Generated, Seq2Seq


class Translator(Protocol):
    """Whatever translates."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Translate.

        :param sentences: running text.
        :param source, target: languages, by any code.
        :returns: a translation for each sentence.
        """


@dataclass(frozen=True)
class TranslatorParams:
    """What changes a translation.

    :param beams: hypotheses kept; 1 is greedy.
    :param ratio, extra: a translation may have ``ratio · n + extra`` sub-words, n being those of its source.
    """

    beams: int = 4
    ratio: float = 2.0
    extra: int = 20

    def __post_init__(self) -> None:
        if self.beams < 1 or self.ratio <= 0 or self.extra < 0:
            hint = "beams is 1 or more, ratio above 0, extra 0 or more"
            raise UsageError(f"{self} is not allowed", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every parameter."""
        return asdict(self)


class Seq2SeqTranslator:
    """An encoder-decoder model that translates by beam search. Equal sentences are translated once.

    :param model: the model.
    """

    def __init__(self, model: Seq2Seq, params: TranslatorParams | None = None) -> None:
        self.model = model
        self.params = params or TranslatorParams()

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Translate; see :class:`Translator`."""
        return [each.text for each in self.generated(sentences, source, target)]

    def generated(self, sentences: Sequence[str], source: str, target: str) -> list[Generated]:
        """Translate, and tell what was cut.

        :raises LanguageMissing: when the model does not know one of the languages.
        """
        unique = list(dict.fromkeys(sentences))
        made = self.model.generate(unique, source, target, **self.params.to_json())
        found = dict(zip(unique, made, strict=True))
        return [found[text] for text in sentences]
