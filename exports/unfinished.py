"""Names of unfinished files and folders, and cleaning up those that will never be finished."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from xprojdb.db.heartbeat import is_gone, this_process

#: what :func:`partial_path` creates: the name, a random number, and the process as given by :func:`this_process`
_BESIDE = r"\.(?P<name>.+)\.[0-9a-f]{8}~(?P<process>[^~]*~\d+~[^~]+)"
_PARTIAL = re.compile(rf"{_BESIDE}\.partial", re.DOTALL)
_PREVIOUS = re.compile(rf"{_BESIDE}\.previous", re.DOTALL)


def partial_path(path: Path, ending: str = "partial") -> Path:
    """An unused name in the same folder, so that renaming it to ``path`` stays on one disk; it names the process.

    :param ending: ``partial`` for unfinished files, ``previous`` for files moved aside.
    """
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}~{this_process().replace(':', '~')}.{ending}")


def set_aside(path: Path) -> list[Path]:
    """What processes of this machine had moved aside when they were killed; users' own files never match."""
    candidates = ((candidate, _PREVIOUS.fullmatch(candidate.name)) for candidate in path.parent.glob(".*.previous"))
    return [
        candidate
        for candidate, parts in candidates
        if parts and parts["name"] == path.name and is_gone(parts["process"].replace("~", ":"))
    ]


def sweep(folder: Path, name: str | None = None) -> None:
    """Delete unfinished files and folders left behind by processes of this machine that were killed.

    What cannot be deleted, such as another user's files, stays.

    :param folder: the folder to clean; it need not exist.
    :param name: only files that were going to replace this one; None: all.
    """
    for path in list(folder.glob(".*.partial")):
        parts = _PARTIAL.fullmatch(path.name)
        if parts is None or name not in (None, parts["name"]) or not is_gone(parts["process"].replace("~", ":")):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
