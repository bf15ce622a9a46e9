"""Training a head, here and in ``transformers.Trainer``: ``python benchmarks/train_speed.py [--train N] [--test N]``.

The same network on the same cached states of Hausa words (MasakhaNER 2.0, from ``$XPROJDB_DATA`` or
``../shared/data``): 200 steps of 1,024 words, AdamW, one-cycle learning rate. Prints CPU seconds and F1 of both; needs
``pip install accelerate``.
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
from transformers import Trainer, TrainingArguments

from xprojdb.models.store import canonical_id, resolve
from xprojdb.readers.columns.conll import read_conll
from xprojdb.steps.train.entities import count_entities, entity_examples, f1_of, find_entities
from xprojdb.steps.train.items import LabelledSentence
from xprojdb.training.decoding import iob2_tags
from xprojdb.training.fitting import Examples, FitSettings, fit_head, moments
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf, WordStates

DATA = Path(os.environ.get("XPROJDB_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "masakhaner2"
LABELS = ("LOC", "ORG", "PER")
TAGS = iob2_tags(LABELS)


def main() -> None:
    """Train both ways three times, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=300, help="sentences to learn from")
    parser.add_argument("--test", type=int, default=300, help="sentences to measure on")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = canonical_id("e5-small")
    states = WordStates(StatesOf(model, resolve(model).revision, 8))
    learned, measured = sentences("train", args.train), sentences("test", args.test)
    examples = entity_examples(learned, states, LABELS)
    list(states.prepare([entry.words for entry in measured]))
    for seed in range(3):
        for name, fit in (("xprojdb", ours), ("Trainer", theirs)):
            begin = time.process_time()
            head = fit(examples, seed)
            cost = time.process_time() - begin
            print(f"{name:8} seed {seed}: {cost:6.2f} CPU s, F1 {f1(head, states, measured):.1f}")


def sentences(split: str, most: int) -> list[LabelledSentence]:
    """The first sentences of a split."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hau.conll"
        path.write_bytes(gzip.decompress((DATA / f"hau.{split}.conll.gz").read_bytes()))
        records = list(islice(read_conll(path), most))
    kept = [(record.words, tuple(span for span in record.entities or () if span.label in LABELS)) for record in records]
    return [LabelledSentence(tuple(words), spans, (1.0,) * len(spans)) for words, spans in kept]


def ours(examples: Examples, seed: int) -> Head:
    """Train as ``xprojdb train`` does."""
    return fit_head(examples, TAGS, FitSettings(seed=seed)).head


class Net(torch.nn.Module):
    """The same network for ``Trainer``."""

    def __init__(self, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("scale", torch.tensor(scale))
        nn = torch.nn
        self.layers = nn.Sequential(
            nn.Linear(len(mean), 128), nn.GELU(approximate="tanh"), nn.Dropout(0.2), nn.Linear(128, len(TAGS))
        )

    def forward(self, rows: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        scores = self.layers((rows - self.mean) / self.scale)
        return {"loss": torch.nn.functional.cross_entropy(scores, labels), "logits": scores}


class Rows(torch.utils.data.Dataset):
    """Words with their states and tags."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return {"rows": self.examples.rows[place].astype(np.float32), "labels": int(self.examples.classes[place])}


def theirs(examples: Examples, seed: int) -> Head:
    """Train with ``transformers.Trainer``, all else equal."""
    mean, scale = moments(examples.rows)
    settings = FitSettings(seed=seed)
    torch.manual_seed(seed)
    net = Net(mean, scale)
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.steps)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, max_steps=settings.steps, per_device_train_batch_size=settings.batch, seed=seed, use_cpu=True,
            report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True, max_grad_norm=0.0,
        )  # fmt: skip
        Trainer(net, arguments, train_dataset=Rows(examples), optimizers=(optimizer, schedule)).train()
    first, _, _, last = net.layers
    arrays = {"mean": mean, "scale": scale}
    for number, layer in ((1, first), (2, last)):
        arrays |= {f"weight{number}": layer.weight.detach().numpy(), f"bias{number}": layer.bias.detach().numpy()}
    return Head(TAGS, arrays, {})


def f1(head: Head, states: WordStates, measured: list[LabelledSentence]) -> float:
    """F1 on sentences, in percent."""
    entities = find_entities(head, states, [entry.words for entry in measured])
    return f1_of(count_entities([entry.spans for entry in measured], entities))


if __name__ == "__main__":
    main()
