"""How the library's default projects spans that are no names, or stand in long texts:
``python benchmarks/other_spans.py [--world NAME …] [--sentences 300]``.

The gold entities of Europarl-NER, from English onto German, Spanish and Italian, rewritten on all sides alike: in lower
case; one of them in each sentence, or in each paragraph of six sentences, as the answer to a question is; with the
article that it has in all languages, as noun phrases are annotated. Reads ``$XPROJDB_DATA`` or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

import xprojdb
from xprojdb.readers.columns.conll import read_conll
from xprojdb.text.spans import Span, tags_from_spans

SOURCE, TARGETS = "en", ("de", "es", "it")
LANGUAGES = (SOURCE, *TARGETS)
ARTICLES = {
    "en": "the a an",
    "de": "der die das den dem des ein eine einen einem einer eines",
    "es": "el la los las un una unos unas",
    "it": "il lo la i gli le l' un uno una un'",
}
PARAGRAPH = 6


class Sample(NamedTuple):
    """A text in all languages: words and spans of each, in the order of the languages."""

    words: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[Span, ...], ...]


World = Callable[[list[Sample]], list[Sample]]


def as_they_are(samples: list[Sample]) -> list[Sample]:
    return samples


def with_article(samples: list[Sample]) -> list[Sample]:
    """One span of each text, with the article that it has in all languages."""
    articles = [set(ARTICLES[lang].split()) for lang in LANGUAGES]
    wider = [
        Sample(one.words, tuple(map(_with_article, one.words, one.spans, articles))) for one in one_each(samples)
    ]  # fmt: skip
    return [new for old, new in zip(one_each(samples), wider, strict=True) if _all_differ(old, new)]


def clauses(samples: list[Sample]) -> list[Sample]:
    """What stands between two punctuation marks around a name, in texts that have as many marks in all languages."""
    return [
        _around(one, answer)
        for one in one_each(samples)
        for answer in [_clauses(one)]
        if len(set(map(len, answer))) == 1
    ]


def in_lower_case(samples: list[Sample]) -> list[Sample]:
    return [
        Sample(tuple(tuple(map(str.lower, words)) for words in sample.words), sample.spans) for sample in samples
    ]  # fmt: skip


def one_each(samples: list[Sample]) -> list[Sample]:
    """One span of each text: the longest whose label no other span has, in any language."""
    return [answer for sample in samples if (answer := _answer(sample))]


def paragraphs(samples: list[Sample]) -> list[Sample]:
    return one_each([_joined(samples[at : at + PARAGRAPH]) for at in range(0, len(samples), PARAGRAPH)])


WORLDS: dict[str, World] = {
    "names": as_they_are,
    "in lower case": in_lower_case,
    "one answer a sentence": one_each,
    "with its article": with_article,
    "the same in lower case": lambda samples: in_lower_case(with_article(samples)),
    "one answer a paragraph": paragraphs,
    "one clause a sentence": clauses,
}
METHODS = {
    "default": {},
    "links alone": {"project": {"weights": "scorers"}},
    "heuristic": {"project": {"method": "heuristic"}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", action="append", choices=tuple(WORLDS))
    parser.add_argument("--sentences", type=int, default=799)
    args = parser.parse_args()
    samples = read_samples(args.sentences)
    table = Table("F1, 95 % interval", "", *TARGETS, "mean")
    for name in args.world or WORLDS:
        world = WORLDS[name](samples)
        spans = sum(len(sample.spans[0]) for sample in world)
        title = f"{name}: {len(world)} texts, {spans} spans"
        with tempfile.TemporaryDirectory() as folder:
            for method, rows in projected(world, Path(folder)).items():
                mean = sum(row["f1"] for row in rows) / len(rows)
                table.add_row(title, method, *map(_text, rows), f"{100 * mean:.1f}")
                title = ""
        table.add_section()
    Console(width=130).print(table)


def read_samples(most: int) -> list[Sample]:
    """The first sentences of Europarl-NER."""
    folder = Path(os.environ.get("XPROJDB_DATA") or "../shared/data") / "europarl-ner"
    sides = [read_conll(folder / f"{lang}-europarl.test.conll02") for lang in LANGUAGES]
    aligned = islice(zip(*sides, strict=True), most)
    return [Sample(tuple(own.words for own in row), tuple(own.entities or () for own in row)) for row in aligned]


def projected(samples: Sequence[Sample], folder: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The scores of each method on each target language."""
    files = {lang: written(samples, number, folder / f"{lang}.jsonl") for number, lang in enumerate(LANGUAGES)}
    scores = {}
    with xprojdb.open(folder / "spans.db", create=True) as database:
        database.import_parallel("spans", files)
        for method, tables in METHODS.items():
            recipe = xprojdb.Recipe(name="spans", corpora=["spans"], source=[SOURCE], target=list(TARGETS), **tables)
            database.run(recipe)
            rows = database.evaluate("spans").to_dict()
            found = {row["target"]: row for row in rows if row["label"] == "all"}
            scores[method] = [found[lang] for lang in TARGETS]
    return scores


def written(samples: Sequence[Sample], number: int, path: Path) -> Path:
    """The texts of one language as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for at, (words, spans) in enumerate((sample.words[number], sample.spans[number]) for sample in samples):
            tags = tags_from_spans(len(words), spans)
            file.write(json.dumps({"id": str(at), "words": words, "tags": tags}) + "\n")
    return path


def _with_article(words: Sequence[str], spans: Sequence[Span], articles: Set[str]) -> tuple[Span, ...]:
    ends = {span.end for span in spans}
    return tuple(
        span._replace(start=span.start - 1)
        if span.start and span.start not in ends and words[span.start - 1].lower() in articles
        else span
        for span in spans
    )


def _all_differ(old: Sample, new: Sample) -> bool:
    return all(one != other for one, other in zip(old.spans, new.spans, strict=True))


def _answer(sample: Sample) -> Sample | None:
    counts = [Counter(span.label for span in spans) for spans in sample.spans]
    alone = [span for span in sample.spans[0] if all(count[span.label] == 1 for count in counts)]
    if not alone:
        return None
    label = max(alone, key=lambda span: span.end - span.start).label
    chosen = (next(span for span in spans if span.label == label) for spans in sample.spans)
    return Sample(sample.words, tuple((span._replace(label="ANSWER"),) for span in chosen))


def _clauses(sample: Sample) -> list[list[Span]]:
    """The stretches between punctuation marks, of each language."""
    found = []
    for words in sample.words:
        marks = [at for at, word in enumerate(words) if not any(map(str.isalnum, word))]
        edges = zip([-1, *marks], [*marks, len(words)], strict=True)
        found.append([Span(start + 1, end, "ANSWER") for start, end in edges if end > start + 1])
    return found


def _around(sample: Sample, found: list[list[Span]]) -> Sample:
    """The clause of the English name, and that at its place in the other languages."""
    name = sample.spans[0][0]
    at = next(i for i, clause in enumerate(found[0]) if clause.start <= name.start < clause.end)
    return Sample(sample.words, tuple((own[at],) for own in found))


def _joined(samples: Sequence[Sample]) -> Sample:
    words: list[tuple[str, ...]] = []
    spans: list[tuple[Span, ...]] = []
    for number in range(len(LANGUAGES)):
        starts = accumulate((len(sample.words[number]) for sample in samples), initial=0)
        words.append(tuple(chain.from_iterable(sample.words[number] for sample in samples)))
        spans.append(tuple(
            Span(start + span.start, start + span.end, span.label)
            for start, sample in zip(starts, samples, strict=False)
            for span in sample.spans[number]
        ))  # fmt: skip
    return Sample(tuple(words), tuple(spans))


def _text(row: Mapping[str, Any]) -> str:
    return f"{100 * row['f1']:.1f} ({100 * row['f1_low']:.0f} – {100 * row['f1_high']:.0f})"


if __name__ == "__main__":
    main()
