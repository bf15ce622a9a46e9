"""Write labelled sentences in CoNLL columns: a word a line, an empty line after each sentence, IOB2 tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from xprojdb.errors import UsageError
from xprojdb.exports.atomic import Opener, atomic_file
from xprojdb.exports.errors import ExportError
from xprojdb.text.spans import Span, SpanError, tags_from_spans

# What str.splitlines takes for a line end: more than a file iterator does, and readers use both.
_LINE_ENDS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_READABLE = {
    "\t": re.compile(rf"\S(?:[^\t{_LINE_ENDS}]*\S)?"),
    " ": re.compile(r"\S+"),
}
_LABEL = re.compile(r"\S+")


class TaggedSentence(NamedTuple):
    """A sentence to write.

    :param words: its words.
    :param spans: its entities, in any order, not overlapping.
    :param id: written as a comment line ``# id = ...`` when given.
    """

    words: Sequence[str]
    spans: Iterable[Span]
    id: str | None = None


@dataclass(frozen=True)
class WrittenFile:
    """What was written.

    :param path: the file.
    :param sentences: how many sentences it holds.
    :param sha256: hexadecimal digest of its bytes.
    """

    path: Path
    sentences: int
    sha256: str


def write_conll(
    path: Path | str,
    sentences: Iterable[TaggedSentence | tuple[Sequence[str], Iterable[Span]]],
    *,
    separator: Literal["\t", " "] = "\t",
    columns: Literal[2, 4] = 2,
    opener: Opener = atomic_file,
) -> WrittenFile:
    """Write sentences one after the other; the file appears when the last one is written.

    The same sentences give the same bytes.

    :param path: the file to write or replace.
    :param sentences: words, spans and optionally an id of each sentence.
    :param separator: between columns. With a tab, words may hold inner spaces.
    :param columns: 2 for word and tag, 4 for the CoNLL-2003 layout with ``-X-`` for part of speech and chunk.
    :param opener: makes the file.
    :raises ExportError: when a reader would not get the same sentence back, because a word is empty or holds a
        separator or line end, a label holds white space, or spans overlap or leave the sentence (fields
        ``sentence``, counted from 1, and ``word`` or ``span``); or when the disk is full (field ``errno``). An
        older file is left whole.
    :raises UsageError: when the separator or the number of columns is another one.
    """
    path = Path(path)
    layout = ConllLayout.of(path, separator, columns)
    lines = ((1, layout.lines(number, TaggedSentence(*each))) for number, each in enumerate(sentences, start=1))
    return write_lines(path, lines, opener=opener)


def write_lines(path: Path, lines: Iterable[tuple[int, bytes]], *, opener: Opener) -> WrittenFile:
    """Write lines of text as they come; the file appears when the last ones are written.

    :param lines: with how many sentences each piece holds.
    :param opener: makes the file.
    :raises ExportError: when the disk is full (field ``errno``). An older file is left whole.
    """
    sentences = 0
    with opener(path) as file:
        for number, data in lines:
            file.write(data)
            sentences += number
    return WrittenFile(path, sentences, file.sha256)


class ConllLayout(NamedTuple):
    """How a sentence is written; use :meth:`of`.

    :param path: the file, for messages.
    :param readable: what a word must be for a reader to get it back.
    :param gap: between word and tag.
    """

    path: Path
    readable: re.Pattern[str]
    gap: str

    @classmethod
    def of(cls, path: Path, separator: str, columns: int) -> ConllLayout:
        """The layout of a file; parameters and errors are those of :func:`write_conll`."""
        if separator not in _READABLE or columns not in (2, 4):
            raise UsageError(
                f"no CoNLL layout has {columns} columns separated by {separator!r}",
                hint="2 or 4 columns, separated by a tab or a space",
            )
        return cls(path, _READABLE[separator], separator if columns == 2 else f"{separator}-X-" * 2 + separator)

    def lines(self, number: int, sentence: TaggedSentence) -> bytes:
        """The lines of a sentence, an empty one behind them.

        :param number: of the sentence in its file, for messages.
        :raises ExportError: when a reader would not get the same sentence back.
        """
        self._check_words(number, sentence)
        tags = self._tags(number, sentence)
        lines = [word + self.gap + tag for word, tag in zip(sentence.words, tags, strict=True)]
        if sentence.id is not None:
            lines.insert(0, f"# id = {' '.join(sentence.id.split())}")
        try:
            return "\n".join([*lines, "\n"]).encode()
        except UnicodeEncodeError as error:
            word = next((word for word in sentence.words if not _encodable(word)), None)
            hint = "a lone surrogate is left by a damaged file: import the corpus again from a sound one"
            raise self._refusal(number, sentence, f"is not Unicode text ({error})", hint, word=word) from error

    def _check_words(self, number: int, sentence: TaggedSentence) -> None:
        if not sentence.words:
            raise self._refusal(number, sentence, "has no words", "leave empty sentences out of the export")
        if sentence.words[0] == "-DOCSTART-":
            hint = "leave document markers out of the corpus"
            raise self._refusal(number, sentence, "begins like a document marker", hint, word="-DOCSTART-")
        if not all(map(self.readable.fullmatch, sentence.words)):
            word = next(word for word in sentence.words if not self.readable.fullmatch(word))
            hint = "clean the words of the corpus, or export to Parquet, which holds any word"
            raise self._refusal(number, sentence, f"holds the word {word!r}, which would break", hint, word=word)

    def _tags(self, number: int, sentence: TaggedSentence) -> list[str]:
        spans = list(sentence.spans)
        for span in spans:
            if not _LABEL.fullmatch(span.label):
                hint = "labels hold no white space"
                raise self._refusal(number, sentence, f"has the label {span.label!r}", hint, span=span)
        try:
            return tags_from_spans(len(sentence.words), spans)
        except SpanError as error:
            hint = "IOB2 holds no nested spans: keep one of them"
            raise self._refusal(number, sentence, f"is mislabelled: {error}", hint, span=error.span) from error

    def _refusal(self, number: int, sentence: TaggedSentence, fault: str, hint: str, **fields: object) -> ExportError:
        name = f"sentence {number}" + (f" ({sentence.id})" if sentence.id is not None else "")
        message = f"{name} {fault}: {self.path} was not written"
        return ExportError(message, hint=hint, path=self.path, sentence=number, id=sentence.id, **fields)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
