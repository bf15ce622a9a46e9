"""SQLite files on network file systems have no write-ahead log, which the machines that use them could not share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of, results

from xprojdb.db import open_database
from xprojdb.db.mounts import mount_of
from xprojdb.errors import DatabaseError, UsageError
from xprojdb.execution.engines.processes import Processes
from xprojdb.execution.run import run_plan

Write = Callable[..., Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[..., Path]:
    """A list of mounts in which the folder of the test is on a file system of one's choice."""

    def write(kind: str, options: str = "rw") -> Path:
        path = tmp_path / "mountinfo"
        point = str(tmp_path).replace(" ", "\\040")
        path.write_text(
            "22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
            f"41 22 0:52 / {point} rw,noatime - {kind} server:/export {options}\n"
            "a line of a later kernel\n",
            encoding="utf-8",
        )
        return path

    return write


def _journal(path: Path) -> str:
    """How a file logs, by its header."""
    return {b"\x01\x01": "rollback", b"\x02\x02": "write-ahead"}[path.read_bytes()[18:20]]


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "lustre", "gpfs", "cifs", "ceph", "beegfs"])
def test_a_file_on_a_network_has_a_rollback_journal(tmp_path: Path, mounted: Callable[..., Path], kind: str) -> None:
    path = tmp_path / "news.db"
    open_database(path, create=True, mountinfo=mounted(kind)).close()
    assert _journal(path) == "rollback"


def test_a_file_on_a_disk_has_a_write_ahead_log(tmp_path: Path, mounted: Callable[..., Path]) -> None:
    path = tmp_path / "news.db"
    open_database(path, create=True, mountinfo=mounted("ext4")).close()
    assert _journal(path) == "write-ahead"


def test_a_file_that_came_from_a_disk_is_changed_and_runs(
    sqlite_template: Path, tmp_path: Path, mounted: Callable[..., Path], write_conll: Write
) -> None:
    path, beside = tmp_path / "news.db", tmp_path / "beside.db"
    for entry in (path, beside):
        entry.write_bytes(sqlite_template.read_bytes())
    with open_database(beside) as local:
        import_sample(local, write_conll, {"en": english(5), "de": german(5)})
        run_plan(local, plan_of(local, tmp_path))
        expected = results(local)
    with open_database(path) as local:
        import_sample(local, write_conll, {"en": english(5), "de": german(5)})
    assert _journal(path) == "write-ahead"
    with open_database(path, mountinfo=mounted("nfs4")) as remote:
        assert _journal(path) == "rollback"
        assert run_plan(remote, plan_of(remote, tmp_path)).done == 15
        assert results(remote) == expected
    assert _journal(path) == "rollback"


@pytest.mark.parametrize(
    ("kind", "options"),
    [("fuse.sshfs", "rw"), ("nfs", "rw,vers=3,nolock"), ("nfs4", "rw,local_lock=all"), ("lustre", "rw,localflock")],
)
def test_without_locks_it_is_refused(tmp_path: Path, mounted: Callable[..., Path], kind: str, options: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database(tmp_path / "news.db", create=True, mountinfo=mounted(kind, options))
    assert refused.value.file_system == kind
    assert not (tmp_path / "news.db").exists()


def test_workers_would_hold_the_writer_up_there(
    sqlite_template: Path, tmp_path: Path, mounted: Callable[..., Path], write_conll: Write
) -> None:
    path = tmp_path / "news.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path, mountinfo=mounted("nfs4")) as remote:
        import_sample(remote, write_conll, {"en": english(2), "de": german(2)})
        with pytest.raises(UsageError) as refused:
            run_plan(remote, plan_of(remote, tmp_path), engine=Processes(1))
    assert refused.value.url == str(path)


def test_a_process_that_logs_ahead_is_waited_for_and_told(
    sqlite_template: Path, tmp_path: Path, mounted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xprojdb.db.sqlite.BUSY_TIMEOUT_MS", 10)
    path = tmp_path / "news.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as local, local.write() as connection:
        connection.exec_driver_sql("INSERT INTO corpus (name) VALUES ('news')")
        with pytest.raises(DatabaseError) as refused:
            open_database(path, mountinfo=mounted("nfs4"))
    assert refused.value.path == str(path)


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "22 1 253:0 / / rw - ext4 /dev/root rw\n"
        "30 22 0:50 / /data rw - nfs4 server:/data rw\n"
        "31 30 0:51 / /data/scratch rw - xfs /dev/sdb rw\n"
        "32 22 0:52 / /with\\040space rw - lustre server:/x rw\n",
        encoding="utf-8",
    )
    for path, kind in {
        "/data/news.db": "nfs4",
        "/data/scratch/news.db": "xfs",
        "/database/news.db": "ext4",
        "/with space/news.db": "lustre",
    }.items():
        mount = mount_of(Path(path), mountinfo)
        assert mount is not None
        assert mount.kind == kind


def test_where_the_system_does_not_tell_nothing_is_known(tmp_path: Path) -> None:
    assert mount_of(tmp_path, tmp_path / "missing") is None
