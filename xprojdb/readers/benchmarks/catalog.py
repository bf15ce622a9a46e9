"""The benchmarks that can be imported by name, with their languages, licenses, citations and published layouts."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xprojdb.errors import UsageError
from xprojdb.text.languages import languages

TableFormat = Literal["conll", "parquet"]

#: split names of xprojdb → their names in files
_PLAIN = {"train": "train", "validation": "dev", "test": "test"}
_HUB = {"train": "train", "validation": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which the files of a benchmark are arranged in a folder.

    :param pattern: of file paths in the folder, with ``{lang}`` and ``{split}``; ``*`` matches anything but a slash.
    :param splits: names of splits in the pattern, by their names in xprojdb.
    :param reading: options of the reader.
    """

    pattern: str
    splits: Mapping[str, str]
    format: TableFormat = "conll"
    reading: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published data set with gold labels.

    :param name: the name by which published scores are looked up.
    :param langs: its languages, as its files name them.
    :param scheme: the name of its label scheme.
    :param layouts: in the order in which they are tried.
    :param hub: its name on the Hub, if it is available there as Parquet.
    :param revision: the revision there with Parquet files.
    :param parallel: whether its languages have the same sentences, line by line.
    """

    name: str
    title: str
    langs: Sequence[str]
    scheme: str
    license: str | None
    citation: str
    url: str
    layouts: Sequence[Layout]
    hub: str | None = None
    revision: str | None = None
    parallel: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that any layout has, in the usual order."""
        return tuple(split for split in _HUB if any(split in layout.splits for layout in self.layouts))


def _masakhaner_layouts() -> tuple[Layout, ...]:
    return (
        Layout("{lang}/{split}.txt", _PLAIN),
        Layout("data/{lang}/{split}.txt", _PLAIN),
        Layout("{lang}/{split}/*.parquet", _HUB, "parquet"),
        Layout("{lang}/{split}-*.parquet", _HUB, "parquet"),
    )


def _panx_layouts() -> tuple[Layout, ...]:
    prefixed = {"strip_language_prefix": True}
    return (
        Layout("{lang}/{split}", _PLAIN, "conll", prefixed),
        Layout("PAN-X.{lang}/{split}-*.parquet", _HUB, "parquet"),
        Layout("PAN-X.{lang}/{split}/*.parquet", _HUB, "parquet"),
    )


def _conll_layouts() -> tuple[Layout, ...]:
    return (
        Layout("eng.{split}", {"train": "train", "validation": "testa", "test": "testb"}),
        Layout("conll2003/{split}/*.parquet", _HUB, "parquet"),
        Layout("conll2003/{split}-*.parquet", _HUB, "parquet"),
    )


_ALL = (
    Benchmark(
        "masakhaner2",
        "MasakhaNER 2.0",
        [language.masakhaner for language in languages() if language.masakhaner],
        "masakhaner",
        "CC-BY-NC-4.0",
        "Adelani et al. 2022: MasakhaNER 2.0: Africa-centric Transfer Learning for Named Entity Recognition. EMNLP.",
        "https://github.com/masakhane-io/masakhane-ner",
        _masakhaner_layouts(),
        "masakhane/masakhaner2",
        "refs/convert/parquet",
    ),
    Benchmark(
        "masakhaner",
        "MasakhaNER",
        ["amh", "hau", "ibo", "kin", "lug", "luo", "pcm", "swa", "wol", "yor"],
        "masakhaner",
        "CC-BY-NC-4.0",
        "Adelani et al. 2021: MasakhaNER: Named Entity Recognition for African Languages. TACL 9.",
        "https://github.com/masakhane-io/masakhane-ner",
        _masakhaner_layouts(),
        "masakhane/masakhaner",
        "refs/convert/parquet",
    ),
    Benchmark(
        "pan-x",
        "PAN-X (WikiANN in XTREME)",
        [language.panx for language in languages() if language.panx],
        "wikiann",
        None,
        "Pan et al. 2017: Cross-lingual Name Tagging and Linking for 282 Languages. ACL; splits of Rahimi et al. 2019, "
        "in Hu et al. 2020: XTREME. ICML.",
        "https://github.com/google-research/xtreme",
        _panx_layouts(),
        "google/xtreme",
        "main",
    ),
    Benchmark(
        "europarl-ner",
        "Europarl-NER",
        ["en", "de", "es", "it"],
        "conll",
        None,
        "Agerri et al. 2018: Building Named Entity Recognition Taggers via Parallel Corpora. LREC.",
        "https://github.com/ixa-ehu/ner-evaluation-corpus-europarl",
        (Layout("{lang}-europarl.{split}.conll02", {"test": "test"}),),
        parallel=True,
    ),
    Benchmark(
        "conll2003",
        "CoNLL-2003, English",
        ["en"],
        "conll",
        None,
        "Tjong Kim Sang and De Meulder 2003: Introduction to the CoNLL-2003 Shared Task. CoNLL.",
        "https://www.clips.uantwerpen.be/conll2003/ner/",
        _conll_layouts(),
        "eriktks/conll2003",
        "refs/convert/parquet",
    ),
)
BENCHMARKS: Mapping[str, Benchmark] = {entry.name: entry for entry in _ALL}


def benchmark(name: str) -> Benchmark:
    """Look up a benchmark.

    :raises UsageError: when there is no such benchmark; the field ``known`` lists the existing ones.
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    close = difflib.get_close_matches(name.lower(), BENCHMARKS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(BENCHMARKS)}"
    raise UsageError(f"there is no benchmark {name!r}", hint=hint, name=name, known=tuple(BENCHMARKS))
