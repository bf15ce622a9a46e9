"""Translation by a server: what it is asked, and what becomes of its failures."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from children import HANG, wait_until

from xprojdb.errors import ServiceError, UsageError
from xprojdb.models import service
from xprojdb.models.patience import Deadline
from xprojdb.models.servers.chat import Server
from xprojdb.models.service import Service
from xprojdb.models.translators.chat import ChatParams, ChatTranslator

Answer = tuple[int, dict[str, str], str]
Ask = dict[str, Any]


class Stand:
    """A server on the loopback that answers as it is told.

    :param answers: makes the answer to a request: its number, from 0, and its body.
    """

    def __init__(self, answers: Callable[[int, Ask], Answer]) -> None:
        self.bodies: list[Ask] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = self._at_once = 0
        self._lock, stand = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with stand._lock:
                    number = len(stand.bodies)
                    stand.bodies.append({"path": self.path, **body})
                    stand.headers.append(dict(self.headers))
                    stand._at_once += 1
                    stand.most_at_once = max(stand.most_at_once, stand._at_once)
                status, headers, text = answers(number, body)
                with stand._lock:
                    stand._at_once -= 1
                with suppress(BrokenPipeError, ConnectionResetError):  # whoever asked has given up
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Stand:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def said(text: str | None, finish: str = "stop") -> Answer:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return 200, {}, json.dumps({"choices": [choice]})


def echo(_number: int, body: Ask) -> Answer:
    """The sentence at the prompt's end, in capitals."""
    return said(body["messages"][0]["content"].rsplit("\n", 1)[-1].upper())


def translator(stand: Stand, **server: Any) -> ChatTranslator:
    settings = {"patience": 0.0, "timeout": HANG, "attempts": 4, **server}
    return ChatTranslator("m", ChatParams(), Server(stand.url, "NO_SUCH_KEY", **settings))


def test_sentences_come_back_in_order() -> None:
    with Stand(echo) as stand:
        texts = [f"sentence {number}" for number in range(40)]
        translations = translator(stand).translate([*texts, "", "sentence 3 "], "en", "yor")
    assert [entry.text for entry in translations] == [*map(str.upper, texts), "", "SENTENCE 3"]
    assert len(stand.bodies) == 40
    asked = stand.bodies[0]
    assert (asked["path"], asked["model"], asked["temperature"], asked["seed"]) == ("/v1/chat/completions", "m", 0.0, 0)
    assert "from English to Yoruba" in asked["messages"][0]["content"]


def test_braces_in_a_sentence_stay() -> None:
    with Stand(echo) as stand:
        assert translator(stand).translate(["{source} {0} {text}"], "en", "de")[0].text == "{SOURCE} {0} {TEXT}"


def test_the_key_comes_from_the_environment_and_is_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "k-secret")
    with Stand(lambda *_: (401, {}, '{"error": {"message": "who are you?"}}')) as stand:
        with pytest.raises(ServiceError) as raised:
            ChatTranslator("m", None, Server(stand.url, "MY_KEY")).translate(["hello"], "en", "de")
        with pytest.raises(ServiceError):
            translator(stand).translate(["hello"], "en", "de")
    assert [headers.get("Authorization") for headers in stand.headers] == ["Bearer k-secret", None]
    assert (raised.value.status, raised.value.reason, raised.value.attempts) == (401, "status", 1)
    assert "who are you?" in raised.value.message
    assert "k-secret" not in f"{raised.value.message}{raised.value.fields}"


def test_an_answer_at_its_limit_is_cut() -> None:
    with Stand(lambda *_: said("das alte", "length")) as stand:
        assert translator(stand).translate(["the old boat"], "en", "de") == [("das alte", "output")]


@pytest.fixture
def forever() -> Iterator[threading.Event]:
    """What a server waits for that does not answer; it comes when the test has ended."""
    event = threading.Event()
    yield event
    event.set()


def test_a_server_may_be_slow_broken_and_silly_before_it_works(
    forever: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines: list[Deadline] = []

    def impatient_at_first(seconds: float) -> Deadline:
        deadline = Deadline(seconds)
        if not deadlines:
            # The time of the first request is over when the server has it.
            threading.Thread(target=lambda: (wait_until(lambda: stand.bodies), deadline._pass()), daemon=True).start()
        deadlines.append(deadline)
        return deadline

    monkeypatch.setattr(service, "Deadline", impatient_at_first)

    def answers(number: int, body: Ask) -> Answer:
        if number == 0:
            forever.wait()
        bad = [
            said("late"),
            (500, {}, "oops"),
            (200, {}, "<html>"),
            (200, {}, '{"choices": []}'),
            said(None),
            (429, {}, ""),
        ]
        return bad[number] if number < len(bad) else echo(number, body)

    with Stand(answers) as stand:
        translations = translator(stand, attempts=7).translate(["the old boat"], "en", "de")
    assert translations == [("THE OLD BOAT", "")]
    assert len(stand.bodies) == 7


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        ((503, {}, "oops"), "status", 503),
        ((200, {}, "<html>"), "nonsense", 200),
        ((200, {}, "[]"), "nonsense", 200),
        ((200, {}, '{"choices": [{"message": {"content": 3}}]}'), "nonsense", 200),
    ],
)
def test_a_server_that_stays_broken_is_given_up(answer: Answer, reason: str, status: int) -> None:
    with Stand(lambda *_: answer) as stand, pytest.raises(ServiceError) as raised:
        translator(stand).translate(["the old boat"], "en", "de")
    assert (raised.value.reason, raised.value.status, raised.value.attempts) == (reason, status, 4)
    assert len(stand.bodies) == 4


def test_a_model_that_the_server_lacks_is_asked_for_once() -> None:
    with Stand(lambda *_: (404, {}, '{"error": "no such model"}')) as stand, pytest.raises(ServiceError) as raised:
        translator(stand).translate(["the old boat"], "en", "de")
    assert (raised.value.status, raised.value.attempts, len(stand.bodies)) == (404, 1, 1)
    assert "no such model" in raised.value.message


def test_a_server_that_never_answers_is_given_up(forever: threading.Event) -> None:
    with Stand(lambda *_: (forever.wait(), said("late"))[1]) as stand, pytest.raises(ServiceError) as raised:
        translator(stand, timeout=0.1, attempts=2).translate(["the old boat"], "en", "de")
    assert (raised.value.reason, raised.value.attempts) == ("timeout", 2)


def test_a_server_that_is_not_there_is_given_up() -> None:
    with Stand(echo) as stand:
        url = stand.url
    with pytest.raises(ServiceError) as raised:
        ChatTranslator("m", None, Server(url, attempts=2, patience=0)).translate(["the old boat"], "en", "de")
    assert (raised.value.reason, raised.value.url) == ("unreachable", f"{url}/chat/completions")


@contextmanager
def _waits(answers: Callable[[int, Ask], Answer]) -> Iterator[list[float]]:
    """The pauses that a service makes."""
    pauses: list[float] = []
    with Stand(answers) as stand:
        service = Service(stand.url, timeout=HANG, attempts=5, patience=1.0, sleep=pauses.append)
        with pytest.raises(ServiceError):
            service.post("/chat/completions", {}, lambda reply: reply.value)
        yield pauses


def test_pauses_double() -> None:
    with _waits(lambda *_: (500, {}, "")) as pauses:
        assert pauses == [1.0, 2.0, 4.0, 8.0]


def test_the_server_says_how_long_to_wait() -> None:
    waits = [{"Retry-After": "7"}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, {"Retry-After": "soon"}, {}]
    with _waits(lambda number, _body: (429, waits[min(number, 3)], "")) as pauses:
        assert pauses == [7.0, 0.0, 4.0, 8.0]


def test_what_was_answered_is_not_sent_again() -> None:
    def answers(number: int, body: Ask) -> Answer:
        refused = "sentence 5" in body["messages"][0]["content"]
        return (400, {}, '{"error": "not that"}') if refused else echo(number, body)

    texts = [f"sentence {number}" for number in range(9)]
    with Stand(answers) as stand:
        ready = translator(stand, parallel=2)
        with pytest.raises(ServiceError):
            ready.translate(texts, "en", "de")
        halves = ready.translate(texts[:5], "en", "de") + ready.translate(texts[6:], "en", "de")
        assert [half.text for half in halves] == [text.upper() for text in texts if text != "sentence 5"]
        assert len(stand.bodies) == 9
        ready.translate(texts[:1], "en", "de")
        assert len(stand.bodies) == 10


def test_no_more_requests_at_a_time_than_allowed() -> None:
    three = threading.Barrier(3)

    def together(number: int, body: Ask) -> Answer:
        three.wait(HANG)
        return echo(number, body)

    with Stand(together) as stand:
        translator(stand, parallel=3).translate([f"sentence {number}" for number in range(12)], "en", "de")
    assert stand.most_at_once == 3


def test_a_dry_run_sends_nothing() -> None:
    with Stand(echo) as stand:
        ready = translator(stand)
        texts = ["the old boat", "the old boat", "", "das alte Boot heißt Å"]
        cost = ready.cost(texts, "en", "de")
        assert stand.bodies == []
        ready.translate(texts, "en", "de")
    sent = [body["messages"][0]["content"] for body in stand.bodies]
    assert (cost.requests, cost.characters) == (len(sent), sum(map(len, sent)))
    assert 0.2 * cost.characters < cost.tokens < cost.characters


@pytest.mark.parametrize(
    "make", [lambda: ChatParams("no place"), lambda: Server(parallel=0), lambda: Server("ftp://x").service()]
)
def test_impossible_settings_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


def test_without_an_address_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError):
        ChatTranslator("m").translate(["hello"], "en", "de")
