"""The sample corpus that ships with the package: parallel news-like sentences with gold entities."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

LANGUAGES = ("en", "de", "es", "sw")
SPLITS = ("train", "validation", "test")


def sample_file(lang: str, split: str) -> Path:
    """The CoNLL file of one language and split; the files of a split are parallel line by line.

    :param lang: one of :data:`LANGUAGES`.
    :param split: one of :data:`SPLITS`.
    """
    return Path(str(files("xprojdb.readers"))) / "sample" / f"{lang}.{split}.conll"
