"""CoNLL-U with named entities in its last column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.exports.atomic import Opener
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content


class ConllU:
    """Write LANG.SPLIT.conllu, with tags such as NE=B-LOC in the last column, and who made the label."""

    name: ClassVar[str] = "conllu"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        yield write_texts(
            content, ".conllu", ((1, _sentence(sentence)) for sentence in placed_sentences(content)), folder, opener
        )


def _sentence(sentence: PlacedSentence) -> str:
    lines = [f"# sent_id = {sentence.id}", f"# split = {sentence.split}", f"# text = {sentence.text}"]
    made = {label.start: f"|Annotation={label.annotation}" for label in sentence.labels}
    rows = zip(sentence.words, sentence.ends, sentence.tags, strict=True)
    for number, (word, end, tag) in enumerate(rows, start=1):
        last = number == len(sentence.words)
        glued = "" if last or sentence.text[end : end + 1].isspace() else "|SpaceAfter=No"
        lines.append("\t".join([str(number), word, *"_______", f"NE={tag}{made.get(number - 1, '')}{glued}"]))
    return "\n".join(lines) + "\n\n"
