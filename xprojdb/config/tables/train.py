"""The table ``[train]`` of a recipe: what to train a model on, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le, Lt
from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Positive, Probability, Seed, Share, Text, Texts
from xprojdb.config.tables.quality import MinQuality

Unit = Literal["sentences", "words", "entities"]
Task = Literal["ner", "nli"]
Arm = Literal["raw", "centre", "shuffled", "hypothesis-only"]
Tune = Annotated[str, StringConstraints(pattern=r"^(none|all|(last|lora):[1-9][0-9]{0,3})$")]
#: splits for measuring, on which nothing may be chosen
TEST_SPLITS = ("test",)


class TrainTable(Settings):
    """``[train]``: a model that is a small head on the frozen states of an encoder.

    :param task: ``ner``, or ``nli`` for sentence pairs.
    :param source: the labels to learn: ``gold``, or the name of a recipe that has been run, for its projected labels.
        In a recipe this key is called ``from``.
    :param languages: the languages of the training set, as any code; all with labels if empty. A study sets its own.
    :param splits: the splits to train on; all if empty.
    :param budget: the most data to use for each language; by default everything.
    :param unit: what budgets count.
    :param sample_seed: the random seed of the sample; with the same seed, a larger budget contains every smaller one.
    :param min_score: the minimum score of a projected label.
    :param min_margin: the minimum margin of a projected label over its runner-up.
    :param min_votes: how many sources must agree on a consensus label.
    :param min_quality: the least that the translations of sentences must reach, by score, as in ``[export]``.
    :param on_low_score: what to drop when a label misses a threshold: the ``sentence``, or only the ``label``.
    :param decontaminate: test sets, as in ``[export]``: leave out sentences with the same text. Only with the labels of
        a recipe.
    :param dedupe: keep only one of several sentences of a language with the same words.
    :param weight: how sure the words of projected labels are: ``none``: all alike; ``score``: as the label's score;
        ``probability``: as its calibrated probability (``xprojdb review calibrate``).
    :param soft: what follows from that: words weigh less, or (soft labels) the rest of the target is ``O``.
    :param encoder: the encoder that provides the states.
    :param layer: the layer of the encoder.
    :param pooling: how the states of sub-words become a word's state.
    :param head: ``mlp`` with one hidden layer, or ``linear``.
    :param hidden: the width of the hidden layer.
    :param tune: what of the encoder is trained, after the head: ``none`` (it stays frozen), ``last:N`` (the last N
        layers up to ``layer``), ``lora:R`` (low-rank updates of rank R) or ``all``.
    :param tune_rate: the peak learning rate of the encoder.
    :param steps: the number of training steps, whatever the amount of data; with ``tune``, of the head and again of
        both.
    :param batch: the number of words or pairs in a step.
    :param rate: the peak learning rate.
    :param decay: the weight decay.
    :param dropout: the dropout of the hidden layer.
    :param smoothing: the label smoothing.
    :param truncation: the exponent of the generalised cross-entropy, for noisy labels; 0 for plain cross-entropy.
    :param seed: the random seed of the head.
    :param dev: a split for choosing the best step, never the one to measure on. By default the last step is used.
    :param dev_every: the number of steps between evaluations on it.
    :param arm: with ``nli``: ``raw``, ``centre`` (subtract each language's mean), ``shuffled`` labels, or
        ``hypothesis-only``.
    """

    model_config = ConfigDict(populate_by_name=True)

    task: Task = "ner"
    source: Text = Field(default="gold", alias="from")
    languages: Texts = ()
    splits: Texts = ("train",)
    budget: Count | None = None
    unit: Unit = "sentences"
    sample_seed: Seed = 0
    min_score: Share | None = None
    min_margin: Share | None = None
    min_votes: Count | None = None
    min_quality: MinQuality = Field(default_factory=dict)
    on_low_score: Literal["sentence", "label"] = "sentence"
    decontaminate: Texts = ()
    dedupe: bool = False
    weight: Literal["none", "score", "probability"] = "none"
    soft: bool = False
    encoder: Text = "e5-small"
    layer: Annotated[int, Ge(0), Le(1000)] = 8
    pooling: Literal["mean", "first"] = "mean"
    head: Literal["mlp", "linear"] = "mlp"
    hidden: Count = 128
    tune: Tune = "none"
    tune_rate: Positive = 5e-5
    steps: Count = 200
    batch: Count = 1024
    rate: Positive = 1e-3
    decay: Share = 0.01
    dropout: Probability = 0.2
    smoothing: Probability = 0.0
    truncation: Annotated[float, Ge(0), Lt(1)] = 0.0
    seed: Seed = 0
    dev: Text | None = None
    dev_every: Count = 50
    arm: Arm = "raw"

    @field_validator("languages")
    @classmethod
    def _codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(language_code(code) for code in codes))

    @field_validator("dev")
    @classmethod
    def _no_test(cls, dev: str | None) -> str | None:
        if dev in TEST_SPLITS:
            raise RecipeError(
                f"the split {dev!r} is for measuring: scores would look too good if anything was chosen on it",
                hint='use another split: dev = "validation"',
                reason="test-chosen",
            )
        return dev

    @model_validator(mode="after")
    def _of_use(self) -> TrainTable:
        if self.dev is not None and self.dev in self.splits:
            raise RecipeError(
                f"the split {self.dev!r} is used for training", hint="choose the step on another split", key="dev"
            )
        if self.source == "gold":
            for name in ("min_score", "min_margin", "min_votes", "min_quality", "decontaminate"):
                if getattr(self, name):
                    raise RecipeError(
                        "it does not apply to gold labels", hint='set from = "RECIPE", or leave it out', key=name
                    )
            if self.weight != "none":
                raise RecipeError("gold labels have no scores", hint='set from = "RECIPE"', key="weight")
        if self.min_votes and self.on_low_score == "label":
            raise RecipeError(
                "min_votes needs to drop whole sentences", hint='set on_low_score = "sentence"', key="on_low_score"
            )
        if self.task == "ner" and self.arm not in ("raw", "shuffled"):
            raise RecipeError("this arm needs sentence pairs", hint='set task = "nli", or leave it out', key="arm")
        if self.task == "nli" and self.source != "gold":
            raise RecipeError("sentence pairs only have gold labels", hint="leave it out", key="from")
        return self

    @model_validator(mode="after")
    def _soft_of_use(self) -> TrainTable:
        if self.soft and self.weight == "none":
            hint = 'set weight = "score" or "probability"'
            raise RecipeError("soft labels need to know how sure a label is", hint=hint, key="soft")
        if self.soft and (self.truncation or self.smoothing):
            raise RecipeError("soft labels are for plain cross-entropy", hint="leave out one of them", key="soft")
        return self

    @model_validator(mode="after")
    def _of_use_to_tuning(self) -> TrainTable:
        if self.tune == "none":
            if "tune_rate" in self.model_fields_set:
                hint = 'set tune = "last:4", or leave it out'
                raise RecipeError("the encoder stays frozen", hint=hint, key="tune_rate")
            return self
        if self.task != "ner":
            raise RecipeError("an encoder is tuned on entities", hint='set task = "ner", or leave it out', key="tune")
        if self.dev is not None:
            raise RecipeError("no step is chosen where the encoder is tuned", hint="leave it out", key="dev")
        kind, _, size = self.tune.partition(":")
        if kind == "last" and int(size) > self.layer:
            raise RecipeError(
                f"there are {self.layer} layers up to the one that is read", hint="tune fewer", key="tune"
            )
        return self
