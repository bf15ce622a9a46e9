"""Standard output and error in any locale: characters that its encoding lacks are replaced by plain ones or escaped."""

from __future__ import annotations

import codecs
import sys

import click

from xprojdb.printable import escaped_lines

#: the characters that tables and messages are drawn with
_PLAIN = {
    "–": "-", "—": "-", "─": "-", "━": "=", "│": "|", "→": "->", "←": "<-", "…": "...", "·": "*", "•": "*",
    "“": '"', "”": '"', "‘": "'", "’": "'", "×": "x", "≥": ">=", "≤": "<=", "±": "+-", "\xa0": " ",
}  # fmt: skip
_HANDLER = "xprojdb"
_ASCII = "xprojdb_ascii"


def make_readable() -> None:
    """Make sure that printing never fails because of the encoding."""
    codecs.register_error(_HANDLER, _replaced)
    codecs.register(lambda name: _plain_ascii() if name == _ASCII else None)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            reconfigure(encoding=_ASCII if ascii_only else None, errors=_HANDLER)


def _plain_ascii() -> codecs.CodecInfo:
    """ASCII under a name that click does not know: it would write UTF-8 to an ASCII stream."""
    ascii_codec = codecs.lookup("ascii")
    return codecs.CodecInfo(
        ascii_codec.encode,
        ascii_codec.decode,
        streamreader=ascii_codec.streamreader,
        streamwriter=ascii_codec.streamwriter,
        incrementalencoder=ascii_codec.incrementalencoder,
        incrementaldecoder=ascii_codec.incrementaldecoder,
        name=_ASCII,
    )


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    texts = (_plain(character) for character in error.object[error.start : error.end])
    return "".join(texts), error.end


def _plain(character: str) -> str:
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()


def prints_unicode() -> bool:
    """Whether standard output can represent every character."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def print_exactly(text: str) -> None:
    """Print data: characters that the encoding lacks are escaped, never replaced by others.

    On a terminal, characters that it would obey are escaped, too.
    """
    if sys.stdout.isatty():
        text = escaped_lines(text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
