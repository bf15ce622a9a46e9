"""The table ``[train]`` of a recipe: what a model is trained on, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Lt
from pydantic import ConfigDict, Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Count, Positive, Probability, Share, Text, Texts

Unit = Literal["sentences", "words", "entities"]
Task = Literal["ner", "nli"]
Arm = Literal["raw", "centre", "shuffled", "hypothesis-only"]
#: splits that measure: nothing may be chosen on them
TEST_SPLITS = ("test",)


class TrainTable(Settings):
    """``[train]``: a model, a small head on the frozen states of an encoder.

    :param task: ``ner``, or ``nli`` for sentence pairs.
    :param source: whose labels: ``gold``, or the name of a recipe that has been run, for its projected labels. In a
        recipe it is called ``from``.
    :param languages: of the training set, by any code; empty: all that have labels. A study says its own.
    :param splits: the sentences are of these; empty: of all.
    :param budget: how much of each language at most; left out, everything.
    :param unit: what budgets count.
    :param sample_seed: another seed is another sample; a larger budget holds every smaller one.
    :param min_score: the least score of a projected label.
    :param min_margin: the least margin of a projected label over its runner-up.
    :param min_votes: how many sources must agree on a label of a consensus.
    :param on_low_score: what goes when a label misses one of these: its ``sentence``, or the ``label``.
    :param decontaminate: test sets, as in ``[export]``: no sentence that has a text of theirs. For ``from`` a recipe.
    :param dedupe: keep one of several sentences of a language with the same words.
    :param weight: how much words count: ``none``, all the same; ``score``, words of projected labels as much as the
        label's score.
    :param encoder: the model whose states are read.
    :param layer: of it.
    :param pooling: how a word's state follows from its sub-words'.
    :param head: ``mlp`` with one hidden layer, or ``linear``.
    :param hidden: its width.
    :param steps: of training, whatever the amount of data.
    :param batch: words, or pairs, of a step.
    :param rate: the highest learning rate.
    :param decay: of the weights.
    :param dropout: of the hidden layer.
    :param smoothing: of the labels.
    :param truncation: exponent of the generalised cross-entropy, for noisy labels; 0: plain cross-entropy.
    :param seed: of the head.
    :param dev: a split to choose the best step on; never the one that measures. Left out, the last step is taken.
    :param dev_every: steps between two looks at it.
    :param arm: of ``nli``: ``raw``, ``centre`` (each language's mean is taken away), ``shuffled`` labels, or
        ``hypothesis-only``.
    """

    model_config = ConfigDict(populate_by_name=True)

    task: Task = "ner"
    source: Text = Field(default="gold", alias="from")
    languages: Texts = ()
    splits: Texts = ("train",)
    budget: Count | None = None
    unit: Unit = "sentences"
    sample_seed: Annotated[int, Ge(0)] = 0
    min_score: Share | None = None
    min_margin: Share | None = None
    min_votes: Count | None = None
    on_low_score: Literal["sentence", "label"] = "sentence"
    decontaminate: Texts = ()
    dedupe: bool = False
    weight: Literal["none", "score"] = "none"
    encoder: Text = "e5-small"
    layer: Annotated[int, Ge(0)] = 8
    pooling: Literal["mean", "first"] = "mean"
    head: Literal["mlp", "linear"] = "mlp"
    hidden: Count = 128
    steps: Count = 200
    batch: Count = 1024
    rate: Positive = 1e-3
    decay: Share = 0.01
    dropout: Probability = 0.2
    smoothing: Probability = 0.0
    truncation: Annotated[float, Ge(0), Lt(1)] = 0.0
    seed: Annotated[int, Ge(0)] = 0
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
                f"the split {dev!r} measures: what is chosen on it looks better than it is",
                hint='choose on another split: dev = "validation"',
                reason="test-chosen",
            )
        return dev

    @model_validator(mode="after")
    def _of_use(self) -> TrainTable:
        if self.dev is not None and self.dev in self.splits:
            raise RecipeError(f"the split {self.dev!r} is trained on", hint="choose the step on another one", key="dev")
        if self.source == "gold":
            for name in ("min_score", "min_margin", "min_votes", "decontaminate"):
                if getattr(self, name):
                    raise RecipeError("gold labels have none", hint='say from = "RECIPE", or leave it out', key=name)
            if self.weight != "none":
                raise RecipeError("gold labels have no scores", hint='say from = "RECIPE"', key="weight")
        if self.min_votes and self.on_low_score == "label":
            raise RecipeError("votes decide on sentences", hint='say on_low_score = "sentence"', key="on_low_score")
        if self.task == "ner" and self.arm not in ("raw", "shuffled"):
            raise RecipeError("it is of sentence pairs", hint='say task = "nli", or leave it out', key="arm")
        if self.task == "nli" and self.source != "gold":
            raise RecipeError("pairs have gold labels only", hint="leave it out", key="from")
        return self
