"""The names of files and folders that are not finished, and what becomes of those that never will be."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from xprojdb.db.heartbeat import is_gone, this_process

#: what :func:`beside` makes: the name, a random number, and the process as :func:`this_process` calls it
_BESIDE = r"\.(?P<name>.+)\.[0-9a-f]{8}~(?P<process>[^~]*~\d+~[^~]+)"
_PARTIAL = re.compile(rf"{_BESIDE}\.partial", re.DOTALL)
_PREVIOUS = re.compile(rf"{_BESIDE}\.previous", re.DOTALL)


def beside(path: Path, ending: str = "partial") -> Path:
    """A free name in the same folder, so that a rename to ``path`` stays on one disk; it says who writes there.

    :param ending: ``partial`` for what is not finished, ``previous`` for what is moved aside.
    """
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}~{this_process().replace(':', '~')}.{ending}")


def set_aside(path: Path) -> list[Path]:
    """What processes of this machine had moved aside when they were killed: a user's own files are never named so."""
    found = ((each, _PREVIOUS.fullmatch(each.name)) for each in path.parent.glob(".*.previous"))
    return [
        each
        for each, parts in found
        if parts and parts["name"] == path.name and is_gone(parts["process"].replace("~", ":"))
    ]


def sweep(folder: Path, name: str | None = None) -> None:
    """Delete the unfinished files and folders that processes of this machine left behind when they were killed.

    What cannot be deleted, such as another user's, stays.

    :param folder: where :func:`beside` set them; it need not exist.
    :param name: only those that were to become this; None: all.
    """
    for found in list(folder.glob(".*.partial")):
        parts = _PARTIAL.fullmatch(found.name)
        if parts is None or name not in (None, parts["name"]) or not is_gone(parts["process"].replace("~", ":")):
            continue
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found, ignore_errors=True)
        else:
            with suppress(OSError):
                found.unlink()
