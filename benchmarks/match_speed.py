"""How fast matching is on this machine, on one core: ``python benchmarks/match_speed.py [pairs]``.

The pairs are synthetic: about 25 words and 1.6 entities, noisy near-diagonal links, everything from one seed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xprojdb import matching
from xprojdb.matching import Candidates, Matches, PairBatch, SolverStatus
from xprojdb.matching.arrays import offsets


def synthetic(pairs: int, seed: int = 1) -> PairBatch:
    """Sentence pairs whose links are near the diagonal, with gaps, doubles and stray links."""
    random = np.random.default_rng(seed)
    words = np.clip(random.normal(25, 9, pairs), 4, 80).astype(np.int32)
    targets = np.clip(words * random.normal(1.0, 0.12, pairs), 3, 90).astype(np.int32)
    count = np.minimum(random.poisson(1.6, pairs), words)
    entity_ptr = offsets(count)
    # Each entity has a stretch of the sentence to itself: entities of one tagger do not overlap.
    room = np.repeat(words // np.maximum(count, 1), count)
    begin = room * (np.arange(len(room)) - np.repeat(entity_ptr[:-1], count))
    size = np.minimum(random.choice([1, 2, 3, 4, 5], len(room), p=[0.45, 0.3, 0.15, 0.06, 0.04]), room)
    start = begin + (random.random(len(room)) * (room - size + 1)).astype(np.int32)
    owner = np.repeat(np.arange(pairs), words)
    source = np.arange(len(owner)) - np.repeat(offsets(words)[:-1], words)
    links = [_links(random, owner, source, words, targets, keep) for keep in (0.85, 0.15)]
    rows = np.unique(np.concatenate(links, 1).T, axis=0)
    link_ptr = np.searchsorted(rows[:, 0], np.arange(pairs + 1))
    scores = random.uniform(0.2, 1, len(rows)).astype(np.float32)
    return PairBatch(words, targets, entity_ptr, start, start + size, link_ptr, rows[:, 1], rows[:, 2], scores)


def _links(random: np.random.Generator, owner: Any, source: Any, words: Any, targets: Any, keep: float) -> Any:
    here = random.random(len(owner)) < keep
    stray = random.random(len(owner)) < 0.03
    spot = np.where(stray, random.random(len(owner)), (source + 0.5) / words[owner])
    target = np.floor(spot * targets[owner] + random.normal(0, 0.8, len(owner))).astype(np.int64)
    return np.stack([owner, source, np.clip(target, 0, targets[owner] - 1)])[:, here]


def plain_greedy(pairs: PairBatch, count: int) -> int:
    """Plain Python for the first pairs: n-grams to 10 words, alignment scores, best first; how many spans it takes."""
    spans = 0
    for i in range(count):
        links = range(pairs.link_ptr[i], pairs.link_ptr[i + 1])
        linked = [(int(pairs.link_source[q]), int(pairs.link_target[q])) for q in links]
        pool = []
        for e in range(pairs.entity_ptr[i], pairs.entity_ptr[i + 1]):
            a, b = int(pairs.entity_start[e]), int(pairs.entity_end[e])
            mine = [y for x, y in linked if a <= x < b]
            for s in range(pairs.target_words[i]):
                for t in range(s + 1, min(s + 10, int(pairs.target_words[i])) + 1):
                    score = 2 * sum(s <= y < t for y in mine) / (b - a + t - s)
                    if score > 0:
                        pool.append((-score, s, t, e))
        taken: list[tuple[float, int, int, int]] = []
        for best in sorted(pool):
            if all(best[3] != t[3] and (best[2] <= t[1] or t[2] <= best[1]) for t in taken):
                taken.append(best)
        spans += len(taken)
    return spans


def timed(call: Callable[[], Any], repeat: int = 3) -> tuple[float, Any]:
    """Median seconds of a call, after one that compiles, and what it returned."""
    result, seconds = call(), []
    for _ in range(repeat):
        begin = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def fused(pairs: PairBatch, candidates: Candidates, noise: Any) -> Any:
    """Alignment, soft links and a stand-in for a model's word-level score, in fixed point."""
    links = 0.5 * matching.alignment(pairs, candidates) + 0.5 * matching.soft_alignment(pairs, candidates)
    return matching.to_fixed(links + noise)


def aligned_match(pairs: PairBatch) -> Matches:
    """Candidates, scores and the exact match, as a projection step calls them."""
    candidates = matching.aligned_subranges(pairs, 10)
    return matching.solve(pairs.entity_ptr, candidates, matching.to_fixed(matching.alignment(pairs, candidates)))


def row(name: str, items: int, seconds: float, unit: str = "pairs", note: str = "") -> None:
    """One line of the table."""
    print(f"{name:<52}{items / seconds:>14,.0f} {unit}/s   {note}")


def alignment_scores(count: int) -> None:
    """The exact match under alignment scores, by part, against plain Python in the same run."""
    pairs = synthetic(count)
    entities, links = len(pairs.entity_start), len(pairs.link_source)
    print(f"{count:,} pairs, {entities:,} entities, {links:,} links\n")
    whole, _ = timed(lambda: aligned_match(pairs))
    seconds, candidates = timed(lambda: matching.aligned_subranges(pairs, 10))
    scoring, scores = timed(lambda: matching.to_fixed(matching.alignment(pairs, candidates)))
    solving, answer = timed(lambda: matching.solve(pairs.entity_ptr, candidates, scores))
    plain, _ = timed(lambda: plain_greedy(pairs, 2000), 1)
    ratio = (plain / 2000) / (whole / count)
    row("alignment score: candidates, scores, exact match", count, whole, note=f"{ratio:,.0f} x plain Python greedy")
    row("  candidates (aligned sub-ranges)", count, seconds, note=f"{len(candidates):,} candidates")
    row("  alignment score", count, scoring)
    optimal = int((answer.status == SolverStatus.OPTIMAL).sum())
    row("  exact match and margins", count, solving, note=f"{optimal:,} optimal")
    row("  greedy match", count, timed(lambda: matching.greedy(pairs.entity_ptr, candidates, scores))[0])
    row("plain Python greedy (2,000 pairs)", 2000, plain)
    row("heuristic projection (reference)", count, timed(lambda: matching.heuristic(pairs, matching.REFERENCE))[0])
    row("checking a batch", count, timed(pairs.check)[0])
    strings = [
        " ".join(f"{x}-{y}" for x, y in zip(pairs.link_source[a:b], pairs.link_target[a:b], strict=True))
        for a, b in zip(pairs.link_ptr[:-1], pairs.link_ptr[1:], strict=True)
    ]
    row("reading Pharaoh strings", links, timed(lambda: matching.links_from_pharaoh(strings))[0], "links")


def fused_scores(count: int, block: int = 5000) -> None:
    """All n-grams to 10 words under fused scores: how fast, and how often the general solver is needed."""
    pairs = synthetic(min(count, block), seed=2)
    random = np.random.default_rng(3)
    candidates = matching.ngrams(pairs, 10)
    noise = random.random(len(candidates)) ** 4
    seconds, scores = timed(lambda: fused(pairs, matching.ngrams(pairs, 10), noise))
    solving, answer = timed(lambda: matching.exact(pairs.entity_ptr, candidates, scores))
    general = general_times(pairs, candidates, scores, answer)
    deferred = int((answer.status == SolverStatus.DEFERRED).sum())
    total = seconds + solving + sum(general)
    note = f"{len(candidates):,} candidates"
    print(f"\n{len(pairs):,} pairs, all n-grams to 10 words, three scores fused\n")
    row("fused scores: candidates, scores, exact match", len(pairs), total, note=note)
    row("  candidates and scores", len(pairs), seconds)
    row("  dynamic program and margins", len(pairs), solving)
    print(f"{'  pairs sent to the general solver':<52}{deferred / len(pairs):>14.4%}")
    if general:
        print(f"{'  general solver, 99th percentile':<52}{1000 * np.quantile(general, 0.99):>14,.0f} ms")


def general_times(pairs: PairBatch, candidates: Candidates, scores: Any, answer: Matches) -> list[float]:
    """Seconds that CP-SAT takes for each pair with deferred entities."""
    seconds = []
    for i in np.flatnonzero(answer.status == SolverStatus.DEFERRED):
        a, b = candidates.ptr[i : i + 2]
        span = (candidates.entity[a:b], candidates.start[a:b], candidates.end[a:b])
        alone = Candidates(np.array([0, b - a]), *span, candidates.origin[a:b])
        entities = np.array([0, pairs.entity_ptr[i + 1] - pairs.entity_ptr[i]])
        begin = time.perf_counter()
        matching.solve(entities, alone, scores[a:b])
        seconds.append(time.perf_counter() - begin)
    return seconds


def crowded(entities: int, words: int, count: int = 40) -> None:
    """Sentences with many entities and random scores for all n-grams: harder than any corpus."""
    random = np.random.default_rng(4)
    pairs = PairBatch.pack([(words, words, [(e % words, e % words + 1) for e in range(entities)], [])] * count)
    candidates = matching.ngrams(pairs, 10)
    scores = matching.to_fixed(random.random(len(candidates)))
    answer = matching.exact(pairs.entity_ptr, candidates, scores)
    solving, _ = timed(lambda: matching.exact(pairs.entity_ptr, candidates, scores), 1)
    general = general_times(pairs, candidates, scores, answer)
    slowest = f"{1000 * np.quantile(general, 0.99):,.0f} ms" if general else "-"
    print(
        f"{entities} entities, {words} words, random scores:".ljust(52)
        + f"{1000 * solving / count:>10.2f} ms a pair; {len(general)} of {count} to the general solver, p99 {slowest}"
    )


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    alignment_scores(size)
    fused_scores(size)
    print()
    for shape in ((6, 25), (12, 40), (20, 100)):
        crowded(*shape)
