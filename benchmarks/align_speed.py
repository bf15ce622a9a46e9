"""How fast word alignment is: this library, the simalign package, and the encoder's bare forward pass, in one run.

    python benchmarks/align_speed.py [--pairs 200] [--model e5-small] [--layer 7] [--methods itermax,softmax]

Sentence pairs are Europarl-NER's when it is in $XPROJDB_DATA or ../shared/data, and else the sample corpus'.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.aligners.encoder_params import METHODS, AlignerParams
from xprojdb.models.aligners.word_links import Links
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.store import resolve

ROOT = Path(__file__).resolve().parents[1]
SIMALIGN_NAMES = {"argmax": "inter", "itermax": "itermax", "mwmf": "mwmf"}
Pairs = list[tuple[list[str], list[str]]]
Row = tuple[str, str, str, str, str, str]


class Timed(NamedTuple):
    """A result, the seconds it took, and how many of them the encoder's layers did."""

    value: Any
    seconds: float
    forward: float


class ForwardClock:
    """Adds up the time that an encoder spends in its layers."""

    def __init__(self, encoder: Encoder) -> None:
        self.seconds = 0.0
        self._encoder, self._states = encoder, encoder._states
        encoder._states = self  # type: ignore[assignment]

    def __call__(self, ids: Any, mask: Any, layer: int) -> Any:
        start = time.perf_counter()
        result = self._states(ids, mask, layer)
        if self._encoder.device.type == "cuda":
            self._encoder._torch.cuda.synchronize()
        self.seconds += time.perf_counter() - start
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._states, name)


def timed(call: Callable[[], Any], clock: ForwardClock) -> Timed:
    """Run something once."""
    before, start = clock.seconds, time.perf_counter()
    value = call()
    return Timed(value, time.perf_counter() - start, clock.seconds - before)


def conll_words(path: Path) -> list[list[str]]:
    """The words of each sentence of a CoNLL file, its first column."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    return [[line.split()[0] for line in block.splitlines() if line.strip()] for block in blocks if block.strip()]


def corpus_files() -> tuple[str, Path, Path]:
    """A name, and two line-parallel CoNLL files."""
    for data in (Path(os.environ.get("XPROJDB_DATA", "")), ROOT.parent / "shared" / "data"):
        folder = data / "europarl-ner"
        if folder.is_dir():
            return "Europarl-NER en-de", folder / "en-europarl.test.conll02", folder / "de-europarl.test.conll02"
    files = sorted((ROOT / "xprojdb" / "corpora" / "sample").glob("*.conll"))
    if len(files) < 2:
        raise SystemExit("no Europarl-NER in $XPROJDB_DATA, and no sample corpus of two languages")
    return f"sample {files[0].stem} - {files[1].stem}", files[0], files[1]


def sentence_pairs(count: int) -> tuple[str, Pairs]:
    """A name, and the first pairs of the corpus; not repeated when they are few: equal sentences are encoded once."""
    name, left, right = corpus_files()
    return name, list(zip(conll_words(left), conll_words(right), strict=True))[:count]


def simalign_links(encoder: Encoder, pairs: Pairs, params: AlignerParams) -> Callable[[], list[list[tuple[int, int]]]]:
    """A call that aligns with the simalign package, one pair at a time, which is all it does."""
    import simalign  # type: ignore[import-untyped]

    name = SIMALIGN_NAMES[params.method]
    letter = {"inter": "a", "itermax": "i", "mwmf": "m"}[name]
    aligner = simalign.SentenceAligner(
        model=resolve(encoder.model_id).path_or_id,
        token_type="word" if params.pooling == "word" else "bpe",
        matching_methods=letter,
        device=str(encoder.device),
        layer=params.layer,
    )
    return lambda: [aligner.get_word_aligns(left, right)[name] for left, right in pairs]


def identical(ours: list[Links], theirs: list[list[tuple[int, int]]]) -> str:
    """How many pairs have the same links."""
    same = sum(list(map(tuple, mine.pairs.tolist())) == other for mine, other in zip(ours, theirs, strict=True))
    return f"{same} of {len(ours)}"


def rows(encoder: Encoder, clock: ForwardClock, pairs: Pairs, params: AlignerParams, rounds: int) -> Iterator[Row]:
    """Table rows of one method: the best of several rounds, in which the contenders take turns."""
    aligner = EncoderAligner(encoder, params)
    contenders: dict[str, Callable[[], Any]] = {"xprojdb": lambda: aligner.align(pairs)}
    if params.method in SIMALIGN_NAMES:
        contenders["simalign"] = simalign_links(encoder, pairs, params)
    runs = [{name: timed(call, clock) for name, call in contenders.items()} for _ in range(rounds)]
    best = {name: min((run[name] for run in runs), key=lambda run: run.seconds) for name in contenders}
    ours = best["xprojdb"]
    beyond = f"{1 - ours.forward / ours.seconds:.1%}"

    def speed(seconds: float) -> tuple[str, str]:
        return f"{len(pairs) / seconds:.1f}", f"{ours.seconds / seconds:.2f}"

    yield params.method, "bare forward pass", *speed(ours.forward), "", ""
    yield params.method, "xprojdb", *speed(ours.seconds), beyond, ""
    if "simalign" in best:
        theirs = best["simalign"]
        yield params.method, "simalign", *speed(theirs.seconds), "", identical(ours.value, theirs.value)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--model", default="e5-small")
    parser.add_argument("--layer", type=int, default=7)
    parser.add_argument("--pooling", default="word", choices=["word", "subword"])
    parser.add_argument("--methods", default="itermax,softmax", help=f"of {','.join(METHODS)}")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    name, pairs = sentence_pairs(options.pairs)
    encoder = Encoder(options.model, options.device, options.precision)
    encoder.word_vectors([words for pair in pairs[:8] for words in pair], options.layer)
    clock = ForwardClock(encoder)
    where = f"{encoder.device}, {encoder._torch.get_num_threads()} threads"
    table = Table("method", "what", "pairs/s", "speed to xprojdb's", "beyond forward", "same links as xprojdb")
    table.title = f"{name}: {len(pairs)} pairs, {options.model} layer {options.layer}, {options.pooling}, {where}"
    for method in options.methods.split(","):
        params = AlignerParams(method=method, layer=options.layer, pooling=options.pooling)
        for row in rows(encoder, clock, pairs, params, options.rounds):
            table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
