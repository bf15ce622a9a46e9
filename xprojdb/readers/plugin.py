"""What a reader is to imports: plug-ins of the group ``xprojdb.readers`` are objects of this kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from xprojdb.readers.conll import read_conll
from xprojdb.readers.json_lines import read_jsonl
from xprojdb.readers.parquet import read_parquet
from xprojdb.readers.records import Record
from xprojdb.readers.text import read_text


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    :param read: called with the path and the reader's options, returns the records in file order.
    :param suffixes: of the files that are read so when nobody says how, such as ``".conll"``.
    :param needs_language: whether it has an option ``language``, the code of the sentences' language.
    """

    read: Callable[..., Iterator[Record]]
    suffixes: tuple[str, ...] = ()
    needs_language: bool = False

    def options(self, code: str) -> dict[str, Any]:
        """The options that it is always given."""
        return {"language": code} if self.needs_language else {}


conll = Reader(read_conll, (".conll", ".conll02", ".conll03", ".bio", ".iob", ".iob2", ".tsv"))
text = Reader(read_text, (".txt",), needs_language=True)
jsonl = Reader(read_jsonl, (".jsonl",), needs_language=True)
parquet = Reader(read_parquet, (".parquet",))
