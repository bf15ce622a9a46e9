"""A plan: the stages that a recipe stands for, and the sets of translations that each of them covers.

Apart from how recipes become plans, which takes all that knows their settings: a stored plan is read without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from xprojdb.db.runs import RecipeRecord
from xprojdb.errors import XprojdbError
from xprojdb.planning.labellings import Consensus, Labelling, Projection
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.project.stage import ProjectStage
from xprojdb.steps.registry import LINKING, stage_of
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.stage import Bitext, Stage


@dataclass
class Plan:
    """Stages in the order they run, and what each covers.

    :param recipe: the recipe it stands for, as runs record it.
    :param stages: earlier ones first.
    :param pairs: the sets of translations of each stage, by its step.
    :param missing: why parts of the recipe could not be planned; not stored.
    """

    recipe: RecipeRecord
    stages: list[Stage] = field(default_factory=list)
    pairs: dict[StepSpec, list[Bitext]] = field(default_factory=dict)
    missing: list[XprojdbError] = field(default_factory=list)

    def add(self, stage: Stage, pair: Bitext) -> None:
        """Cover a set of translations with a stage; equal steps are planned once."""
        if stage.spec not in self.pairs:
            stage.join({earlier.spec: earlier for earlier in self.stages})
            self.stages.append(stage)
        covered = self.pairs.setdefault(stage.spec, [])
        if pair not in covered:
            covered.append(pair)
            next(each for each in self.stages if each.spec == stage.spec).cover(pair)

    def require(self, spec: StepSpec, pair: Bitext) -> None:
        """Cover a set of translations with a step and with the steps that it reads."""
        for given in spec.inputs.values():
            if given != GOLD and given.kind not in LINKING:
                self.require(given, pair)
        self.add(stage_of(spec), pair)

    def sort(self) -> None:
        """Order the stages so that each comes after what it reads, and after what makes the translations it covers."""
        made = {spec.digest: spec for spec in self.pairs}

        @cache
        def reads(spec: StepSpec) -> frozenset[StepSpec]:
            """The steps that a step rests on."""
            return frozenset(each for given in spec.inputs.values() for each in (given, *reads(given)))

        @cache
        def depth(spec: StepSpec) -> int:
            before = {given for given in spec.inputs.values() if given in self.pairs}
            before |= {made[pair.link] for pair in self.pairs[spec] if pair.link in made} - {spec}
            # What a step on the way to the translations reads is not made of them.
            return max((1 + depth(given) for given in before if spec not in reads(given)), default=0)

        self.stages.sort(key=lambda stage: depth(stage.spec))

    @property
    def _drafts(self) -> set[StepSpec]:
        """The steps whose labels are only counted, for corpus memory."""
        return {stage.spec.inputs["labels"] for stage in self.stages if stage.counts_labels}

    @property
    def _makers(self) -> dict[str, StepSpec]:
        """The steps that make translations, by their digests."""
        return {stage.spec.digest: stage.spec for stage in self.stages if stage.makes_translations}

    @property
    def projections(self) -> list[Projection]:
        """What the plan gives to whom, in the recipe's order of languages."""
        drafts, makers = self._drafts, self._makers
        found = [
            Projection(stage, pair, stage.labelled, makers.get(pair.link))
            for stage in self.stages
            if isinstance(stage, ProjectStage) and stage.spec not in drafts
            for pair in self.pairs[stage.spec]
        ]
        return sorted(found, key=lambda each: (each.pair.corpus_id, each.source, each.target))

    @property
    def consensuses(self) -> list[Consensus]:
        """What the plan makes of several sources, by corpus and target language."""
        drafts, makers = self._drafts, self._makers
        found = []
        for stage in self.stages:
            if isinstance(stage, Combine) and stage.spec not in drafts:
                for corpus_id in {pair.corpus_id for pair in self.pairs[stage.spec]}:
                    pairs = tuple(pair for pair in self.pairs[stage.spec] if pair.corpus_id == corpus_id)
                    made = dict.fromkeys(makers[pair.link] for pair in pairs if pair.link in makers)
                    found.append(Consensus(stage, pairs, tuple(made)))
        return sorted(found, key=lambda each: (each.corpus_id, each.target))

    @property
    def labellings(self) -> list[Labelling]:
        """All of them: every single source, then what several make together."""
        return [*self.projections, *self.consensuses]
