"""Publishing that fails: connections that are cut, missing rights, tokens that stay hidden, names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback_hub import OTHER_TOKEN, READER_TOKEN, TOKEN, LoopbackHub
from push_sample import GENERATED, REPO, Command, Push, exports_of

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.exports.hub.names import repository_name
from xprojdb.hub import HubError, TokenRefused

pytest.importorskip("huggingface_hub")
pytest_plugins = ("push_fixtures",)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2")


@pytest.mark.slow
def test_a_connection_cut_at_the_commit_leaves_nothing_half_done(push: Push, hub: LoopbackHub) -> None:
    hub.faults = lambda _method, path: "cut" if "/commit/" in path else None
    with pytest.raises(HubError) as caught:
        push()
    assert caught.value.status is None
    assert set(hub.files(REPO)) == {".gitattributes"}
    hub.faults = lambda _method, _path: None
    seen = len(hub.requests)
    push()
    assert [entry.split()[0] for entry in hub.sent(seen)] == ["POST"]
    assert set(hub.files(REPO)) >= GENERATED


def test_a_connection_cut_in_a_large_file_leaves_nothing_half_done(push: Push, hub: LoopbackHub) -> None:
    cuts: list[str] = []

    def once(method: str, path: str) -> str | None:
        if method != "PUT" or cuts:
            return None
        assert set(hub.files(REPO)) == {".gitattributes"}
        cuts.append(path)
        return "cut"

    hub.faults = once
    push()
    assert cuts
    assert set(hub.files(REPO)) >= GENERATED


def test_a_commit_whose_answer_is_lost_is_found_by_the_next_push(
    push: Push, hub: LoopbackHub, sample: Database
) -> None:
    hub.faults = lambda _method, path: "cut-after" if "/commit/" in path else None
    with pytest.raises(HubError):
        push()
    assert not exports_of(sample)
    seen = len(hub.requests)
    result = push()
    assert not hub.sent(seen)
    assert [row.revision for row in exports_of(sample)] == [result.revision]


@pytest.mark.parametrize(
    ("token", "repo", "status"),
    [
        (None, REPO, None),
        ("hf_unknown0000", REPO, 401),
        (READER_TOKEN, REPO, 403),
        (OTHER_TOKEN, REPO, 403),
        (TOKEN, "ben/boats", 403),
    ],
)
def test_without_the_right_to_write(
    push: Push, hub: LoopbackHub, sample: Database, token: str | None, repo: str, status: int | None
) -> None:
    hub.publish(REPO, {"theirs.txt": b"x"})
    with pytest.raises(TokenRefused) as caught:
        push(token=token, repo=repo)
    assert caught.value.status == status
    assert caught.value.hint
    assert set(hub.repos) == {REPO}
    assert hub.files(REPO) == {"theirs.txt": b"x"}
    assert not exports_of(sample)


@pytest.mark.slow
@pytest.mark.parametrize("token", ["hf_unknown0000", "hf_with\x01control"])
def test_the_token_is_never_shown(command: Command, token: str, tmp_path: Path) -> None:
    done = command(token=token)
    assert (done.code, done.stdout) == (1, "")
    assert "Traceback" in done.stderr
    assert not any(part in done.stderr for part in (token, "hf_unknown", "hf_with"))
    assert not any(b"hf_" in path.read_bytes() for path in tmp_path.glob("test.db*"))


@pytest.mark.parametrize(
    "name", ["", "boats", "ana/boats/more", "ana/bo ats", "ana/-boats", "ana/a--b", "ana/b.git", "a/" + "b" * 96]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        repository_name(name)
    assert caught.value.name == name


def test_a_wrong_name_is_refused_before_anything(run_cli: Command, tmp_path: Path) -> None:
    assert run_cli("--db", tmp_path / "bare.db", "db", "upgrade").code == 0
    done = run_cli("--db", tmp_path / "bare.db", "push", "boats", "--folder", "nowhere")
    assert (done.code, done.stdout) == (2, "")
    assert "USER/NAME" in done.stderr


def test_the_recorded_address_is_a_name_too() -> None:
    assert repository_name("hf://datasets/ana/boats") == REPO
