"""Write labelled sentences in CoNLL columns: one word per line, an empty line after each sentence, IOB2 tags."""

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

# The line ends of str.splitlines, which some readers use: more than a file iterator has.
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
    :param id: if set, written as a comment line ``# id = ...``.
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
    """Write sentences one after the other; the file appears once the last one is written.

    The same sentences always give the same bytes.

    :param path: the file to write or replace.
    :param sentences: words, spans and optionally an id of each sentence.
    :param separator: between columns. With tabs, words may contain spaces.
    :param columns: 2 for word and tag, 4 for the CoNLL-2003 layout with ``-X-`` for part of speech and chunk.
    :param opener: creates the file.
    :raises ExportError: when a reader would not get the same sentence back, because a word is empty or contains a
        separator or line end, a label contains white space, or spans overlap or leave the sentence (fields
        ``sentence``, counted from 1, and ``word`` or ``span``); or when the disk is full (field ``errno``). An
        existing file is left as it was.
    :raises UsageError: when the separator or the number of columns is not one of these.
    """
    path = Path(path)
    layout = ConllLayout.of(path, separator, columns)
    lines = ((1, layout.lines(number, TaggedSentence(*sentence))) for number, sentence in enumerate(sentences, start=1))
    return write_lines(path, lines, opener=opener)


def write_lines(path: Path, lines: Iterable[tuple[int, bytes | memoryview]], *, opener: Opener) -> WrittenFile:
    """Write lines of text as they come; the file appears once the last of them is written.

    :param lines: pairs of the number of sentences in a piece and its bytes.
    :param opener: creates the file.
    :raises ExportError: when the disk is full (field ``errno``). An existing file is left as it was.
    """
    sentences = 0
    with opener(path) as file:
        for number, data in lines:
            file.write(data)
            sentences += number
    return WrittenFile(path, sentences, file.sha256)


class ConllLayout(NamedTuple):
    """How sentences are written; use :meth:`of`.

    :param path: the file, for error messages.
    :param readable: matches words that readers get back unchanged.
    :param gap: the text between word and tag.
    """

    path: Path
    readable: re.Pattern[str]
    gap: str

    @classmethod
    def of(cls, path: Path, separator: str, columns: int) -> ConllLayout:
        """The layout of a file; parameters and errors as for :func:`write_conll`."""
        if separator not in _READABLE or columns not in (2, 4):
            raise UsageError(
                f"no CoNLL layout has {columns} columns separated by {separator!r}",
                hint="2 or 4 columns, separated by a tab or a space",
            )
        return cls(path, _READABLE[separator], separator if columns == 2 else f"{separator}-X-" * 2 + separator)

    def lines(self, number: int, sentence: TaggedSentence) -> bytes:
        """The lines of a sentence, followed by an empty one.

        :param number: of the sentence in its file, for error messages.
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
            raise self._refusal(number, sentence, "has no words", "exclude empty sentences with --min-words 1")
        if sentence.words[0] == "-DOCSTART-":
            hint = "remove document markers from the corpus"
            raise self._refusal(number, sentence, "starts like a document marker", hint, word="-DOCSTART-")
        if not all(map(self.readable.fullmatch, sentence.words)):
            word = next(word for word in sentence.words if not self.readable.fullmatch(word))
            hint = "clean the words of the corpus, or export to Parquet (export hf), which can hold any word"
            raise self._refusal(number, sentence, f"contains the word {word!r}, which would break", hint, word=word)

    def _tags(self, number: int, sentence: TaggedSentence) -> list[str]:
        spans = list(sentence.spans)
        for span in spans:
            if not _LABEL.fullmatch(span.label):
                hint = "labels cannot contain white space"
                raise self._refusal(number, sentence, f"has the label {span.label!r}", hint, span=span)
        try:
            return tags_from_spans(len(sentence.words), spans)
        except SpanError as error:
            hint = "IOB2 cannot represent nested spans: keep one of them"
            raise self._refusal(number, sentence, f"is mislabelled: {error}", hint, span=error.span) from error

    def _refusal(self, number: int, sentence: TaggedSentence, fault: str, hint: str, **fields: object) -> ExportError:
        name = f"sentence {number}" + (f" ({sentence.id})" if sentence.id is not None else "")
        message = f"{name} {fault}: {self.path} was not written"
        return ExportError(message, hint=hint, path=self.path, sentence=number, id=sentence.id, **fields)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
