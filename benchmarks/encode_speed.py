"""Encoding for training against the bare forward pass: ``python benchmarks/encode_speed.py [--sentences N]``.

The states of words of Hausa sentences (MasakhaNER 2.0, from ``$XPROJDB_DATA`` or ``../shared/data``) at layer 8, once
as a training prepares them (split into sub-words, encoded, averaged over words, written to disk), and once the encoder
alone on the same batches of ids. Both in turn, three times, on one thread; prints CPU seconds and their ratio.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.store import canonical_id, resolve
from xprojdb.readers.columns.conll import read_conll
from xprojdb.training.states import StatesOf, WordStates

DATA = Path(os.environ.get("XPROJDB_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "masakhaner2"
LAYER = 8


def main() -> None:
    """Encode both ways, three times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=400)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = canonical_id("e5-small")
    encoder = Encoder(model, device="cpu")
    words = sentences(args.sentences)
    batches = recorded(encoder, words)
    ratios = []
    for _ in range(3):
        bare = cpu(lambda: run_bare(encoder, batches))
        whole = cpu(lambda: prepare(encoder, model, words))
        ratios.append(whole / bare)
        print(f"bare {bare:5.2f}, with words and disk {whole:5.2f} CPU s: {ratios[-1]:.2f} times")
    print(f"median {np.median(ratios):.2f} times, {len(words)} sentences")


def sentences(most: int) -> list[tuple[str, ...]]:
    """The first training sentences, each once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hau.conll"
        path.write_bytes(gzip.decompress((DATA / "hau.train.conll.gz").read_bytes()))
        return list(dict.fromkeys(tuple(record.words) for record in islice(read_conll(path), most)))


def recorded(encoder: Encoder, words: list[tuple[str, ...]]) -> list[tuple[Any, Any]]:
    """The batches that the encoder reads for these sentences."""
    batches = []
    inner = encoder._states

    def record(ids: Any, mask: Any, layer: int) -> Any:
        batches.append((ids.clone(), mask.clone()))
        return inner(ids, mask, layer)

    record.hidden, record.layers = inner.hidden, inner.layers  # type: ignore[attr-defined]
    encoder._states = record  # type: ignore[assignment]
    encoder.word_vectors(words, LAYER)
    encoder._states = inner
    return batches


def run_bare(encoder: Encoder, batches: list[tuple[Any, Any]]) -> None:
    """The forward pass alone."""
    with torch.inference_mode():
        for ids, mask in batches:
            encoder._states(ids, mask, LAYER)


def prepare(encoder: Encoder, model: str, words: list[tuple[str, ...]]) -> None:
    """What a training does, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XPROJDB_CACHE"] = folder
        states = WordStates(StatesOf(model, encoder.revision, LAYER), lambda _: encoder)
        list(states.prepare(words))


def cpu(work: Any) -> float:
    """CPU seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    resolve("e5-small")
    main()
