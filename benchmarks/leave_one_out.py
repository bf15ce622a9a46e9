"""Other languages' gold, projection and both, each language left out:
``python benchmarks/leave_one_out.py [--db FILE] [--sentences 1000] [--budget 300] [--tests 300] [--translated]``.

For each of the fourteen languages of MasakhaNER2, a model is trained on the gold labels of the other thirteen. Where
there is a translation (six of them), it is measured on the translated sentences, alone and in a vote with the
projection; elsewhere on the first sentences of the test set. Last, the weights of the vote that are not learned are
chosen on the other five pairs. With ``--translated``, languages without a translation are left out. Reads
``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import masakhaner2
import numpy as np
import voting_taggers
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from xprojdb.arrays import Floats, Longs
from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db.tables import step
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.evaluate import read_counts
from xprojdb.evaluation.gold import read_sentences
from xprojdb.evaluation.span_metrics import SpanCounts, count_spans
from xprojdb.execution.run import run_plan
from xprojdb.matching.combination.form_evidence import form_gains
from xprojdb.matching.combination.projection_evidence import evidence
from xprojdb.matching.combination.tagger_votes import pooled, votes
from xprojdb.planning.planner import plan_recipe
from xprojdb.readers.columns.conll import read_conll
from xprojdb.steps.fit.stage import read_artifact
from xprojdb.steps.fit.target_tagger import tag_places
from xprojdb.steps.inputs import read_side_words
from xprojdb.steps.project.evidence import Known
from xprojdb.steps.project.revised import EVIDENCE
from xprojdb.steps.project.voters import Opinion, Voters
from xprojdb.steps.spec import load_spec
from xprojdb.steps.stage import other
from xprojdb.steps.train.entities import joined
from xprojdb.steps.train.learning import read_head
from xprojdb.steps.train.params import states_of
from xprojdb.text.spans import Span
from xprojdb.training.decoding import best_tags, tagged_spans
from xprojdb.training.states import WordStates

#: the weight of the pair's own tagger beside a model, and of the projection; the library's, first
OURS = (0.75, 1.0)
GRID = (OURS, *(pair for pair in product((0.25, 0.5, 0.75, 1.0), (0.5, 0.75, 1.0, 1.5)) if pair != OURS))
MODEL, PROJECTION, ITSELF, TOGETHER = "other languages' gold alone", "projection alone", "own tagger votes", "both vote"
UNLEARNED = "both vote, nothing learned of the projection"
HERE_ONLY = "both vote, without what became of a word elsewhere"


class Voted(NamedTuple):
    """The sentences of a pair, and who says what about them.

    :param words: of the sentences, W in all.
    :param content: what was learned of the projection.
    :param projected: (W,) its tags.
    """

    words: list[tuple[str, ...]]
    gold: list[tuple[Span, ...]]
    opinion: Opinion
    content: Mapping[str, Any]
    projected: Longs

    def score(self, own: float, strength: float, *, learned: bool = True, forms: bool = True) -> SpanCounts:
        """Count spans with other weights.

        :param learned: whether anything that was learned of the projection counts, ``forms`` whether other places do.
        """
        counts, kinds = (np.array(self.content[name]) for name in ("counts", "kinds"))
        known = Known(
            evidence(counts if learned else np.zeros_like(counts), self.opinion.tags, repeated=True),
            form_gains(kinds if learned and forms else np.zeros_like(kinds)),
            self.content["forms"],
        )
        scores = pooled(self.opinion.parts, (own, 1.0))
        gains = strength * known.gains(self.words, self.projected)
        return self.decoded(votes(scores, gains, own + 1))

    def decoded(self, scores: Floats) -> SpanCounts:
        """Count the spans of the best tags."""
        lengths = [len(own) for own in self.words]
        tags = self.opinion.tags
        spans = tagged_spans(best_tags(np.asarray(scores, np.float32), lengths, tags), lengths, tags)
        return count_spans(zip(self.gold, spans, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", type=Path, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--sentences", type=int, default=1000, help="of each pair at most")
    parser.add_argument("--budget", type=int, default=300, help="gold sentences of each other language")
    parser.add_argument("--tests", type=int, default=300, help="test sentences of a language without a translation")
    parser.add_argument("--translated", action="store_true", help="only the languages with a translation")
    args = parser.parse_args()
    console = Console(width=160)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(args.db or Path(folder) / "voting.db", create=True) as database,
    ):
        if args.db is None or not args.db.exists():
            voting_taggers.import_gold(database, Path(folder))
            for pair in masakhaner2.PAIRS:
                masakhaner2.import_pair(database, pair, args.sentences, Path(folder))
        paired = {pair.split("-")[1]: pair for pair in masakhaner2.PAIRS}
        without = [lang for lang in voting_taggers.GOLD if lang not in paired and not args.translated]
        alone = {
            lang: tested(database, voting_taggers.train_without(database, lang, args.budget), lang, args.tests)
            for lang in without
        }
        if alone:
            report_alone(alone, console)
        report_pairs({lang: measured(database, pair, args.budget) for lang, pair in paired.items()}, console)


def tested(database: Database, digest: str, lang: str, most: int) -> SpanCounts:
    """Measure a model on a test set."""
    with database.read() as connection:
        step_id = connection.execute(select(step.c.id).where(step.c.digest == digest)).scalar_one()
        spec = load_spec(connection, step_id)
        head = read_head(connection, step_id, spec)
    path = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "masakhaner2" / f"{lang}.test.conll.gz"
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "test.conll"
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        sentences = list(read_conll(plain))[:most]
    words = [tuple(sentence.words) for sentence in sentences]
    states = WordStates(states_of(spec)).read(words, keep=False)
    best = best_tags(head.log_probabilities(joined(states)), list(map(len, words)), head.classes)
    kept = {tag[2:] for tag in head.classes if tag != "O"}
    gold = [tuple(span for span in sentence.entities or () if span.label in kept) for sentence in sentences]
    return count_spans(zip(gold, tagged_spans(best, list(map(len, words)), head.classes), strict=True))


def measured(database: Database, pair: str, budget: int) -> dict[object, SpanCounts]:
    """Measure everything that may label the sentences of a pair; by title, or by weights of the vote."""
    target = pair.split("-")[1]
    voting_taggers.train_without(database, target, budget)
    head = voting_taggers.head_of(pair)
    itself = plan_recipe(database, parse_recipe(head))
    run_plan(database, itself)
    together = plan_recipe(database, parse_recipe(f'{head}\n[vote]\ntaggers = ["self", "trained:without-{target}"]\n'))
    run_plan(database, together)
    with database.read() as connection:
        (projection,), (alone,), (own,) = together.projections, together.unrevised, itself.projections
        stage = projection.step
        sentences = [sentence for block in read_sentences(connection, alone) for sentence in block]
        side = other(stage.labelled)
        words = [tuple(w) for w in read_side_words(connection, [sentence.key for sentence in sentences], side)]
        opinion = Voters(stage.spec, stage.input_ids, stage.mapping, {}).ask(
            connection, projection.pair.corpus_id, words
        )
        content = read_artifact(connection, stage.input_ids[EVIDENCE], projection.pair.corpus_id)
        projected = tag_places(words, [sentence.predicted for sentence in sentences], opinion.tags)
        voted = Voted(words, [sentence.gold for sentence in sentences], opinion, content, projected)
        scores: dict[object, SpanCounts] = {
            MODEL: voted.decoded(opinion.parts[1]),
            PROJECTION: read_counts(connection, alone),
            ITSELF: read_counts(connection, own),
            TOGETHER: read_counts(connection, projection),
            UNLEARNED: voted.score(*OURS, learned=False),
            HERE_ONLY: voted.score(*OURS, forms=False),
        }
    return scores | {weights: voted.score(*weights) for weights in GRID}


def report_alone(scores: dict[str, SpanCounts], console: Console) -> None:
    """Print the languages without a translation."""
    table = Table(MODEL, *scores, "mean", title="no translation: F1 on test sentences, 95 % interval")
    values = [100 * counts.micro().f1 for counts in scores.values()]
    intervals = [bootstrap_interval(counts) for counts in scores.values()]
    cells = [f"{value:.1f}\n{100 * i.low:.0f} – {100 * i.high:.0f}" for value, i in zip(values, intervals, strict=True)]
    table.add_row("", *cells, f"{np.mean(values):.1f}")
    console.print(table)


def report_pairs(scores: dict[str, dict[object, SpanCounts]], console: Console) -> None:
    """Print the six pairs, and the weights that the other five choose."""
    table = Table("F1, 95 % interval", *scores, "mean", title="with a translation")
    for title in (MODEL, PROJECTION, ITSELF, UNLEARNED, HERE_ONLY, TOGETHER):
        _row(table, title, [own[title] for own in scores.values()])
    chosen = {lang: _chosen(scores, lang) for lang in scores}
    _row(table, "both vote, weights chosen on the other five", [scores[lang][chosen[lang]] for lang in scores])
    table.add_row("these weights: own tagger, projection", *(f"{own:g}, {p:g}" for own, p in chosen.values()))
    for title in (MODEL, PROJECTION):
        pairs = [(own[TOGETHER], own[title]) for own in scores.values()]
        differences = [paired_difference(*pair) for pair in pairs]
        cells = [f"{100 * d.value:+.1f}\n{100 * d.low:+.1f} – {100 * d.high:+.1f}" for d in differences]
        table.add_row(f"both vote, less {title}", *cells, f"{100 * np.mean([d.value for d in differences]):+.1f}")
    console.print(table)
    means = {weights: np.mean([own[weights].micro().f1 for own in scores.values()]) for weights in GRID}
    print("means:", ", ".join(f"{own:g}, {p:g}: {100 * mean:.1f}" for (own, p), mean in means.items()))


def _chosen(scores: dict[str, dict[object, SpanCounts]], left_out: str) -> tuple[float, float]:
    """The weights that are best on the mean of the other pairs; the library's, if others are as good."""
    others = [own for lang, own in scores.items() if lang != left_out]
    return max(GRID, key=lambda weights: np.mean([own[weights].micro().f1 for own in others]))


def _row(table: Table, title: str, counts: list[SpanCounts]) -> None:
    intervals = [bootstrap_interval(own) for own in counts]
    cells = [f"{100 * i.value:.1f}\n{100 * i.low:.0f} – {100 * i.high:.0f}" for i in intervals]
    table.add_row(title, *cells, f"{100 * np.mean([own.micro().f1 for own in counts]):.1f}")


if __name__ == "__main__":
    main()
