"""A plan: the stages of a recipe, and the sets of translations that each of them covers.

Kept apart from the planner, which imports all settings, so that a stored plan can be read without it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

from xprojdb.db.runs import RecipeRecord
from xprojdb.errors import XprojdbError
from xprojdb.planning.labellings import Consensus, Labelling, Projection
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.project.revised import PROJECTED, ProjectRevised
from xprojdb.steps.project.stage import ProjectStage
from xprojdb.steps.registry import LINKING, MODELS, stage_of
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.stage import Bitext, Stage

#: the most pairs of languages that a title names
PAIRS_NAMED = 3


@dataclass
class Plan:
    """Stages in the order they run, and the translations each of them covers.

    :param recipe: the recipe behind the plan, as runs record it.
    :param stages: the stages in order.
    :param pairs: the sets of translations of each stage, by its step.
    :param missing: the reasons why parts of the recipe could not be planned; not stored.
    """

    recipe: RecipeRecord
    stages: list[Stage] = field(default_factory=list)
    pairs: dict[StepSpec, list[Bitext]] = field(default_factory=dict)
    missing: list[XprojdbError] = field(default_factory=list)

    def add(self, stage: Stage, pair: Bitext) -> None:
        """Add a stage for a set of translations; equal steps are planned once."""
        if stage.spec not in self.pairs:
            stage.join({earlier.spec: earlier for earlier in self.stages})
            self.stages.append(stage)
        covered = self.pairs.setdefault(stage.spec, [])
        if pair not in covered:
            covered.append(pair)
            next(planned for planned in self.stages if planned.spec == stage.spec).cover(pair)

    def require(self, spec: StepSpec, pair: Bitext) -> None:
        """Add a step and the steps it reads for a set of translations."""
        for input_spec in spec.inputs.values():
            if input_spec != GOLD and input_spec.kind not in LINKING | MODELS:
                self.require(input_spec, pair)
        self.add(stage_of(spec), pair)

    def sort(self) -> None:
        """Order the stages so that each comes after its inputs and after the makers of the translations it covers."""
        by_digest = {spec.digest: spec for spec in self.pairs}

        @cache
        def reads(spec: StepSpec) -> frozenset[StepSpec]:
            """All steps that a step depends on."""
            return frozenset(read for input_spec in spec.inputs.values() for read in (input_spec, *reads(input_spec)))

        @cache
        def depth(spec: StepSpec) -> int:
            before = {input_spec for input_spec in spec.inputs.values() if input_spec in self.pairs}
            before |= {by_digest[pair.link] for pair in self.pairs[spec] if pair.link in by_digest} - {spec}
            # A step that helps to make the translations does not read them.
            return max((1 + depth(input_spec) for input_spec in before if spec not in reads(input_spec)), default=0)

        self.stages.sort(key=lambda stage: depth(stage.spec))

    @property
    def titles(self) -> dict[StepSpec, str]:
        """What each step does; where several do the same for other languages, with their pairs of languages."""
        own = {stage.spec: stage.title for stage in self.stages}
        times = Counter(own.values())
        return {spec: title if times[title] == 1 else f"{title}, {self._langs(spec)}" for spec, title in own.items()}

    def _langs(self, spec: StepSpec) -> str:
        langs = dict.fromkeys((pair.original_lang, pair.rendering_lang) for pair in self.pairs[spec])
        named = ["–".join(dict.fromkeys(pair)) for pair in langs]
        return ", ".join(named) if len(named) <= PAIRS_NAMED else f"{len(named)} pairs of languages"

    @property
    def _drafts(self) -> set[StepSpec]:
        """The draft steps, whose labels are only counted, and those whose labels are voted on."""
        drafts = {stage.spec.inputs["labels"] for stage in self.stages if stage.counts_labels}
        return drafts | {stage.spec.inputs[PROJECTED] for stage in self.stages if isinstance(stage, ProjectRevised)}

    @property
    def _makers(self) -> dict[str, StepSpec]:
        """The steps that make translations, by digest."""
        return {stage.spec.digest: stage.spec for stage in self.stages if stage.makes_translations}

    @property
    def projections(self) -> list[Projection]:
        """The projections of single sources, by corpus, source and target language."""
        return self._without(self._drafts)

    @property
    def unrevised(self) -> list[Projection]:
        """The projections before taggers of the target language vote on them."""
        revised = {stage.spec for stage in self.stages if isinstance(stage, ProjectRevised)}
        return self._without(self._drafts - {spec.inputs[PROJECTED] for spec in revised} | revised)

    def _without(self, drafts: set[StepSpec]) -> list[Projection]:
        makers = self._makers
        projections = [
            Projection(stage, pair, stage.labelled, makers.get(pair.link))
            for stage in self.stages
            if isinstance(stage, ProjectStage) and stage.spec not in drafts
            for pair in self.pairs[stage.spec]
        ]
        return sorted(
            projections, key=lambda projection: (projection.pair.corpus_id, projection.source, projection.target)
        )

    @property
    def consensuses(self) -> list[Consensus]:
        """The combinations of several sources, by corpus and target language."""
        drafts, makers = self._drafts, self._makers
        consensuses = []
        for stage in self.stages:
            if isinstance(stage, Combine) and stage.spec not in drafts:
                for corpus_id in {pair.corpus_id for pair in self.pairs[stage.spec]}:
                    pairs = tuple(pair for pair in self.pairs[stage.spec] if pair.corpus_id == corpus_id)
                    used = dict.fromkeys(makers[pair.link] for pair in pairs if pair.link in makers)
                    consensuses.append(Consensus(stage, pairs, tuple(used)))
        return sorted(consensuses, key=lambda consensus: (consensus.corpus_id, consensus.target))

    @property
    def labellings(self) -> list[Labelling]:
        """All labellings: those of single sources, then those of several."""
        return [*self.projections, *self.consensuses]
