"""A sentence as annotation tools want it: a text, where its words stand in it, and labels on runs of words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.exports.atomic import Opener
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.conll import WrittenFile, write_lines
from xprojdb.exports.rows.content import Content
from xprojdb.exports.rows.raw_text import entities_of, placed
from xprojdb.exports.rows.sentences import ProjectedLabel, ProjectedSentence
from xprojdb.text.spans import tags_from_spans


@dataclass(frozen=True, slots=True)
class PlacedSentence:
    """A sentence to write.

    :param id: what ``xprojdb explain`` takes.
    :param words: not empty.
    :param text: that they stand in.
    :param starts: where each word begins in it, in code points.
    :param labels: in the order of their words.
    :param entities: the same by characters: start, end, label, text, score, margin, annotation.
    :param tags: IOB2.
    :param projected: whether a program made the labels.
    """

    id: str
    split: str
    words: list[str]
    text: str
    starts: list[int]
    labels: list[ProjectedLabel]
    entities: list[dict[str, Any]]
    tags: list[str]
    projected: bool
    step: str
    sources: tuple[str, ...]

    @property
    def ends(self) -> list[int]:
        """Where each word ends."""
        return [start + len(word) for start, word in zip(self.starts, self.words, strict=True)]


def placed_sentences(content: Content) -> Iterator[PlacedSentence]:
    """The sentences of a part, in import order.

    :raises SpanError: when labels of a sentence overlap or leave it.
    :raises ExportError: when a sentence has no words.
    """
    for labelling, sentence in content.sentences():
        yield _placed(sentence, labelling.step.spec.digest, content.part.split)


def _placed(sentence: ProjectedSentence, step: str, split: str) -> PlacedSentence:
    words = list(sentence.words)
    if not words:
        hint = "exclude empty sentences from the export"
        raise ExportError(f"the sentence {sentence.name} has no words", hint=hint, id=sentence.name)
    text, starts = placed(words, sentence.text, sentence.offsets)
    labels = sorted(sentence.labels, key=lambda label: label.span)
    tags = tags_from_spans(len(words), [label.span for label in labels])
    entities = entities_of(sentence, text, starts)
    whence = (sentence.annotation == "projected", step, sentence.sources)
    return PlacedSentence(sentence.name, split, words, text, starts, labels, entities, tags, *whence)


def write_texts(
    content: Content, suffix: str, texts: Iterator[tuple[int, str]], folder: Any, opener: Opener
) -> WrittenFile:
    """Write ``LANG.SPLIT`` and the suffix.

    :param texts: pieces of the file, each with how many sentences it holds.
    """
    path = folder / content.file_name(suffix)
    return write_lines(path, ((count, _encoded(text, path)) for count, text in texts), opener=opener)


def _encoded(text: str, path: Path) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        hint = "a lone surrogate is left by a damaged file: import the corpus again from an intact one"
        raise ExportError(
            f"{path} was not written: a sentence is not Unicode text ({error})", hint=hint, path=path
        ) from error
