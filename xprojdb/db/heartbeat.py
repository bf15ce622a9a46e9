"""Identify processes, check whether they are still alive, and read the clock shared by all users of a database."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from xprojdb.db import postgresql


def this_process() -> str:
    """``HOST:PID:START``, which is unique: process ids are reused, but not together with the start time."""
    return f"{platform.node()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_gone(process: str) -> bool:
    """Whether a process has certainly ended; always false for processes on other machines.

    :param process: its name from :func:`this_process`.
    """
    host, pid, start = process.rsplit(":", 2)
    return host == platform.node() and _start_of(int(pid)) != start


def clock(connection: Connection) -> float:
    """Seconds since 1970 on the clock shared by all users of the database: the server's, if there is one."""
    return postgresql.clock(connection) if connection.dialect.name == "postgresql" else time.time()


def _start_of(pid: int) -> str:
    """The start time of a process, in any unit; empty if it has ended."""
    with suppress(OSError):
        # After the name in parentheses, which may contain anything: the state, and 19 fields later the start in clock
        # ticks.
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
