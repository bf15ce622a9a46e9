"""Make file names out of data that are safe on every system, whatever the data."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

#: characters allowed in a part of a name; others are written as ``%`` and two hexadecimal digits per byte
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
#: Windows device names, whatever follows a dot
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
#: the most characters of a part: file systems allow names of 255 bytes, and ours have several parts
_LONGEST = 80
#: names of splits that the ``datasets`` library accepts
_SPLIT = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")


def file_name(*parts: str, suffix: str = "") -> str:
    """Join parts with dots: ``file_name("de", "train", suffix=".conll")`` is ``de.train.conll``.

    Different parts get different names, on case-sensitive file systems.

    :param parts: any text from data.
    :param suffix: a suffix chosen by the caller.
    :returns: an ASCII name, shorter than 255 bytes for up to two parts, that is not a path, a device or a hidden file.
    """
    return ".".join(map(_part, parts)) + suffix


def _part(text: str) -> str:
    quoted = "".join(
        character if _PLAIN.match(character) else "".join(f"%{byte:02X}" for byte in _bytes(character))
        for character in text
    )
    if quoted.startswith(".") or quoted.endswith(".") or _DEVICES.fullmatch(quoted.partition(".")[0]) or not quoted:
        # Escaping a plain character cannot collide with the name of any other text.
        quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}" if quoted else "%"
        quoted = f"{quoted[:-1]}%2E" if quoted.endswith(".") else quoted
    if len(quoted) > _LONGEST:
        quoted = f"{quoted[: _LONGEST - 17]}~{hashlib.sha256(_bytes(text)).hexdigest()[:16]}"
    return quoted


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def is_inside(path: str) -> bool:
    """Whether a relative path, as in the records of exports, is a file inside its folder on every system."""
    unwritable = any(character < " " or "\ud800" <= character <= "\udfff" for character in path)
    if not path or "\\" in path or ":" in path or unwritable:
        return False
    parts = path.split("/")
    return PurePosixPath(path).parts == tuple(parts) and not {"", ".", "..", "/"} & set(parts)


def is_split(name: str) -> bool:
    """Whether a name is valid for a split: letters, digits, underscores and inner dots; ``all`` means every split."""
    return bool(_SPLIT.fullmatch(name)) and name != "all"


#: the hint for invalid names of splits
SPLIT_HINT = "use letters, digits and underscores, such as train, validation, test; all means every split"
