"""A paragraph that can go into a paper, and sentences that say what came out."""

from __future__ import annotations

from collections import Counter

from xprojdb.study.report.analysis import Analysis, SeriesAnalysis
from xprojdb.study.report.measurements import StudyData


def methods_paragraph(analysis: Analysis) -> str:
    """How the study was done, in plain English."""
    data = analysis.data
    training, (encoder, revision) = data.training, data.encoder
    ks = sorted({measurement.k for measurement in data.measurements})
    head = (
        f"a head with one hidden layer of {training['hidden']} units" if training["head"] == "mlp" else "a linear head"
    )
    pooling = "mean of its sub-words" if training["pooling"] == "mean" else "state of its first sub-word"
    models = len({measurement.model for measurement in data.measurements})
    layer = f"layer {training['layer']} of the frozen encoder {encoder} (revision {_short(revision)}"
    sentences = (
        f"For each number k of source languages ({_listed(ks)}) we trained {head} on the states of {layer}; a word's "
        f"state is the {pooling}), for {training['steps']} steps of {training['batch']:,} examples with AdamW, "
        f"whatever the amount of data, and measured it on the target languages that it did not learn from.",
        _tasks(data),
        _subsets(data),
        f"In all there are {models:,} models and {len(data.measurements):,} measurements.",
        _budgets(data),
        f"Intervals are 95 % intervals of a hierarchical bootstrap with {analysis.resamples:,} resamples (targets, "
        f"subsets of sources, trainings, test items); differences to k = 1 are paired.",
        "Slopes per doubling are those of a mixed model with target and subset as random effects.",
        "The study chose nothing on the split that measures.",
    )
    return " ".join(sentences)


#: what languages are near by
_NEAR = {
    "words": "the words that some hundred unlabelled sentences of each share",
    "states": "hidden states of unlabelled sentences of each",
    **{
        aspect: f"what URIEL (Littell et al. 2017) has of their {aspect}"
        for aspect in ("family", "syntax", "geography")
    },
}


def _subsets(data: StudyData) -> str:
    """How sources were chosen."""
    orders, seeds = (len({getattr(entry, name) for entry in data.measurements}) for name in ("ordering", "seed"))
    subsets, near = data.choice
    chosen = {
        "rotations": f"Subsets of sources were taken from {orders} order{'s' * (orders > 1)} of the pool",
        "ranked": f"The sources of each target were the k nearest to it, by {_NEAR[near]}",
        "diverse": "Subsets of sources began with each language of the pool in turn, and took on the one least like "
        f"those they had, by {_NEAR[near]}",
    }
    own = ", which draw samples of their own" if seeds > 1 else ""
    return f"{chosen[subsets]}, with {seeds} training{'s' * (seeds > 1)} each{own}."


def _budgets(data: StudyData) -> str:
    """How much is learned from, and whose labels these are."""
    table, train = data.recipe.get("study", {}), data.recipe.get("train", {})
    unit = table.get("unit", "sentences")
    sizes = {regime: f" of {size:,} {unit}" for regime, size in table.get("budgets", {}).items()}
    regimes = {entry.series.regime for entry in data.measurements}
    told = {
        "fixed": f"a fixed budget{sizes.get('fixed', '')} is shared by all sources",
        "growing": f"a growing one{sizes.get('growing', '')} is given to each",
    }
    if "fixed" not in regimes:
        told["growing"] = f"a budget{sizes.get('growing', '')} is given to each source"
    source = train.get("from", "gold")
    whose = (
        "What they learn is gold"
        if source == "gold"
        else f"What they learn are labels that the recipe {source} projected"
    )
    return f"{whose}; {'; '.join(text for regime, text in told.items() if regime in regimes)}."


def _tasks(data: StudyData) -> str:
    results = []
    for task, params in sorted(data.measures.items()):
        items = {
            measurement.target: len(measurement.counts)
            for measurement in data.measurements
            if measurement.series.task == task
        }
        sizes = Counter(items.values())
        size = f"{next(iter(sizes)):,}" if len(sizes) == 1 else f"{min(sizes):,} to {max(sizes):,}"
        what = "sentences, as F1 of exact spans and labels" if task == "ner" else "sentence pairs, as accuracy"
        results.append(
            f"{task.upper()} is measured on {size} {what}, of the split {params['split']!r} of each of {len(items)} "
            "targets."
        )
    return " ".join(results)


def findings(analysis: SeriesAnalysis) -> list[str]:
    """What came out of a series, a sentence each."""
    results = []
    gained = [point for point in analysis.points if point.gain is not None and point.k > 1]
    if gained:
        best, first = gained[-1], gained[0]
        whole = best.gain or 0.0
        sure = (best.gain_low or 0) > 0 or (best.gain_high or 0) < 0
        doubt = "" if sure else "; the interval holds 0"
        results.append(
            f"From 1 to {best.k} sources the mean changes by {whole:+.1f} "
            f"[{best.gain_low:.1f}, {best.gain_high:.1f}]{doubt}."
        )
        if sure and whole > 0 and best.k > first.k:
            results.append(f"{100 * (first.gain or 0) / whole:.0f} % of that is there at k = {first.k}.")
    slope = analysis.slope
    if slope.value is not None:
        results.append(f"Each doubling: {slope.value:+.2f} [{slope.low:.2f}, {slope.high:.2f}].")
    if slope.problem:
        results.append(f"Slope: {slope.problem}.")
    fit = analysis.saturation
    if fit.k95 is not None:
        results.append(
            f"A curve that levels off reaches {fit.limit:.1f}; 95 % of the gain is there at k = {fit.k95:.1f}."
        )
    elif fit.problem:
        results.append(f"No number of sources for 95 %: {fit.problem}.")
    results += _spread(analysis)
    singles = analysis.best
    if singles:
        wins = sum(one.single > one.mean for one in singles)
        results.append(
            f"The best single source, chosen with the target's own gold, beats the mean of {singles[0].k} sources "
            f"for {wins} of {len(singles)} targets."
        )
    return results


def _spread(analysis: SeriesAnalysis) -> list[str]:
    first, last = analysis.points[0], analysis.points[-1]
    if first.spread is None or last.spread is None or first is last:
        return []
    message = f"The choice of sources matters by a standard deviation of {first.spread:.1f} at k = {first.k}"
    return [f"{message} and {last.spread:.1f} at k = {last.k}."]


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _short(revision: str) -> str:
    return revision.removeprefix("sha256:")[:12]
