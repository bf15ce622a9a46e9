"""Signs of life: which process does something, whether it is still there, and what time it is for all who share."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from xprojdb.db import postgresql


def this_process() -> str:
    """``HOST:PID:START``, which no other process has: the number of a process is used again, its start is not."""
    return f"{platform.node()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_gone(process: str) -> bool:
    """Whether a process has certainly ended; of one on another machine that cannot be told.

    :param process: as :func:`this_process` named it.
    """
    host, pid, start = process.rsplit(":", 2)
    return host == platform.node() and _start_of(int(pid)) != start


def clock(connection: Connection) -> float:
    """Seconds since 1970 by the clock that all who share the database go by: that of the server, if there is one."""
    return postgresql.clock(connection) if connection.dialect.name == "postgresql" else time.time()


def _start_of(pid: int) -> str:
    """When a process began, in what unit ever; empty when it has ended."""
    with suppress(OSError):
        # After the name in parentheses, which may hold anything: the state, and 19 fields on the start in clock ticks.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "-"
