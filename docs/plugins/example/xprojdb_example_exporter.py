"""An exporter: one sentence per line, its entities in brackets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.plugins import WrittenFile


class Brackets:
    """Write LANG.SPLIT.txt into FOLDER: one sentence per line, its entities in brackets."""

    name = "brackets"
    provenance = False
    options: ClassVar[dict[str, Any]] = {}

    def write(self, folder: Path, content: Any, opener: Any) -> Iterator[WrittenFile]:
        path, sentences = folder / content.file_name(".txt"), 0
        with opener(path) as file:
            for row in content.rows():
                file.write(f"{bracketed(row.words, row.spans)}\n".encode())
                sentences += 1
        yield WrittenFile(path, sentences, file.sha256)


def bracketed(words: Any, spans: Any) -> str:
    """The words of a sentence, with ``[… LABEL]`` around each entity."""
    parts = list(words)
    for start, end, label in spans:
        parts[start] = f"[{parts[start]}"
        parts[end - 1] = f"{parts[end - 1]} {label}]"
    return " ".join(parts)
