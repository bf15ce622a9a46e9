"""Write labelled sentences as spaCy's ``DocBin`` files, which ``spacy train`` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from xprojdb.exports.atomic import Opener, atomic_file
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.sentences import ExportRow
from xprojdb.extras import require
from xprojdb.text.words import join_words

#: a DocBin is held in memory: about 100 MiB for this many sentences
DOCS_PER_FILE = 50_000


def write_docbins(
    folder: Path,
    rows: Iterable[ExportRow],
    lang: str,
    *,
    docs_per_file: int = DOCS_PER_FILE,
    opener: Opener = atomic_file,
) -> Iterator[WrittenFile]:
    """Write ``0000.spacy``, ``0001.spacy`` and so on; ``spacy train --paths.train FOLDER`` takes the folder.

    Each sentence is a ``Doc`` with its words, the spaces between them as the language sets them, its entities, and
    ``user_data``: ``id``, the further columns but the text and its entities, and ``annotations``: who made each label.

    :param folder: an existing folder.
    :param lang: determines the spacing; spaCy need not know the language, since the vocabulary is that of ``xx``.
    :param opener: creates the files.
    :returns: yields each file once it is written, before the next one is started.
    :raises MissingExtra: when spaCy is not installed.
    :raises ExportError: when the disk is full (field ``errno``).
    """
    tokens = require("spacy.tokens", "spacy")
    vocab = require("spacy", "spacy").blank("xx").vocab
    pack = require("srsly.msgpack", "spacy").Packer(use_bin_type=True).pack
    rows, number = iter(rows), 0
    while batch := list(islice(rows, docs_per_file)):
        docs = (_doc(tokens, vocab, row, lang) for row in batch)
        together = tokens.DocBin(attrs=["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE"], docs=docs)
        # Packed here: DocBin looks for plugins of the packer anew for each document, nine tenths of the whole time.
        together.store_user_data, together.user_data = True, [pack(_user_data(row)) for row in batch]
        path = folder / f"{number:04d}.spacy"
        with opener(path) as file:
            file.write(together.to_bytes())
        yield WrittenFile(path, len(batch), file.sha256)
        number += 1


def _user_data(row: ExportRow) -> dict[str, Any]:
    """What is kept with a document, apart from what it says itself."""
    own = {name: value for name, value in row.columns.items() if name not in ("text", "entities")}
    if "entities" in row.columns:
        own["annotations"] = [entity["annotation"] for entity in row.columns["entities"]]
    return {"id": row.id, **own}


def _doc(tokens: Any, vocab: Any, row: ExportRow, lang: str) -> Any:
    words = list(row.words)
    text, offsets = join_words(words, lang, verbatim=True)
    ends = [offset + len(word) for offset, word in zip(offsets, words, strict=True)]
    doc = tokens.Doc(vocab, words=words, spaces=[text[end : end + 1] == " " for end in ends])
    doc.set_ents([tokens.Span(doc, start, end, label=label) for start, end, label in row.spans], default="outside")
    return doc
