"""What the tests of step digests share: corpora of a sentence each, and models of which only the revision is known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from xprojdb import entry_points
from xprojdb.db import Database
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.models import store
from xprojdb.models.aligners import eflomal
from xprojdb.models.taggers import spacy, token_classifier
from xprojdb.models.translators import apertium
from xprojdb.text import segmentation

_MASAKHANER = (
    "bam", "ewe", "fon", "hau", "ibo", "kin", "lug", "luo", "mos", "nya", "sna", "swa", "tsn", "twi", "wol", "xho",
    "yor", "zul",
)  # fmt: skip
#: corpora, their languages, and whether these are parallel
_CORPORA: Sequence[tuple[str, Sequence[str], bool]] = (
    ("news", ("de", "en", "es", "it", "ja", "zh"), True),
    ("masakhaner2", _MASAKHANER, False),
    ("pan-x", ("de", "ja", "sw", "zh"), False),
    ("parallel", ("de", "en", "es", "it"), True),
    ("spanish", ("es",), False),
    ("europarl-ner", ("de", "en", "es", "it"), True),
    *((f"{left}-{right}", (left, right), True) for left, right in (("en", "lug"), ("en", "pcm"), ("en", "tsn"))),
    *((f"{left}-{right}", (left, right), True) for left, right in (("en", "yor"), ("fr", "bam"), ("fr", "ewe"))),
)
_SEGMENTERS = {"ja": "fugashi 1", "zh": "jieba 1", "th": "pythainlp 1"}
_FAKES: Sequence[tuple[ModuleType, str, Callable[..., Any]]] = (
    (store, "resolve", lambda model, revision=None: store.ResolvedModel(model, revision or "r1")),
    (spacy, "spacy_revision", lambda _name: "3.7.0"),
    (token_classifier, "classifier_labels", lambda _found, _model: ("O", "B-PER", "I-PER")),
    (eflomal, "eflomal_version", lambda: "2.0.0"),
    (segmentation, "segmenter_revision", _SEGMENTERS.get),
    (apertium, "revision_of", lambda _direction, _revision=None: "apertium 1"),
)


def pretend_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every model be there, with a revision of no machine's own."""
    for group in get_args(entry_points.Group):
        for plugin in entry_points.plugins(group).values():
            plugin.load()
    fakes = {getattr(module, name): fake for module, name, fake in _FAKES}
    for module in [entry for name, entry in sys.modules.items() if name.startswith("xprojdb")]:
        for name, value in _functions(module).items():
            if value in fakes:
                monkeypatch.setattr(module, name, fakes[value])


def _functions(module: ModuleType) -> Mapping[str, Any]:
    return {name: value for name, value in vars(module).items() if callable(value) and hasattr(value, "__code__")}


def import_corpora(database: Database, folder: Path) -> None:
    """A sentence in each language of each corpus."""
    for name, langs, parallel in _CORPORA:
        files = [corpus_file(_written(folder, name, lang), lang, form="conll", split="test") for lang in langs]
        for part in [files] if parallel else [[file] for file in files]:
            import_files(database, CorpusInfo(name), part, parallel=parallel)


def _written(folder: Path, name: str, lang: str) -> Path:
    path = folder / f"{name}.{lang}.conll"
    path.write_text("Anna\tB-PER\nsleeps\tO\n\n", encoding="utf-8")
    return path
