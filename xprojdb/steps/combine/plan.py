"""The steps that ``[combine]`` stands for: how the labels of several sources become one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xprojdb.config.settings import CombineTable
from xprojdb.errors import UsageError
from xprojdb.steps.combine.adjustments import DRAFT, FREQUENCIES, TERMS
from xprojdb.steps.combine.reliability import ReliabilityFit
from xprojdb.steps.combine.stage import WEIGHTS, Combine
from xprojdb.steps.combine.voters import TRANSFER
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.spec import StepSpec
from xprojdb.text.label_schemes import LabelMapping


def combine_specs(
    table: CombineTable,
    target: str,
    sources: Sequence[str],
    voters: Mapping[str, StepSpec],
    tagger: StepSpec | None,
    mapping: LabelMapping | None = None,
) -> list[StepSpec]:
    """The steps that combine the labels of one target language, in the order they run.

    :param sources: the languages that labels come from.
    :param voters: the project steps, by language and side: ``"en:original"``.
    :param tagger: that of the target language.
    :param mapping: of its labels, where no voter has one.
    :raises UsageError: when a source has no candidates for a joint match, or ``transfer`` has no tagger.
    """
    if table.method == "joint":
        _check_candidates(voters)
    inputs, names = dict(voters), list(sources)
    if table.transfer:
        inputs[TRANSFER] = _tagger(tagger, target)
        names.append(TRANSFER)
    common: dict[str, Any] = {"target": target, "sources": names, "rule": _rule(table)}
    if mapping is not None:
        common["labels"] = mapping.to_json()
    if table.first_word or table.last_word:
        inputs[FREQUENCIES] = StepSpec(WordFrequencies.kind, WordFrequencies.version, {"lang": target})
    if table.learn is not None:
        inputs[WEIGHTS] = _reliability(table.learn, common, inputs)
    weights = None if WEIGHTS in inputs else _weights(table, names)
    found = [spec for role, spec in inputs.items() if role not in voters]
    return [*found, *_combine(table, {**common, "weights": weights}, inputs)]


def _reliability(learn: str, common: dict[str, Any], inputs: Mapping[str, StepSpec]) -> StepSpec:
    """What learns the weights; only agreement depends on how a consensus is made."""
    used = common if learn == "agreement" else {name: common[name] for name in ("target", "sources")}
    return StepSpec(ReliabilityFit.kind, ReliabilityFit.version, {**used, "learn": learn}, inputs=dict(inputs))


def _combine(table: CombineTable, params: dict[str, Any], inputs: Mapping[str, StepSpec]) -> list[StepSpec]:
    """The combine step; with terms after a first one, whose labels they are counted from."""
    once = StepSpec(Combine.kind, Combine.version, params, inputs=inputs)
    if not table.terms:
        return [once]
    terms = StepSpec(TermsFit.kind, TermsFit.version, {"lang": params["target"]}, inputs={"labels": once})
    rule = {**params["rule"], "terms": table.terms}
    again = {**inputs, TERMS: terms, DRAFT: once}
    return [once, terms, StepSpec(Combine.kind, Combine.version, {**params, "rule": rule}, inputs=again)]


def _rule(table: CombineTable) -> dict[str, Any]:
    if table.method != "joint":
        return {"method": "vote", "threshold": 0.5 if table.threshold is None else table.threshold}
    threshold = JOINT_THRESHOLD if table.threshold is None else table.threshold
    rule = {"method": "joint", "threshold": threshold, "floor": table.floor, "power": table.power}
    rule["other_label"] = table.other_label
    if table.first_word or table.last_word:
        rule |= {"first_word": table.first_word, "last_word": table.last_word, "most": table.most}
    return rule


#: the share of what the present sources could give that a span needs in a joint match
JOINT_THRESHOLD = 0.3


def _weights(table: CombineTable, names: Sequence[str]) -> dict[str, float]:
    given = table.weights if isinstance(table.weights, dict) else {}
    return {name: given.get(name, 1.0) for name in names}


def _check_candidates(voters: Mapping[str, StepSpec]) -> None:
    for role, spec in voters.items():
        if spec.kind != ProjectMatch.kind:
            raise UsageError(
                f"labels from {role.partition(':')[0]} are made without candidates, which a joint match compares",
                hint='say method = "match" in [project], or method = "majority" in [combine]',
                role=role,
            )


def _tagger(tagger: StepSpec | None, target: str) -> StepSpec:
    if tagger is None:
        raise UsageError(
            f"transfer has no tagger for {target}",
            hint=f'name one in the recipe: [tag] models = {{ {target} = "spacy:…" }}',
            lang=target,
        )
    return tagger
