"""Find the file system of a file: machines that share one over a network cannot share a write-ahead log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")
#: network file systems with locks that hold on all machines
_LOCKING = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "fhgfs", "fuse.beegfs", "fuse.ceph", "fuse.glusterfs", "fuse.juicefs",
    "fuse.moosefs", "gfs2", "glusterfs", "gpfs", "lustre", "mmfs", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs",
    "panfs", "pvfs2", "smb2", "smb3", "smbfs", "virtiofs", "wekafs",
})  # fmt: skip
#: network file systems with locks that no other machine sees
_LOCKLESS = frozenset({
    "davfs", "fuse.davfs2", "fuse.dropbox", "fuse.gcsfuse", "fuse.goofys", "fuse.mountpoint-s3", "fuse.rclone",
    "fuse.s3fs", "fuse.sshfs",
})  # fmt: skip
#: mount options that make the locks of the former local to this machine
_LOCAL_LOCKS = frozenset({"nolock", "local_lock=all", "local_lock=posix", "localflock", "noflock", "nobrl"})


class Mount(NamedTuple):
    """A mounted file system.

    :param kind: its type, as named by the kernel.
    :param options: options of the mount and of the file system.
    """

    point: str
    kind: str
    options: frozenset[str]

    @property
    def is_remote(self) -> bool:
        """Whether other machines can use the same files."""
        return self.kind in _LOCKING or self.kind in _LOCKLESS

    @property
    def has_locks(self) -> bool:
        """Whether locks hold on all machines."""
        return self.kind not in _LOCKLESS and not self.options & _LOCAL_LOCKS


def mount_of(path: Path, mountinfo: Path = MOUNTINFO) -> Mount | None:
    """The mount of a file, which need not exist yet; None if the system does not say.

    :param mountinfo: the kernel's list, in the format of proc(5).
    """
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    full = str(path.absolute().resolve())
    # Of two mounts at one point, the later hides the earlier.
    mounts = [mount for mount in map(_mount, lines) if mount is not None and _is_below(full, mount.point)]
    return max(reversed(mounts), key=lambda mount: len(mount.point), default=None)


def _is_below(path: str, point: str) -> bool:
    return point == "/" or path == point or path.startswith(f"{point}/")


def _mount(line: str) -> Mount | None:
    before, separator, after = line.partition(" - ")
    place, system = before.split(" "), after.split(" ")
    if not separator or len(place) < 6 or len(system) < 3:
        return None
    options = frozenset([*place[5].split(","), *system[2].split(",")])
    return Mount(_unescaped(place[4]), system[0], options)


def _unescaped(text: str) -> str:
    """Decode the octal escapes that the kernel uses for spaces and the like."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
