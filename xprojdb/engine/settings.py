"""The tables of a recipe, their keys and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from xprojdb.errors import UsageError
from xprojdb.languages import language

Text = Annotated[str, Field(min_length=1)]
# TOML has lists, and strict validation takes no list for a tuple.
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
Some = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


def refused(message: str, hint: str | None) -> PydanticCustomError:
    """An error of a value, which becomes a :class:`xprojdb.engine.recipe.RecipeError` that names the key."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def language_code(code: str) -> str:
    """The code that languages are stored under, from any code of theirs."""
    try:
        return language(code).code
    except UsageError as error:
        raise refused(error.message, error.hint) from error


class Settings(BaseModel):
    """A table of a recipe: unknown keys are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AlignTable(Settings):
    """``[align]``: the word aligner.

    :param model: a local folder, an alias such as ``"e5-small"``, or an id on the Hugging Face hub.
    :param revision: the revision the model must have; by default whichever is found, which the step records.
    :param method: ``soft`` (every link with its probability), or SimAlign's ``argmax``, ``itermax``, ``match``, or
        AWESOME's ``softmax``, ``entmax15``.
    :param layer: counts as in transformers, 0 being the embeddings.
    :param pooling: ``word`` averages the sub-words of a word, ``subword`` aligns sub-words.
    :param temperature: of ``soft``: cosines are divided by it.
    :param threshold: of ``soft`` and ``softmax``: the probability that a link must exceed.
    :param transform: ``centre`` subtracts the mean vector of a sentence.
    """

    model: Text = "intfloat/multilingual-e5-small"
    revision: Text | None = None
    method: Literal["soft", "argmax", "itermax", "match", "softmax", "entmax15"] = "soft"
    layer: Annotated[int, Field(ge=0)] = 7
    pooling: Literal["word", "subword"] = "word"
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.04
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.01
    transform: Literal["none", "centre"] = "none"


class TagTable(Settings):
    """``[tag]``: what finds the entities of the source languages; without it they are the gold ones.

    :param models: per source language a tagger: ``spacy:PACKAGE``; languages that it does not name keep their gold.
    :param trim: leave English articles and the genitive's 's out of entities, as gold annotations do.
    """

    models: Annotated[dict[str, Text], Field(min_length=1)]
    trim: bool = True

    @field_validator("models")
    @classmethod
    def _known(cls, models: dict[str, str]) -> dict[str, str]:
        for name in models.values():
            if not name.startswith("spacy:"):
                raise refused(f"{name!r} is no tagger", "write spacy:PACKAGE, such as spacy:en_core_web_sm")
        return {language_code(lang): name for lang, name in models.items()}


class ScoreTable(Settings):
    """``[[score]]``: one scorer, its candidates, and its weight in the sum.

    :param name: what the scorer is called among others; by default its score and candidates.
    :param score: ``soft``: the share of the linked mass of both sides that lies between entity and candidate;
        ``alignment``: the number of links between them for their lengths.
    :param candidates: ``ngram``: every span of up to ``longest`` words; ``aligned``: those that begin and end on a word
        linked to the entity.
    :param longest: words a candidate may have at most.
    :param floor: candidates whose score is not above it are not stored.
    :param weight: of this score in the sum of all, above 0 and up to 1000.
    """

    name: str = ""
    score: Literal["alignment", "soft"] = "soft"
    candidates: Literal["aligned", "ngram"] = "aligned"
    longest: Count = 45
    floor: Share = 0.2
    weight: Weight = 1.0

    @property
    def called(self) -> str:
        """The name, or score and candidates when none is given."""
        return self.name or f"{self.score}:{self.candidates}"


class ProjectTable(Settings):
    """``[project]``: the match.

    :param solver: ``exact`` (the best sum) or ``greedy`` (the best candidate first).
    :param threshold: candidates whose fused score is not above it are never chosen.
    """

    solver: Literal["exact", "greedy"] = "exact"
    threshold: Share = 0.4
