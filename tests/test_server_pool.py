"""Several servers of one model: requests go where there is room, and away from those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest
from children import HANG
from test_model_chat import Answer, Ask, Stand, echo

from xprojdb.errors import ServiceError, UsageError
from xprojdb.models.servers.chat import Server
from xprojdb.models.translators.chat import ChatTranslator

TEXTS = [f"sentence {number}" for number in range(24)]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def _translate(*stands: Stand, **options: Any) -> list[str]:
    server = Server(" ".join(stand.url for stand in stands), patience=0.001, **options)
    return [built.text for built in ChatTranslator("m", server=server).translate(TEXTS, "en", "de")]


def test_all_servers_work(stack: ExitStack) -> None:
    both = [Event(), Event()]

    def together(own: int) -> Any:
        def answer(number: int, body: Ask) -> Answer:
            both[own].set()
            # Nobody answers before the other one has been asked.
            assert both[1 - own].wait(HANG)
            return echo(number, body)

        return answer

    stands = [stack.enter_context(Stand(together(own))) for own in (0, 1)]
    assert _translate(*stands, parallel=2) == [text.upper() for text in TEXTS]
    assert sum(len(stand.bodies) for stand in stands) == len(TEXTS)


def test_one_that_fails_leaves_its_requests_to_the_other(stack: ExitStack) -> None:
    broken = stack.enter_context(Stand(lambda _number, _body: (500, {}, "no")))
    sound = stack.enter_context(Stand(echo))
    assert _translate(broken, sound, parallel=2, attempts=50) == [text.upper() for text in TEXTS]
    assert len(sound.bodies) == len(TEXTS)


def test_one_that_is_gone_is_as_good_as_broken(stack: ExitStack) -> None:
    with Stand(echo) as gone:
        pass
    sound = stack.enter_context(Stand(echo))
    assert _translate(gone, sound, parallel=2, attempts=50) == [text.upper() for text in TEXTS]


def test_one_that_has_too_much_to_do_gets_less(stack: ExitStack) -> None:
    def choosy(number: int, body: Ask) -> Answer:
        return (429, {"Retry-After": "0"}, "busy") if number < 8 else echo(number, body)

    stand, other = stack.enter_context(Stand(choosy)), stack.enter_context(Stand(choosy))
    assert _translate(stand, other, parallel=8, attempts=100) == [text.upper() for text in TEXTS]
    server = Server(f"{stand.url} {other.url}", patience=0.001, parallel=8)
    pool = server.service()
    with Stand(lambda _number, _body: (429, {"Retry-After": "0"}, "busy")) as busy:
        pool = Server(f"{busy.url} {busy.url}/other", patience=0.001, parallel=8, attempts=3).service()
        with pytest.raises(ServiceError):
            pool.post("/chat/completions", {"messages": [{"content": "x"}]}, lambda reply: reply.value)
        assert min(entry.room for entry in pool._servers) < 8  # type: ignore[union-attr]


def test_when_all_fail_it_says_so_after_all_attempts(stack: ExitStack) -> None:
    stands = [stack.enter_context(Stand(lambda _number, _body: (503, {"Retry-After": "0"}, "no"))) for _ in range(2)]
    with pytest.raises(ServiceError) as failed:
        _translate(*stands, parallel=1, attempts=4)
    assert (failed.value.attempts, failed.value.status) == (4, 503)


def test_what_no_server_will_take_is_not_asked_again(stack: ExitStack) -> None:
    stands = [stack.enter_context(Stand(lambda _number, _body: (401, {}, "no"))) for _ in range(2)]
    with pytest.raises(ServiceError) as failed:
        _translate(*stands, parallel=1, attempts=4)
    assert failed.value.attempts == 1


def test_the_variable_may_name_several(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stands = [stack.enter_context(Stand(echo)) for _ in range(2)]
    monkeypatch.setenv("OPENAI_BASE_URL", f" {stands[0].url}  {stands[1].url} {stands[0].url} ")
    translations = ChatTranslator("m", server=Server(patience=0.001)).translate(TEXTS, "en", "de")
    assert [entry.text for entry in translations] == [text.upper() for text in TEXTS]
    assert sum(len(stand.bodies) for stand in stands) == len(TEXTS)


def test_each_address_is_checked() -> None:
    with pytest.raises(UsageError):
        Server("http://localhost:8000/v1 http://me:secret@localhost:8001/v1")
