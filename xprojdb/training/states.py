"""Word vectors of a frozen encoder, computed once and cached on disk as float16."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import platformdirs

from xprojdb.arrays import Halves, Singles
from xprojdb.digest import canonical_json
from xprojdb.file_names import file_name
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.shards import KEY, Shards

if TYPE_CHECKING:
    from xprojdb.models.encoders.encoder import Encoder

Words = Sequence[str]
Pooling = Literal["mean", "first"]
#: sentences that are encoded and written together
BLOCK = 1_000


@dataclass(frozen=True)
class StatesOf:
    """Identifies a set of word vectors.

    :param model: the encoder's full id.
    :param revision: its exact revision.
    :param layer: as in ``hidden_states``.
    :param pooling: how the vectors of subwords are combined into the vector of a word.
    :param precision: in which the encoder computes them.
    """

    model: str
    revision: str
    layer: int
    pooling: Pooling = "mean"
    precision: str = "float32"

    @property
    def folder(self) -> Path:
        """Their folder, under ``$XPROJDB_CACHE`` or the user's cache."""
        cache = os.environ.get("XPROJDB_CACHE")
        top = (Path(cache) if cache else platformdirs.user_cache_path("xprojdb")) / "states"
        revision = hashlib.sha256(f"{self.model}\0{self.revision}".encode()).hexdigest()[:16]
        precision = "" if self.precision == "float32" else f"-{self.precision}"
        return top / f"{file_name(Path(self.model).name)}-{revision}-layer-{self.layer}-{self.pooling}{precision}"


class WordStates:
    """Reads the word vectors of sentences, computing those that are not cached.

    :param what: the vectors to read.
    :param load: loads the encoder; called when it is first needed.
    :param handed: vectors that an earlier step of the run has computed.
    """

    def __init__(
        self, what: StatesOf, load: Callable[[StatesOf], Encoder] | None = None, handed: KeptStates | None = None
    ) -> None:
        self.what = what
        self.handed = handed
        self._load = load or load_encoder
        self._encoder: Encoder | None = None
        self._shards: Shards | None = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded on first use."""
        self._encoder = self._encoder or self._load(self.what)
        return self._encoder

    @property
    def width(self) -> int:
        """The number of dimensions of a vector."""
        return self._kept().width

    def unread(self, sentences: Sequence[Words]) -> list[Words]:
        """The distinct sentences whose vectors are not cached."""
        keys = [sentence_key(words) for words in sentences]
        return list({keys[place]: sentences[place] for place in self._kept().missing(keys)}.values())

    def missing(self, sentences: Sequence[Words]) -> int:
        """The number of distinct sentences whose vectors are not cached."""
        return len(self.unread(sentences))

    def prepare(self, sentences: Sequence[Words]) -> Iterator[int]:
        """Compute missing vectors in blocks, yielding the number of sentences in each block."""
        keys = [sentence_key(words) for words in sentences]
        missing = list({keys[place]: place for place in self._kept().missing(keys)}.values())
        for at in range(0, len(missing), BLOCK):
            block = missing[at : at + BLOCK]
            self._kept().add([keys[place] for place in block], self._computed([sentences[place] for place in block]))
            yield len(block)

    def read(self, sentences: Sequence[Words], *, keep: bool = True) -> list[Halves]:
        """The vectors of sentences: float16 (words, hidden) each, read-only, in memory while they are used.

        :param keep: whether what is computed is kept on disk.
        """
        keys = [sentence_key(words) for words in sentences]
        missing = self._kept().missing(keys)
        if missing and not keep:
            return self._with_computed(sentences, keys, missing)
        if missing:
            for _ in self.prepare(sentences):
                pass
        return self._kept().read(keys)

    def _with_computed(self, sentences: Sequence[Words], keys: Sequence[bytes], missing: Sequence[int]) -> list[Halves]:
        computed = dict(zip(missing, self._computed([sentences[place] for place in missing]), strict=True))
        kept = [place for place in range(len(keys)) if place not in computed]
        read = dict(zip(kept, self._kept().read([keys[place] for place in kept]), strict=True))
        return [computed[place] if place in computed else read[place] for place in range(len(keys))]

    def _kept(self) -> Shards:
        if self._shards is None:
            width = _width(self.what) or (self.handed.width if self.handed is not None else 0)
            self._shards = Shards(self.what.folder, width or self.encoder.hidden)
        return self._shards

    def _computed(self, sentences: Sequence[Words]) -> list[Halves]:
        """The vectors that another step of the run has kept, and those of the other sentences."""
        if self.handed is None:
            return self._encode(sentences)
        keys = [sentence_key(words) for words in sentences]
        lacking = [place for place, key in enumerate(keys) if key not in self.handed]
        encoded = iter(self._encode([sentences[place] for place in lacking]) if lacking else ())
        return [self.handed.read(key) if key in self.handed else next(encoded) for key in keys]

    def _encode(self, sentences: Sequence[Words]) -> list[Halves]:
        if self.what.pooling == "mean":
            vectors = self.encoder.word_vectors(sentences, self.what.layer)
        else:
            subwords = self.encoder.subword_vectors(sentences, self.what.layer)
            vectors = [
                _first(entry.vectors, entry.words, len(words)) for entry, words in zip(subwords, sentences, strict=True)
            ]
        return [half(rows) for rows in vectors]


def half(rows: Singles) -> Halves:
    """Vectors in half precision."""
    most = float(np.finfo(np.float16).max)
    return np.clip(rows, -most, most).astype(np.float16)


def sentence_key(words: Words) -> bytes:
    """The cache key of a sentence; equal for equal words."""
    return hashlib.sha256(canonical_json(list(words)).encode("utf-8", "surrogatepass")).digest()[:KEY]


def load_encoder(what: StatesOf) -> Encoder:
    """Load the encoder that computes the vectors, in exactly that revision.

    :raises ModelError: when it cannot be found, or has another revision.
    """
    from xprojdb.models.encoders.encoder import Encoder

    return Encoder(what.model, precision=what.precision, revision=what.revision)


def _width(what: StatesOf) -> int | None:
    """The width of the cached vectors; None if there are none."""
    for path in what.folder.glob("*.rows.npy"):
        try:
            return int(np.load(path, mmap_mode="r").shape[1])
        except (OSError, ValueError, EOFError, IndexError):
            continue
    return None


def _first(vectors: np.ndarray, words: np.ndarray, count: int) -> np.ndarray:
    rows = np.zeros((count, vectors.shape[1]), np.float32)
    present, first = np.unique(words, return_index=True)
    rows[present] = vectors[first]
    return rows
