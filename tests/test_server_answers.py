"""A model server that is hostile or broken: what it may not do to the key, to memory, to time, and to the rows."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from xprojdb.errors import ServiceError, UsageError
from xprojdb.masking import masked
from xprojdb.models import service as services
from xprojdb.models.servers.chat import Server
from xprojdb.models.service import Reply, Service
from xprojdb.models.translators.chat import ChatTranslator, read

KEY = "sk-0123456789abcdefghij"
Talk = Callable[[socket.socket], None]


class Wire:
    """A server that says whatever bytes it is told to, and keeps what it hears."""

    def __init__(self, talk: Talk) -> None:
        self.heard: list[bytes] = []
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Wire:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                self.heard.append(_request(client))
                self._talk(client)


def _request(client: socket.socket) -> bytes:
    """All of it: what is left unread when a connection ends resets it."""
    text = b""
    while not text.partition(b"\r\n\r\n")[2].endswith(b"}"):
        text += client.recv(1 << 16)
    return text


def whole(status: str, body: bytes = b"", **headers: str) -> Talk:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    text = f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return lambda client: client.sendall(text.encode() + body)


def said(content: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).encode()


def ask(url: str, **settings: Any) -> Any:
    service = Service(url, KEY, **{"timeout": 10.0, "attempts": 1, "patience": 0.0, **settings})
    return service.post("/chat/completions", {"model": "m"}, read)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_key_goes_nowhere(status: int) -> None:
    with Wire(whole("200 OK", said("stolen"))) as other:
        redirect = whole(f"{status} Moved", Location=f"{other.url}/chat/completions")
        with Wire(redirect) as stand, pytest.raises(ServiceError) as caught:
            ask(stand.url)
        assert other.heard == []
    assert (caught.value.status, caught.value.reason, caught.value.again) == (status, "status", False)
    assert other.url in str(caught.value.hint)


@pytest.mark.parametrize(
    "talk",
    [
        whole(f"401 no {KEY}", json.dumps({"error": {"message": f"wrong key: {KEY}"}}).encode()),
        whole("200 OK", f"<html>{KEY}".encode()),
        whole("200 OK", json.dumps({"Authorization": f"Bearer {KEY}"}).encode()),
        whole("302 Moved", Location=f"http://127.0.0.1/{KEY}"),
        whole("200 OK", said(f"your key is {KEY}")),
        lambda client: client.sendall(f"{KEY}\r\n\r\n".encode()),
    ],
)
def test_a_server_that_repeats_the_key_makes_no_message_with_it(talk: Talk) -> None:
    import traceback

    with Wire(talk) as stand, pytest.raises(ServiceError) as caught:
        ask(stand.url)
    error = caught.value
    text = "".join(traceback.format_exception(error))
    assert KEY not in f"{error.message}{error.hint}{error.fields}{text}"


@pytest.mark.parametrize("key", ["sk-secret\nX-Evil: 1", "sk-sécret", "sk-\u2603secret", "sk-secret\0"])
def test_a_key_that_no_header_can_carry_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr("os.environ", {"MY_KEY": key})
    with pytest.raises(UsageError) as caught:
        Server("http://127.0.0.1:1/v1", "MY_KEY").service()
    assert caught.value.variable == "MY_KEY"
    assert "secret" not in f"{caught.value.message}{caught.value.fields}"


@pytest.mark.parametrize("url", ["http://user:hush@host/v1", "https://host/v1?api_key=hush", "http://host/v1#hush"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Server(url)
    assert "hush" not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError) as caught:
        Server().service()
    assert "hush" not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"


@pytest.mark.parametrize(
    "url",
    [
        "http://a..b/v1",
        f"http://{'a' * 64}.example/v1",
        "http://[::1",
        "http://host:99999/v1",
        "http://host:/v1",
        "http://host/ö",
        "http://пример/v1",
        "http://host:١٢/v1",
        "http:///v1",
        "http://host\\x/v1",
        "http://host/\x7f",
    ],
)
def test_an_impossible_address_is_refused_before_any_sentence_fails(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError) as caught:
        ChatTranslator("m").translate(["x"], "en", "de")
    assert "not a server address" in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/v1", "https://[::1]:8/v1", "http://[fe80::1%eth0]/v1/", "http://a_b"]
)
def test_a_possible_address_is_taken(url: str) -> None:
    assert Server(url).urls == [url]


@pytest.mark.parametrize(
    "proxy",
    ["http:/user:hush-Me1@host:80", "user:hush-Me1", "http://user:hush-Me1@a..b:80", "http://user:hush-Me1@host:port"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_none_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, scheme: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{scheme}://model.invalid/v1")
    with pytest.raises(UsageError) as caught:
        ChatTranslator("m").translate(["x"], "en", "de")
    assert f"{scheme}_proxy" in caught.value.message
    assert "hush" not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"
    monkeypatch.setenv("no_proxy", "model.invalid")
    Server().service()


def test_a_proxy_gets_its_password_and_messages_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(whole("502 p%40ss-Word p@ss-Word", said("no"))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://user:p%40ss-Word@").removesuffix("/v1"))
        monkeypatch.setenv("OPENAI_BASE_URL", "http://model.invalid/v1")
        with pytest.raises(ServiceError) as caught:
            Server(attempts=1).service().post("/x", {"model": "m"}, read)
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNzLVdvcmQ=" in proxy.heard[0]
    assert masked(caught.value.message).count("***") == 2


def _endless(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b" " * (1 << 20))


def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LONGEST_ANSWER", 1 << 20)
    with Wire(_endless) as stand, pytest.raises(ServiceError) as caught:
        ask(stand.url, timeout=60.0)
    assert (caught.value.reason, caught.value.again) == ("nonsense", True)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 200 OK\r\nX: ", b"", b"HTTP/1.1 500 no\r\n\r\n"]
)
def test_a_dripping_answer_has_its_time_and_no_more(head: bytes) -> None:
    ended = threading.Event()

    def drip(client: socket.socket) -> None:
        client.sendall(head)
        while not ended.is_set():
            client.sendall(b" ")
            time.sleep(0.05)

    with Wire(drip) as stand:
        asked = threading.Thread(target=lambda: caught.append(_refusal(stand.url)), daemon=True)
        caught: list[ServiceError] = []
        asked.start()
        asked.join(60)
        ended.set()
    assert [(error.reason, error.again) for error in caught] == [("timeout", True)]


def _refusal(url: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        ask(url, timeout=0.5)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"choices": [' + b"9" * 5000 + b"]}",
        said("a").replace(b'"a"', b'"\\ud800 x"'),
        said("a\0b"),
        said("a\x1b[31mb"),
        b"\xff\xfe",
        b'{"choices": {}}',
        b'{"choices": [{"message": {"content": ["a"]}}]}',
        b"null",
        b"",
    ],
)
def test_nonsense_is_told_and_asked_again(body: bytes) -> None:
    with Wire(whole("200 OK", body)) as stand, pytest.raises(ServiceError) as caught:
        ask(stand.url, attempts=2)
    assert (caught.value.reason, caught.value.again, caught.value.attempts) == ("nonsense", True, 2)
    assert caught.value.message.isprintable()
    assert len(stand.heard) == 2


@pytest.mark.parametrize(
    "talk",
    [
        lambda client: client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n"),
        whole("302 Moved", Location="http://[::1"),
        whole("302 Moved", Location="http://a\x1b[31m/"),
    ],
)
def test_what_is_no_http_is_nonsense(talk: Talk) -> None:
    with Wire(talk) as stand, pytest.raises(ServiceError) as caught:
        ask(stand.url)
    assert (caught.value.reason, caught.value.again) == ("nonsense", True)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "wait", ["nan", "inf", "-5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +2359"]
)
def test_any_retry_after_is_borne(wait: str) -> None:
    slept: list[float] = []
    with Wire(whole("503 busy", Retry_After=wait)) as stand, pytest.raises(ServiceError):
        ask(stand.url, attempts=2, sleep=slept.append)
    assert 0 <= slept[0] <= services.LONGEST_WAIT


def test_a_lone_surrogate_in_one_answer_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Wire(whole("200 OK", said("a").replace(b'"a"', b'"\\udfff"'))) as stand, pytest.raises(ServiceError):
        ChatTranslator("m", None, Server(stand.url, attempts=1)).translate(["x"], "en", "de")


def test_a_reply_is_shown_in_one_line_of_plain_characters() -> None:
    error = services.nonsense(Reply("http://h", "a\nb\x1b]0;x\x07\u202e"), "it is no JSON")
    assert error.message.isprintable()


def test_a_reply_that_is_too_deep_to_be_shown_is_nonsense_all_the_same() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    assert services.nonsense(Reply("http://h", value), "it is no answer").reason == "nonsense"
