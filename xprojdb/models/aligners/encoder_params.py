"""How the vectors of an encoder become links: the parameters and their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge

from xprojdb.config.fields.types import Positive, Probability
from xprojdb.errors import UsageError

Method = Literal["soft", "argmax", "itermax", "mwmf", "softmax", "entmax15"]
Pooling = Literal["word", "subword", "first", "stem"]
Transform = Literal["none", "centre", "centre-language"]
Precision = Literal["float32", "bfloat16", "float16", "int8"]
METHODS: tuple[str, ...] = get_args(Method)
POOLINGS: tuple[str, ...] = get_args(Pooling)
#: a transform fitted to a corpus: see :meth:`xprojdb.models.aligners.encoder.EncoderAligner.centred`
CENTRE_LANGUAGE = "centre-language"


@dataclass(frozen=True)
class AlignerParams:
    """How an encoder's vectors become links; the defaults are for multilingual-e5-small.

    :param method: ``soft`` (every link with its probability), or SimAlign's ``argmax``, ``itermax``, ``mwmf``, or
        AWESOME's ``softmax``, ``entmax15``.
    :param layer: the hidden state of the encoder, numbered as in transformers, with 0 for the embeddings.
    :param pooling: ``word`` averages the sub-words of each word and aligns words; ``first`` takes the first of them,
        and ``stem`` weighs them by 1, 1/2, 1/3 and so on, for words with many suffixes; ``subword`` aligns
        sub-words and links words if any of their sub-words are linked.
    :param min_probability: with ``soft`` and ``softmax``, the probability a link must exceed. AWESOME uses
        0.001 for mBERT.
    :param temperature: with ``soft``, cosines are divided by this.
    :param transform: ``centre`` subtracts the mean vector of a sentence, ``centre-language`` that of the language in
        the corpus, which is computed first.
    :raises UsageError: when a value is invalid; fields ``param``, ``value`` and ``known``.
    """

    method: Method = "soft"
    layer: Annotated[int, Ge(0)] = 7
    pooling: Pooling = "word"
    min_probability: Probability = 0.01
    temperature: Positive = 0.04
    transform: Transform = "none"

    def __post_init__(self) -> None:
        choices = {"method": METHODS, "pooling": POOLINGS, "transform": get_args(Transform)}
        for param, values in choices.items():
            if getattr(self, param) not in values:
                raise _impossible(param, getattr(self, param), values)
        if not 0 <= self.min_probability < 1:
            raise _impossible("min_probability", self.min_probability, ("0 to 1",))
        if not self.temperature > 0:
            raise _impossible("temperature", self.temperature, ("above 0",))
        if self.layer < 0:
            raise _impossible("layer", self.layer, ("0 or more",))


def _impossible(param: str, value: Any, values: Sequence[str]) -> UsageError:
    hint = f"possible values: {', '.join(values)}"
    return UsageError(f"aligner: {param} cannot be {value!r}", hint=hint, param=param, value=value, known=tuple(values))
