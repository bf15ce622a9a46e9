"""What tuning has left in the cache: encoders that no step of a database names, and checkpoints beside them.

Several databases share a cache, and only one of them is open: an encoder that it does not name may be another's. So
what was used lately stays; reading a tuned encoder renews the time of its folder.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from xprojdb.db.tables import step
from xprojdb.models.store import tuned_encoders_folder, tuned_folder
from xprojdb.steps.train.params import TrainParams

_DAY = 24 * 60 * 60
#: an encoder, checkpoints beside it, or one that was being written
_NAME = re.compile(r"([0-9a-f]{32})(\.checkpoints|\.part)?")


@dataclass(frozen=True, slots=True)
class TunedFolder:
    """A folder that a training has left.

    :param days: since something in it was written or read.
    """

    path: Path
    bytes: int
    days: float


def unnamed_folders(connection: Connection, *, doomed: Sequence[int] = ()) -> list[TunedFolder]:
    """The folders that no step of a database names, by name. Names that tuning does not give are left alone.

    :param doomed: steps that do not count, since they are to be deleted.
    """
    query = select(step.c.id, step.c.digest, step.c.kind, step.c.model)
    steps = [row for row in connection.execute(query) if row.id not in doomed]
    named = {tuned_folder(row.digest).name for row in steps if row.kind == TrainParams.kind}
    # The folder of a tuned encoder can be the encoder of other steps.
    named |= {Path(row.model).name for row in steps if row.model}
    return [_measured(path) for path, digest in _folders(tuned_encoders_folder()) if digest not in named]


def free_folders(folders: Sequence[TunedFolder], days: float) -> list[TunedFolder]:
    """Delete those that were not used for some days; returns them."""
    freed = [folder for folder in folders if folder.days >= days]
    for folder in freed:
        shutil.rmtree(folder.path)
    return freed


def _folders(top: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(top.iterdir()) if top.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and path.is_dir() and not path.is_symlink():
            yield path, match[1]


def _measured(path: Path) -> TunedFolder:
    states = [entry.stat() for entry in (path, *path.rglob("*"))]
    used = max(state.st_mtime for state in states)
    return TunedFolder(path, sum(state.st_size for state in states[1:]), max(0.0, time.time() - used) / _DAY)
