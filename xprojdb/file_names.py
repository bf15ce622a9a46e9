"""The names of files that are made out of data: one plain name each, on every system, whatever the data say."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

#: what a part of a name may hold as it is; anything else is written as ``%`` and two hexadecimal digits a byte
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
#: names that Windows gives to devices, whatever stands behind a dot
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
#: characters of a part at most: file systems take names of 255 bytes, and ours carry more than one part
_LONGEST = 80
#: what the ``datasets`` library takes for the name of a split
_SPLIT = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")


def file_name(*parts: str, suffix: str = "") -> str:
    """A name of parts joined by dots: ``file_name("de", "train", suffix=".conll")`` is ``de.train.conll``.

    Different parts have different names, on file systems that tell capitals from small letters.

    :param parts: out of data: any text.
    :param suffix: of our own.
    :returns: a name in ASCII, shorter than 255 bytes for up to two parts, which is no path, no device, not hidden.
    """
    return ".".join(map(_part, parts)) + suffix


def _part(text: str) -> str:
    quoted = "".join(
        character if _PLAIN.match(character) else "".join(f"%{byte:02X}" for byte in _bytes(character))
        for character in text
    )
    if quoted.startswith(".") or quoted.endswith(".") or _DEVICES.fullmatch(quoted.partition(".")[0]) or not quoted:
        # An escape that no text is written with: a plain character.
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}" if quoted else "%"
        quoted = f"{quoted[:-1]}%2E" if quoted.endswith(".") else quoted
    if len(quoted) > _LONGEST:
        quoted = f"{quoted[: _LONGEST - 17]}~{hashlib.sha256(_bytes(text)).hexdigest()[:16]}"
    return quoted


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def is_inside(path: str) -> bool:
    """Whether a relative path, as records of exports hold them, names a file below its folder on every system."""
    if not path or "\\" in path or ":" in path or any(ord(character) < 32 for character in path):
        return False
    parts = path.split("/")
    return PurePosixPath(path).parts == tuple(parts) and not {"", ".", "..", "/"} & set(parts)


def is_split(name: str) -> bool:
    """Whether a split may be called so: letters, digits, underscores and dots between them; ``all`` means every one."""
    return bool(_SPLIT.fullmatch(name)) and name != "all"


#: the hint where a split may not
SPLIT_HINT = "use letters, digits and underscores, such as train, validation, test; all means every split"
