"""Hashes of texts, names and hashes, which are the same on every machine, and of words, which are not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.digest import canonical_json
from xprojdb.exports.rows.stored_words import is_canonical

Hashes = NDArray[np.uint64]


def hash_text(text: str) -> int:
    """A 64-bit number."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def hash_texts(texts: Iterable[str]) -> Hashes:
    """The hashes of many texts."""
    # Copying a hash takes half as long as making one.
    empty, digests = hashlib.blake2b(digest_size=8), []
    for text in texts:
        own = empty.copy()
        own.update(text.encode("utf-8", "surrogatepass"))
        digests.append(own.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def hash_words(words: Sequence[str]) -> int:
    """Equal for equal words, in this process: Python's own hash has a key of its own in each."""
    return hash(canonical_json(list(words)).encode("utf-8", "surrogatepass")) % 2**64


def hash_stored(stored: Any) -> Hashes:
    """The same for words as they are stored, in JSON.

    :param stored: Arrow array of N texts.
    :returns: (N,)
    """
    texts = stored.view("binary").to_pylist()
    if not is_canonical(b"".join(texts)):
        texts = [text if is_canonical(text) else canonical_json(json.loads(text)).encode() for text in texts]
    return np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)


def hash_letters(words: Sequence[str]) -> int:
    """Equal for equal texts, regardless of how they are split into words, and of case."""
    return hash_text("".join("".join(words).split()).casefold())


def rehash(hashes: Hashes, salt: str) -> Hashes:
    """Other, independent hashes derived from hashes (the finalizer of SplitMix64).

    :param hashes: of any shape.
    :param salt: the same salt gives the same hashes.
    """
    mixed = hashes ^ np.uint64(hash_text(salt))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def fraction(hashes: Hashes) -> NDArray[np.float64]:
    """Hashes as numbers in [0, 1)."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53
