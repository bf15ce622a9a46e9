"""The table ``[quality]`` of a recipe: scores of translations, and the least that a translation must reach."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, Field, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Text

QualityScore = Literal["similarity", "length", "numbers", "names"]


def _known(least: dict[str, float]) -> dict[str, float]:
    for name in least:
        if name not in get_args(QualityScore):
            hint = f"scores are {', '.join(get_args(QualityScore))}"
            raise RecipeError(f"translations have no score {name!r}", hint=hint, key="min_quality")
    return least


#: the least that a translation must reach, by score
MinQuality = Annotated[dict[str, Annotated[float, Gt(0), Le(1)]], AfterValidator(_known)]


class QualityTable(Settings):
    """``[quality]``: score each translation before projecting.

    The scores are ``similarity``, of both sentences by the vectors of an encoder (BERTScore, as in XLMRScore);
    ``length``, that of the shorter sentence relative to the longer one; ``numbers`` and ``names``, the share of those
    of the source sentence that the target sentence has. All are from 0 to 1.

    :param min_quality: thresholds by score; translations below them are filtered, and nothing is projected through
        them: they do not vote in ``[combine]`` either.
    :param similarity: whether to compute ``similarity``; with an encoder other than the aligner, it takes as long as
        aligning.
    :param encoder: the encoder whose word vectors are compared; by default the aligner's, if it has one.
    :param layer: the layer of the encoder.
    """

    min_quality: MinQuality = Field(default_factory=dict)
    similarity: bool = True
    encoder: Text | None = None
    layer: Annotated[int, Ge(0), Le(1000)] = 7

    @model_validator(mode="after")
    def _of_use(self) -> QualityTable:
        if not self.similarity and ("similarity" in self.min_quality or self.encoder is not None):
            hint = "leave out similarity = false, or the keys that need it"
            raise RecipeError("no similarity is computed", hint=hint, key="similarity")
        return self
