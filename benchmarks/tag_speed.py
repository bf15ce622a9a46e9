"""How fast tagging is: this library and transformers' own token-classification pipeline, with the same labels.

    python benchmarks/tag_speed.py [--sentences 400] [--model hub-id-or-folder]

Without a model, a head is fitted to multilingual-e5-small on gold labels of the corpus, which takes a minute.
Sentences are Europarl-NER's when it is in $XPROJDB_DATA or ../shared/data, and else the sample corpus'.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from align_speed import conll_words, corpus_files
from rich.console import Console
from rich.table import Table

from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.store import resolve
from xprojdb.models.taggers.token_classifier import ClassifierParams, TokenClassifier
from xprojdb.text.spans import Span, spans_from_tags

Spans = tuple[Span, ...]
FITTED_ON = 300


class Timed(NamedTuple):
    """Labels, and the CPU seconds that they took."""

    spans: list[Spans]
    seconds: float


def conll_tags(path: Path) -> list[list[str]]:
    """The tags of each sentence of a CoNLL file, its last column."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    return [[line.split()[-1] for line in block.splitlines() if line.strip()] for block in blocks if block.strip()]


def fitted_classifier(folder: Path, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> str:
    """E5-small with a linear layer that knows the tags of some words, by ridge regression."""
    import torch
    import transformers

    names = sorted({tag for entry in tags for tag in entry})
    encoder = Encoder("e5-small", "cpu")
    vectors = np.concatenate(encoder.word_vectors(sentences, encoder.layers)).astype(np.float64)
    wanted = np.eye(len(names))[[names.index(tag) for entry in tags for tag in entry]]
    inputs = np.column_stack([vectors, np.ones(len(vectors))])
    solved = np.linalg.solve(inputs.T @ inputs + np.eye(inputs.shape[1]), inputs.T @ wanted)
    result = resolve("e5-small")
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: n for n, name in enumerate(names)}}
    head = transformers.AutoModelForTokenClassification.from_pretrained(
        result.path_or_id, dtype=torch.float32, **labels
    )
    head.classifier.weight.data = torch.tensor(20 * solved[:-1].T, dtype=torch.float32)
    head.classifier.bias.data = torch.tensor(20 * solved[-1], dtype=torch.float32)
    head.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(result.path_or_id).save_pretrained(folder)
    return str(folder)


def pipeline_spans(model_id: str) -> Callable[[Sequence[Sequence[str]], int], list[Spans]]:
    """Tag with the pipeline, as one does: a word has the label of its first sub-word."""
    import transformers

    pipe = transformers.pipeline("token-classification", model=resolve(model_id).path_or_id, device="cpu")
    known = {tag if tag == "O" or "-" in tag else f"I-{tag}" for tag in pipe.model.config.id2label.values()}
    assert "O" in known

    def tag(sentences: Sequence[Sequence[str]], batch: int) -> list[Spans]:
        result = pipe([" ".join(words) for words in sentences], batch_size=batch, ignore_labels=[])
        return [_by_word(words, tokens) for words, tokens in zip(sentences, result, strict=True)]

    return tag


def _by_word(words: Sequence[str], tokens: Sequence[dict[str, Any]]) -> Spans:
    """Spans of words out of what the pipeline says of sub-words, which it places by characters."""
    first: dict[int, str] = {}
    for token in tokens:
        if token["end"] > token["start"]:
            first.setdefault(_word_at(words, token["end"] - 1), token["entity"])
    return spans_from_tags([first.get(place, "O") for place in range(len(words))])


def _word_at(words: Sequence[str], character: int) -> int:
    end = -1
    for place, word in enumerate(words):
        end += len(word) + 1
        if character < end + 1:
            return place
    return len(words) - 1


def clock() -> float:
    """Seconds of this process on the CPU, of all threads together: what others do on the machine does not count."""
    return time.process_time()


def timed(call: Callable[[], list[Spans]]) -> Timed:
    """Run something once."""
    start = clock()
    spans = call()
    return Timed(spans, clock() - start)


def report(calls: dict[str, Callable[[], list[Spans]]], count: int, rounds: int, title: str) -> Table:
    """The best of several rounds, in which the contenders take turns."""
    runs = [{name: timed(call) for name, call in calls.items()} for _ in range(rounds)]
    best = {name: min((run[name] for run in runs), key=lambda run: run.seconds) for name in calls}
    first = next(iter(best.values()))
    table = Table("what", "sentences/CPU s", "speed", "same labels as the first", "entities", title=title)
    for name, run in best.items():
        same = sum(a == b for a, b in zip(run.spans, first.spans, strict=True))
        entities = str(sum(map(len, run.spans)))
        speed = f"{first.seconds / run.seconds:.2f}"
        table.add_row(name, f"{count / run.seconds:.1f}", speed, f"{same} of {count}", entities)
    return table


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--model", help="a token classifier; by default one is fitted")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    corpus, path, _ = corpus_files()
    sentences, tags = conll_words(path), conll_tags(path)
    texts = sentences[: options.sentences]
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or fitted_classifier(Path(folder), sentences[-FITTED_ON:], tags[-FITTED_ON:])
        tagger = TokenClassifier(model, ClassifierParams("first"), "cpu")
        pipe = pipeline_spans(model)
        calls: dict[str, Callable[[], list[Spans]]] = {
            "pipeline, one at a time": lambda: pipe(texts, 1),
            "pipeline, batches of 32": lambda: pipe(texts, 32),
            "xprojdb": lambda: tagger.tag(texts),
        }
        title = f"{corpus}: {len(texts)} sentences, {options.model or 'e5-small with a fitted head'}, CPU"
        Console(width=120).print(report(calls, len(texts), options.rounds, title))


if __name__ == "__main__":
    main()
