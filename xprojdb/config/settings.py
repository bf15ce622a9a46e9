"""The tables of a recipe, their keys and defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from xprojdb.errors import UsageError
from xprojdb.text.languages import language

Text = Annotated[str, Field(min_length=1)]
# TOML has lists, and strict validation takes no list for a tuple.
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
Some = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


def refused(message: str, hint: str | None, key: str = "") -> PydanticCustomError:
    """An error of a value, which becomes a :class:`xprojdb.config.recipe.RecipeError` that names the key.

    :param key: of the value, where the check is of several together.
    """
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint, "key": key})


def language_code(code: str) -> str:
    """The code that languages are stored under, from any code of theirs."""
    try:
        return language(code).code
    except UsageError as error:
        raise refused(error.message, error.hint) from error


class Settings(BaseModel):
    """A table of a recipe: unknown keys are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TranslateTable(Settings):
    """``[translate]``: what translates; without it, translations are those that were imported.

    :param direction: ``translate-test``: sentences of the target languages are translated into the source languages,
        labelled there, and their labels projected back; ``translate-train``: labelled sentences of the source languages
        are translated, and their labels projected onto the translation; ``round-trip``: as translate-test, but the
        labelled translation is translated back with its entities marked, and that is what labels come from.
    :param model: ``hf:MODEL`` (an encoder-decoder of Hugging Face), ``ct2:MODEL`` (the same by CTranslate2),
        ``apertium``, or ``openai:MODEL`` (a server that speaks OpenAI's protocol).
    :param back: of ``round-trip``: what translates back; by default the same.
    :param revision: the revision the model must have.
    :param keep_cut: keep translations that were cut at the limits of the model; by default they are filtered.
    :param threshold: of entities carried by markers: how like its own translation what is in brackets must be.
    :param options: of the translator, see ``translator_params``: ``beams``, ``ratio``
        and ``extra`` of ``hf:`` and ``ct2:`` (a translation has ``ratio · n + extra`` sub-words at most), for example.
    """

    direction: Literal["translate-test", "translate-train", "round-trip"] = "translate-test"
    model: Annotated[str, Field(pattern=r"^(hf:.+|ct2:.+|openai:.+|apertium)$")]
    back: Annotated[str, Field(pattern=r"^(hf:.+|ct2:.+|openai:.+|apertium)$")] | None = None
    revision: Text | None = None
    keep_cut: bool = False
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.5
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _of_the_direction(self) -> TranslateTable:
        if self.back is not None and self.direction != "round-trip":
            raise refused(
                f"{self.direction} does not translate back", 'leave out back, or say direction = "round-trip"'
            )
        return self


class TagTable(Settings):
    """``[tag]``: what finds the entities of the source languages; without it they are the gold ones.

    :param models: per source language a tagger: ``spacy:PACKAGE``, or ``hf:MODEL`` for a token classifier of Hugging
        Face; languages that it does not name keep their gold. Those of target languages serve scorers and candidates.
    :param trim: of ``spacy:``: leave English articles and the genitive's 's out of entities, as gold annotations do.
    :param subwords: of ``hf:``: how a word's label follows from its sub-words': ``first``, ``max`` or ``average``.
    :param keep_scores: of ``hf:``: store the probabilities of words even where no scorer needs them.
    """

    models: Annotated[dict[str, Text], Field(min_length=1)]
    trim: bool = True
    subwords: Literal["first", "max", "average"] = "first"
    keep_scores: bool = False

    @field_validator("models")
    @classmethod
    def _known(cls, models: dict[str, str]) -> dict[str, str]:
        for name in models.values():
            if not name.startswith(("spacy:", "hf:")):
                hint = "write spacy:PACKAGE, such as spacy:en_core_web_sm, or hf:MODEL"
                raise refused(f"{name!r} is no tagger", hint)
        return {language_code(lang): name for lang, name in models.items()}

    @model_validator(mode="after")
    def _has_scores(self) -> TagTable:
        if self.keep_scores and not any(name.startswith("hf:") for name in self.models.values()):
            raise refused("no tagger tells the probabilities of words", "leave keep_scores out, or use one of hf:")
        return self


Candidates = Literal["aligned", "ngram", "tagged", "scored"]
#: keys of ``[[score]]`` that belong to some scorers, and the value that means nothing special and is no step parameter
_OWN: dict[str, dict[str, Any]] = {
    "alignment": {},
    "soft": {"power": 1.0, "word_weights": 0.0},
    "surface": {"offset": 0.0},
    "edges": {"edges": "words", "most": 0.02},
    "terms": {},
    "memory": {},
    "ner": {"alpha": 1.15, "least": None, "any_label": False, "tagger": ""},
    "translation": {"model": "", "revision": None, "direct": False, "least": None},
}
#: those of them that a step has in its model or its inputs instead
_NO_PARAMS = {"tagger", "model", "revision"}


class ScoreTable(Settings):
    """``[[score]]``: one scorer, its candidates, and its weight in the sum.

    :param name: what the scorer is called among others; by default its score and candidates.
    :param score: ``soft``: the share of the linked mass of both sides that lies between entity and candidate;
        ``alignment``: the number of links between them for their lengths; ``surface``: how alike their letters are;
        ``edges``: whether the candidate begins like a name; ``terms``: how often its words were projected elsewhere;
        ``memory``: how often the entity's words were projected onto these elsewhere.
    :param candidates: ``ngram``: every span of up to ``longest`` words; ``aligned``: those that begin and end on a word
        linked to the entity; ``tagged``: those that the target language's tagger found; ``scored``: those that another
        scorer has stored; or a list of several.
    :param of: for ``scored``: the names of those other scorers, which come earlier; by default the first.
    :param longest: words a candidate may have at most.
    :param longest_by: per target language, in place of ``longest``.
    :param stop: words that no ``ngram`` candidate may have.
    :param subspans: for ``tagged``: every span inside one that was found, as well.
    :param floor: candidates whose score is not above it are not stored; by default 0.2 for scores from links, else 0.
    :param weight: of this score in the sum of all, above 0 and up to 1000.
    :param power: of ``soft``: the score is raised to it.
    :param word_weights: of ``soft``: links between frequent words count less, the less the larger it is; 0: no less.
    :param offset: of ``surface``: what two unrelated names have in common; taken off, and the rest stretched to 0 to 1.
    :param edges: of ``edges``: ``words``: 1 when the first word is no function word; ``capitals``: the share of the
        first and the last word that begin with a capital or a digit, for entities that do.
    :param most: of ``edges``: words that are more than this share of the corpus are function words.
    :param alpha: of ``ner`` (how probable a tagger of the target language finds the candidate): above 1, long
        candidates are preferred.
    :param any_label: of ``ner``: the candidate's likeliest label counts, in place of the entity's.
    :param tagger: of ``ner``: ``hf:MODEL``; by default that of the target language in ``[tag]``.
    :param model: of ``translation`` (how probable a translation model finds entity and candidate, given one another).
    :param revision: of ``translation``: the revision the model must have.
    :param direct: of ``translation``: not in relation to how probable the model finds a phrase given itself.
    :param least: of ``ner`` and ``translation``: lower scores are 0; by default 0.05 and 0.1.
    """

    name: str = ""
    score: Literal["alignment", "soft", "surface", "edges", "terms", "memory", "ner", "translation"] = "soft"
    candidates: Candidates | Annotated[tuple[Candidates, ...], Field(min_length=1, strict=False)] = "aligned"
    of: Texts = ()
    longest: Count = 45
    longest_by: dict[str, Count] = {}
    stop: Texts = ("!", "?")
    subspans: bool = False
    floor: Share | None = None
    weight: Weight = 1.0
    power: Annotated[float, Field(gt=0, le=16)] = 1.0
    word_weights: Annotated[float, Field(ge=0, le=16)] = 0.0
    offset: Annotated[float, Field(ge=0, lt=1)] = 0.0
    edges: Literal["words", "capitals"] = "words"
    most: Annotated[float, Field(gt=0, le=1)] = 0.02
    alpha: Annotated[float, Field(gt=0, le=2)] = 1.15
    any_label: bool = False
    tagger: Annotated[str, Field(pattern="^$|^hf:.")] = ""
    model: str = ""
    revision: Text | None = None
    direct: bool = False
    least: Share | None = None

    @field_validator("longest_by")
    @classmethod
    def _known_languages(cls, longest: dict[str, int]) -> dict[str, int]:
        return {language_code(lang): words for lang, words in longest.items()}

    @model_validator(mode="after")
    def _own_keys(self) -> ScoreTable:
        for key in self.model_fields_set & {key for keys in _OWN.values() for key in keys} - _OWN[self.score].keys():
            belongs = " or ".join(score for score, keys in _OWN.items() if key in keys)
            raise refused(f"the score {self.score!r} has no {key}", f"it belongs to score = {belongs!r}")
        return self

    @model_validator(mode="after")
    def _has_a_model(self) -> ScoreTable:
        if self.score == "translation" and not self.model:
            raise refused("the score 'translation' needs a model", 'say model = "facebook/nllb-200-distilled-600M"')
        return self

    @property
    def called(self) -> str:
        """The name, or score and candidates when none is given."""
        return self.name or f"{self.score}:{'+'.join(self.sets)}"

    @property
    def sets(self) -> tuple[str, ...]:
        """Where the candidates come from."""
        return (self.candidates,) if isinstance(self.candidates, str) else self.candidates

    def params(self, target: str) -> dict[str, Any]:
        """The parameters of the score step for a target language."""
        floor = self.floor if self.floor is not None else 0.2 if self.score in ("alignment", "soft") else 0.0
        found: dict[str, Any] = {"score": self.score, "candidates": self.candidates, "floor": floor}
        found["longest"] = self.longest_by.get(target, self.longest)
        if "ngram" in self.sets and self.stop:
            found["stop"] = list(self.stop)
        if "tagged" in self.sets and self.subspans:
            found["subspans"] = True
        own = {key: getattr(self, key) for key in _OWN[self.score] if key not in _NO_PARAMS}
        return found | {key: value for key, value in own.items() if value != _OWN[self.score][key]}


class HeuristicTable(Settings):
    """``[project.heuristic]``: the parameters of the heuristic that differ from the preset's.

    See :class:`xprojdb.matching.heuristic.Heuristic` for what each means.

    :param max_ratio: a number, or ``none``.
    :param top_k: a number, or ``all``.
    :param min_ratio_by: per target language, in place of ``min_ratio``.
    :param max_ratio_by: per target language, in place of ``max_ratio``.
    """

    merge_distance: Annotated[int, Field(ge=0)] | None = None
    min_ratio: Share | None = None
    strict: bool | None = None
    max_ratio: Share | Literal["none"] | None = None
    top_k: Count | Literal["all"] | None = None
    only_i: bool | None = None
    minmax: bool | None = None
    by_score: bool | None = None
    comp_src: bool | None = None
    comp_tgt: bool | None = None
    restr_tgt: bool | None = None
    comp_ins: bool | None = None
    min_ratio_by: dict[str, Share] = {}
    max_ratio_by: dict[str, Share] = {}

    @field_validator("min_ratio_by", "max_ratio_by")
    @classmethod
    def _known(cls, ratios: dict[str, float]) -> dict[str, float]:
        return {language_code(lang): ratio for lang, ratio in ratios.items()}

    def changes(self, lang: str) -> dict[str, Any]:
        """The parameters that were given, for one target language; null is unbounded."""
        given = self.model_dump(exclude={"min_ratio_by", "max_ratio_by"}, exclude_none=True)
        for name in ("min_ratio", "max_ratio"):
            by_lang: dict[str, float] = getattr(self, f"{name}_by")
            given |= {name: by_lang[lang]} if lang in by_lang else {}
        return {name: None if value in ("none", "all") else value for name, value in given.items()}


_MATCH = {"solver", "threshold", "count", "time_limit"}
_HEURISTIC = {"preset", "min_link", "heuristic"}


class ProjectTable(Settings):
    """``[project]``: how spans are chosen.

    :param method: ``match`` (among scored candidates), ``heuristic`` (runs of linked words, without any scorer), or
        ``markers`` (EasyProject: entities travel inside the translation, without links; for ``translate-train``).
    :param solver: of ``match``: ``exact`` (the best sum) or ``greedy`` (the best candidate first).
    :param threshold: of ``match``: candidates whose fused score is not above it are never chosen.
    :param count: of ``match``: how many candidates each entity takes: a relation (<, <=, =, >=, >) and a number.
    :param time_limit: of ``match``: deterministic seconds that CP-SAT may spend on one sentence.
    :param preset: of ``heuristic``: ``default``, or ``reference``, the published rules.
    :param min_link: of ``heuristic``: links with a lower score are not used; by default 0.2 for soft links, else 0.
    :param heuristic: what differs from the preset.
    :param derived: the label of an entity that the target language has as one word in lower case (*Europe* →
        *europäisch*), or ``drop``; empty: its own label.
    :param derived_from: the labels that this rule is for.
    :param one_label: the same words have one label: that of more than this share of what a first pass, without it and
        without corpus memory, labels of them; left out: each its own.
    """

    method: Literal["match", "heuristic", "markers"] = "match"
    solver: Literal["exact", "greedy"] = "exact"
    threshold: Share = 0.4
    count: Text = "<= 1"
    time_limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    preset: Literal["default", "reference"] = "default"
    min_link: Share | None = None
    heuristic: HeuristicTable = HeuristicTable()
    derived: str = ""
    derived_from: Some = ("LOC", "ORG")
    one_label: Annotated[float, Field(ge=0.5, lt=1)] | None = None

    @field_validator("count")
    @classmethod
    def _some(cls, count: str) -> str:
        found = re.fullmatch(r"(<=|>=|<|>|=)\s*(\d{1,6})", count)
        hint = 'give a relation (<, <=, =, >=, >) and a number that let an entity take something, such as "<= 1"'
        if found is None or int(found[2]) < {"<": 2, "<=": 1, "=": 1, ">=": 0, ">": 0}[found[1]]:
            raise refused(f"{count!r} is not allowed", hint)
        return f"{found[1]} {int(found[2])}"

    @model_validator(mode="after")
    def _of_the_method(self) -> ProjectTable:
        belongs = {"match": _MATCH, "heuristic": _HEURISTIC}
        for method, keys in belongs.items():
            foreign = sorted(keys & self.model_fields_set)
            if foreign and method != self.method:
                raise refused(
                    f"{foreign[0]} is a setting of method {method!r}, the method is {self.method!r}",
                    f'leave it out, or say method = "{method}"',
                )
        if self.method == "markers" and self.derived:
            raise refused("the method 'markers' has no derived", "leave it out")
        if self.solver == "greedy" and self.count[0] in "=>":
            raise refused(
                f"greedy matching cannot promise {self.count} candidates an entity",
                'say solver = "exact", or a count with "<="',
            )
        return self

    @property
    def counted(self) -> tuple[str, int]:
        """The relation and the number of ``count``."""
        relation, number = self.count.split()
        return relation, int(number)


def _source_name(name: str) -> str:
    """A source by the name it is stored under: ``transfer``, a language, or ``LANG@RECIPE``."""
    lang, at, recipe = name.partition("@")
    return name if name == "transfer" else f"{language_code(lang)}{at}{recipe}"


class CombineTable(Settings):
    """``[combine]``: how the labels that a target language has from several sources become one set.

    :param method: ``none``: they stay apart; ``majority`` and ``weighted``: labelled spans that more than a share of
        the sources, or of their weight, have; ``joint``: the entities of all sources compete for one set of spans.
    :param threshold: the share that is not enough; by default 0.5 of votes, 0.3 of what a joint match could give.
    :param weights: of the sources, for ``weighted`` and ``joint``: ``equal``; ``agreement``: by their agreement with
        the consensus of equal ones; ``learned``: by truth inference; or a table by language, 1 where it names none.
    :param floor: of ``joint``: scores that are not above it support nothing.
    :param power: of ``joint``: scores are raised to it.
    :param other_label: of ``joint``: the share of its support that an entity gives to other labels on its spans.
    :param first_word: of ``joint``: what a span loses whose first word is a function word; in shares, as the threshold.
    :param last_word: of ``joint``: the same for its last word.
    :param most: of ``joint``: words that are more than this share of the corpus are function words.
    :param terms: of ``joint``: what it is worth that a span's words are labelled wherever else they occur; above 0 the
        match is done twice, the second time with the terms of the first.
    :param recipes: other recipes that have been run on this database: what they project onto the language, by other
        aligners, taggers or methods, are sources as well, called ``LANG@RECIPE``.
    :param transfer: the target language's own tagger is one more source, called ``transfer``.
    """

    method: Literal["none", "majority", "weighted", "joint"] = "none"
    threshold: Share | None = None
    weights: Literal["equal", "agreement", "learned"] | dict[str, Weight] = "agreement"
    floor: Share = 0.2
    power: Annotated[float, Field(gt=0, le=16)] = 2.0
    other_label: Annotated[float, Field(ge=0, le=1)] = 0.3
    first_word: Share = 0.0
    last_word: Share = 0.0
    most: Annotated[float, Field(gt=0, le=1)] = 0.02
    terms: Share = 0.0
    recipes: Texts = ()
    transfer: bool = False

    @field_validator("weights")
    @classmethod
    def _known(cls, weights: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(weights, str):
            return weights
        return {_source_name(name): weight for name, weight in weights.items()}

    @model_validator(mode="after")
    def _of_the_method(self) -> CombineTable:
        of_joint = {"floor", "power", "other_label", "first_word", "last_word", "most", "terms"}
        of_joint = of_joint if self.method != "joint" else set()
        foreign = sorted(self.model_fields_set & (of_joint | ({"weights"} if self.method == "majority" else set())))
        if foreign:
            belongs = "weighted or joint" if foreign[0] == "weights" else "joint"
            raise refused(f"the method {self.method!r} has no {foreign[0]}", f"it belongs to {belongs}")
        return self

    @property
    def learn(self) -> str | None:
        """How the weights are learned; None when they are given."""
        if self.method == "majority" or not isinstance(self.weights, str) or self.weights == "equal":
            return None
        return self.weights
