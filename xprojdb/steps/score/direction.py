"""From which language to which labels go, and what the score steps of a recipe in this direction can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from xprojdb.errors import UsageError
from xprojdb.steps.fit.stage import FitParams
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True)
class Direction:
    """What a scorer may read.

    :param source: the language that labels come from.
    :param target: the language that receives them.
    :param labelling: the side that has the labels, and their mapping.
    :param entities: the step that labelled the source.
    :param alignment: the step that aligned both.
    :param proposals: the step that tags the target language, where the recipe has one.
    :param draft: the project step without the scorers that learn from it; None where there is none to learn from.
    :param refit: how often the recipe asks to learn anew from corpora.
    :param earlier: the score steps before this one, by what their scorers are called.
    :param scorer: what the scorer at hand is called.
    """

    source: str
    target: str
    labelling: LabellingParams
    entities: StepSpec
    alignment: StepSpec
    proposals: StepSpec | None = None
    draft: Callable[[], StepSpec] | None = None
    refit: int = 0
    earlier: Mapping[str, StepSpec] = field(default_factory=dict)
    scorer: str = ""

    def frequencies(self, lang: str) -> StepSpec:
        """The step that counts the words of a language in each corpus."""
        return StepSpec(
            WordFrequencies.kind, WordFrequencies.version, FitParams(lang=lang, refit=self.refit).to_params()
        )

    def draft_labels(self) -> StepSpec:
        """The project step whose labels a scorer that ``learns`` learns from.

        :raises UsageError: when there is none.
        """
        if self.draft is None:
            hint = "add another [[scorer]], such as type = 'link_mass'"
            raise UsageError(f"the scorer {self.scorer} has nothing to learn from", hint=hint, scorer=self.scorer)
        return self.draft()
