"""The aligner ``vote``: merges the links of several aligners into one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count
from xprojdb.config.tables.align import AlignerConfig
from xprojdb.db import bulk
from xprojdb.db.tables import alignment, translation
from xprojdb.models.aligners.symmetrization import symmetrise, voted
from xprojdb.models.aligners.word_links import Links, format_links
from xprojdb.steps.align.plan import align_spec, for_languages, min_link_score
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams, aligner_title
from xprojdb.steps.inputs import parse_links, within
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Outcome, Result, Rows, Stage

Symmetrization = Literal["votes", "intersection", "union", "grow-diag", "grow-diag-final-and"]


@dataclass(frozen=True, kw_only=True)
class VoteConfig(AlignerConfig):
    """``[align]`` with ``aligner = "vote"``: merge the links of several aligners into one set.

    :param symmetrization: ``votes``, or a way to merge two directions: ``intersection``, ``union``, ``grow-diag``,
        ``grow-diag-final-and``.
    :param min_votes: with ``votes``, how many voters must propose a link.
    :param voters: the aligners that vote, each a table like this one.
    """

    symmetrization: Symmetrization = "votes"
    min_votes: Count = 2
    voters: tuple[AlignerConfig, ...] = ()

    def __post_init__(self) -> None:
        if len(self.voters) < 2:
            hint = "write each voter as a table [[align.voters]]"
            raise RecipeError("a vote needs at least two voters", hint=hint, key="voters")
        if self.symmetrization == "votes" and self.min_votes > len(self.voters):
            message = f"{len(self.voters)} voters cannot give {self.min_votes} votes"
            raise RecipeError(message, hint="lower min_votes", key="min_votes")


@dataclass(frozen=True, kw_only=True)
class VoteParams(AlignParams):
    """Parameters of a ``vote`` step.

    :param min_link_scores: for each input, in the order of their roles, the score a link must exceed to count.
    """

    aligner: str = "vote"
    symmetrization: Symmetrization
    min_link_scores: tuple[float, ...]
    min_votes: int | None = left_out(None)


class Vote(AlignerPlugin):
    """The plug-in ``vote``."""

    name: ClassVar[str] = "vote"
    Config = VoteConfig
    of_words = False

    def spec(self, config: VoteConfig) -> StepSpec:
        params = VoteParams(
            symmetrization=config.symmetrization,
            min_link_scores=tuple(min_link_score(voter) for voter in config.voters),
            min_votes=config.min_votes if config.symmetrization == "votes" else None,
        )
        # Two digits, so that the order of the roles is that of the voters.
        voters = {f"voter:{number:02}": align_spec(voter) for number, voter in enumerate(config.voters, 1)}
        return StepSpec(KIND, VERSION, params.to_params(), inputs=voters)

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:
        return replace(spec, inputs={role: for_languages(voter, pair) for role, voter in spec.inputs.items()})

    def load(self, spec: StepSpec) -> Any:
        raise AssertionError(f"a vote has no aligner to load: {spec.short}")

    def stage(self, spec: StepSpec) -> Stage:
        return VoteLinks(spec)

    def title(self, spec: StepSpec) -> str:
        params = VoteParams.from_params(spec.params)
        voters = [aligner_title(voter).removeprefix("with ") for _, voter in sorted(spec.inputs.items())]
        votes = params.symmetrization if params.min_votes is None else f"{params.min_votes} of {len(voters)}"
        return f"by {votes}: {', '.join(voters)}"


class VoteLinks(Stage):
    """Merge the links of its inputs, which are other align steps, into one set."""

    kind = KIND
    version = VERSION

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = VoteParams.from_params(spec.params)

    @property
    def title(self) -> str:
        return f"align {aligner_title(self.spec)}"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return dict.fromkeys(sorted(self.spec.inputs), translation.c.id)

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        scores = zip(self.needs(), self.params.min_link_scores, strict=True)
        sides = [read_links(connection, self.input_ids[role], items, score) for role, score in scores]
        rows, outcomes = [], []
        for item, *several in zip(items, *sides, strict=True):
            links = self._joined(several)
            if len(links.pairs):
                rows.append((self.step_id, item, format_links(links)))
                outcomes.append(Outcome(item, "ok"))
            else:
                outcomes.append(Outcome(item, "empty", "no-links"))
        return Result(outcomes, [Rows(alignment, ("step_id", "translation_id", "links"), rows)])

    def _joined(self, several: Sequence[Links]) -> Links:
        if self.params.min_votes is not None:
            return voted(several, self.params.min_votes)
        return symmetrise(several, self.params.symmetrization)


def read_links(connection: Connection, step_id: int, items: Sequence[int], min_score: float = 0.0) -> list[Links]:
    """Read the links that an align step stored for some translations; empty where it found none.

    :param items: keys of translations, ascending.
    :param min_score: links that do not exceed it are left out.
    """
    query = select(alignment.c.translation_id, alignment.c.links).where(
        alignment.c.step_id == step_id, within(connection, alignment.c.translation_id, items)
    )
    texts: dict[int, str] = {item: text for item, text in bulk.fetch(connection, query)}  # noqa: C416
    ptr, left, right, scores = parse_links([texts.get(item, "") for item in items])
    certain = np.ones(len(left), np.float32) if scores is None else scores
    strong = certain > min_score
    pairs = np.stack([left, right], 1)
    spans = zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)
    return [Links(pairs[a:b][strong[a:b]], certain[a:b][strong[a:b]]) for a, b in spans]
