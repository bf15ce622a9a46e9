"""The languages that labels go from and to, and the steps that score steps can read in this direction."""

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
    """The inputs a scorer may read.

    :param source: the language that labels come from.
    :param target: the language that receives them.
    :param labelling: the labelled side, and the label mapping.
    :param entities: the step that labelled the source.
    :param alignment: the step that aligned both sides.
    :param proposals: the step that tags the target language, if the recipe has one.
    :param draft: the project step without the scorers that learn from it; None if there is none to learn from.
    :param refit: the recipe's number, which is changed to learn anew.
    :param earlier: the score steps before this one, by scorer name.
    :param scorer: the name of the current scorer.
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
        """The project step that a scorer with ``learns`` learns from.

        :raises UsageError: when there is nothing to learn from.
        """
        if self.draft is None:
            hint = "add another [[scorer]], such as type = 'link_mass'"
            raise UsageError(f"the scorer {self.scorer} has nothing to learn from", hint=hint, scorer=self.scorer)
        return self.draft()
