"""Parallel sentences of random words, for benchmarks that need many and not their meaning."""

from __future__ import annotations

import random
from pathlib import Path


def write_sentences(folder: Path, count: int, seed: int) -> list[str]:
    """Two parallel CoNLL files of random words, some of them entities; returns what the import is told."""
    chance = random.Random(seed)
    lines: dict[str, list[str]] = {"en": [], "de": []}
    for _ in range(count):
        words = ["".join(chance.choices("aeinorst", k=chance.randint(2, 6))) for _ in range(chance.randint(5, 20))]
        tags = ["B-PER" if chance.random() < 0.1 else "O" for _ in words]
        lines["en"] += [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)] + ["\n"]
        lines["de"] += [f"{word}\tO\n" for word in chance.sample(words, len(words))] + ["\n"]
    for lang, rows in lines.items():
        (folder / f"{lang}.conll").write_text("".join(rows), encoding="utf-8")
    return [f"{lang}={folder / lang}.conll" for lang in lines]
