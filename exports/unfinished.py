"""The names of files and folders that are not finished, and what becomes of those that never will be."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from xprojdb.db.heartbeat import is_gone, this_process

#: what :func:`beside` makes: the name, a random number, and the process as :func:`this_process` calls it
_PARTIAL = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}~(?P<process>[^~]*~\d+~[^~]+)\.partial", re.DOTALL)


def beside(path: Path) -> Path:
    """A free name in the same folder, so that a rename to ``path`` stays on one disk; it says who writes there."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}~{this_process().replace(':', '~')}.partial")


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
