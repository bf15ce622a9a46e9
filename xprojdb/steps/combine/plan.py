"""The steps behind ``[combine]``, which merges the labels of several sources into one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from xprojdb.config.tables.combine import CombineTable
from xprojdb.errors import UsageError
from xprojdb.steps.combine.adjustments import DRAFT, FREQUENCIES, TERMS
from xprojdb.steps.combine.gold_set import GOLD_SET
from xprojdb.steps.combine.params import CombineParams, ConsensusRule, ReliabilityParams, SourcesParams
from xprojdb.steps.combine.reliability import ReliabilityFit
from xprojdb.steps.combine.stage import WEIGHTS, Combine
from xprojdb.steps.combine.voters import TRANSFER
from xprojdb.steps.fit.stage import FitParams
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.params import StepParams
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.quality.stage import scores_behind
from xprojdb.steps.spec import StepSpec
from xprojdb.text.label_schemes import LabelMapping


def combine_specs(
    table: CombineTable,
    target: str,
    sources: Sequence[str],
    voters: Mapping[str, StepSpec],
    tagger: StepSpec | None,
    mapping: LabelMapping | None = None,
    gold: StepSpec | None = None,
) -> list[StepSpec]:
    """The steps that combine the labels of one target language, in the order they run.

    :param sources: the languages that labels come from.
    :param voters: the project steps by language and side, such as ``"en:original"``.
    :param tagger: the tag step of the target language.
    :param mapping: the mapping of its labels, where no voter has one.
    :param gold: the set of labels by people that the table names.
    :raises UsageError: when a source has no candidates for a joint match, ``transfer`` has no tagger, or the
        translations of a source have no scores for ``min_quality``.
    """
    if table.method == "joint":
        _check_candidates(voters)
    if table.min_quality:
        for spec in voters.values():
            scores_behind(spec, table.min_quality)
    inputs, names = dict(voters), list(sources)
    if table.transfer:
        inputs[TRANSFER] = _tagger(tagger, target)
        names.append(TRANSFER)
    common = SourcesParams(
        target=target,
        sources=tuple(names),
        labels=mapping.to_json() if mapping else None,
        min_quality=dict(table.min_quality) or None,
    )
    rule = _rule(table)
    if table.first_word or table.last_word:
        counted = FitParams(lang=target).to_params()
        inputs[FREQUENCIES] = StepSpec(WordFrequencies.kind, WordFrequencies.version, counted)
    if gold is not None:
        inputs[GOLD_SET] = gold
    if table.learn is not None:
        inputs[WEIGHTS] = _reliability(table.learn, common, rule, inputs)
    weights = None if WEIGHTS in inputs else _weights(table, names)
    extra = [spec for role, spec in inputs.items() if role not in voters and role != GOLD_SET]
    corrected = gold is not None and table.corrections
    params = CombineParams(**_values(common), rule=rule.to_params(), weights=weights, corrected=corrected)
    return [*extra, *_combine(table, params, rule, inputs)]


def _values(params: StepParams) -> dict[str, Any]:
    return {own.name: getattr(params, own.name) for own in fields(params)}


def _reliability(learn: str, common: SourcesParams, rule: ConsensusRule, inputs: Mapping[str, StepSpec]) -> StepSpec:
    """The step that learns the weights. Truth inference does not depend on the rule, and only ``gold`` on the set."""
    if learn == "learned":
        params = ReliabilityParams(
            target=common.target, sources=common.sources, min_quality=common.min_quality, learn=learn
        )
    else:
        params = ReliabilityParams(**_values(common), learn=learn, rule=rule.to_params())
    read = {role: spec for role, spec in inputs.items() if role != GOLD_SET or learn == "gold"}
    return StepSpec(ReliabilityFit.kind, ReliabilityFit.version, params.to_params(), inputs=read)


def _combine(
    table: CombineTable, params: CombineParams, rule: ConsensusRule, inputs: Mapping[str, StepSpec]
) -> list[StepSpec]:
    """The combine step. With terms there is a draft before it, from whose labels the terms are counted."""
    once = StepSpec(Combine.kind, Combine.version, params.to_params(), inputs=inputs)
    if not table.terms:
        return [once]
    counted = FitParams(lang=params.target).to_params()
    terms = StepSpec(TermsFit.kind, TermsFit.version, counted, inputs={"labels": once})
    final = replace(params, rule=replace(rule, terms=table.terms).to_params())
    again = {**inputs, TERMS: terms, DRAFT: once}
    return [once, terms, StepSpec(Combine.kind, Combine.version, final.to_params(), inputs=again)]


def _rule(table: CombineTable) -> ConsensusRule:
    if table.method != "joint":
        return ConsensusRule(method="vote", min_support=0.5 if table.min_support is None else table.min_support)
    rule = ConsensusRule(
        method="joint",
        min_support=JOINT_SUPPORT if table.min_support is None else table.min_support,
        min_score=table.min_score,
        power=table.power,
        other_label=table.other_label,
    )
    if not (table.first_word or table.last_word):
        return rule
    first, last, most = table.first_word, table.last_word, table.max_frequency
    return replace(rule, first_word=first, last_word=last, max_frequency=most)


#: the share of the available support that a span needs in a joint match
JOINT_SUPPORT = 0.3


def _weights(table: CombineTable, names: Sequence[str]) -> dict[str, float]:
    weights = table.weights if isinstance(table.weights, dict) else {}
    return {name: weights.get(name, 1.0) for name in names}


def _check_candidates(voters: Mapping[str, StepSpec]) -> None:
    for role, spec in voters.items():
        if spec.kind != ProjectMatch.kind:
            raise UsageError(
                f"a joint match compares candidates, and the labels from {role.partition(':')[0]} have none",
                hint='set method = "match" in [project], or method = "majority" in [combine]',
                role=role,
            )
        if any(scorer.params.get("keep") for name, scorer in spec.inputs.items() if name.startswith("score:")):
            raise UsageError(
                f"a joint match compares all candidates, and those from {role.partition(':')[0]} were not all stored",
                hint='leave out keep = "undominated" in [[scorer]]',
                role=role,
            )


def _tagger(tagger: StepSpec | None, target: str) -> StepSpec:
    if tagger is None:
        raise UsageError(
            f"transfer needs a tagger for {target}",
            hint=f'name one in the recipe: [tag] models = {{ {target} = "spacy:…" }}',
            lang=target,
        )
    return tagger
