"""Standard output and error in every locale: what its encoding lacks is written in plain characters or escaped."""

from __future__ import annotations

import codecs
import sys

import click

from xprojdb.printable import escaped_lines

#: what the tables and messages are drawn with
_PLAIN = {
    "–": "-", "—": "-", "─": "-", "━": "=", "│": "|", "→": "->", "←": "<-", "…": "...", "·": "*", "•": "*",
    "“": '"', "”": '"', "‘": "'", "’": "'", "×": "x", "≥": ">=", "≤": "<=", "±": "+-", "\xa0": " ",
}  # fmt: skip
_HANDLER = "xprojdb"
_ASCII = "xprojdb_ascii"


def make_readable() -> None:
    """Let nothing that is printed be an error of encoding."""
    codecs.register_error(_HANDLER, _replaced)
    codecs.register(lambda name: _plain_ascii() if name == _ASCII else None)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            reconfigure(encoding=_ASCII if ascii_only else None, errors=_HANDLER)


def _plain_ascii() -> codecs.CodecInfo:
    """ASCII by a name that click does not know: to a stream of ASCII it would write UTF-8."""
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode,
        known.decode,
        streamreader=known.streamreader,
        streamwriter=known.streamwriter,
        incrementalencoder=known.incrementalencoder,
        incrementaldecoder=known.incrementaldecoder,
        name=_ASCII,
    )


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    texts = (_plain(character) for character in error.object[error.start : error.end])
    return "".join(texts), error.end


def _plain(character: str) -> str:
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()


def prints_unicode() -> bool:
    """Whether standard output has every character."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def print_exactly(text: str) -> None:
    """Print data: characters that the encoding lacks are escaped, and none is replaced by another one.

    A terminal would obey some characters; there, they are written out.
    """
    if sys.stdout.isatty():
        text = escaped_lines(text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
