"""The way out: to the address that was checked, once, and for no longer than is said."""

from __future__ import annotations

import socket
import time
from typing import Any

import httpcore
import pytest

from config import outbound
from config.addresses import AddressError
from config.outbound import OutboundError
from tests.receivers import Receiver

PUBLIC, LOOPBACK = "93.184.216.34", "127.0.0.1"


class Names:
    """A resolver that answers what it is told to, one answer after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self.answers = list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise socket.gaierror(8, "not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answer]


class Sockets:
    """Where connections were attempted; none is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.to: list[tuple[str, int]] = []
        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", self._connect)

    def _connect(self, host: str, port: int, **kwargs: Any) -> Any:
        self.to.append((host, port))
        raise httpcore.ConnectError("nobody is there")


def test_it_connects_to_the_address_that_was_checked_and_asks_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, sockets = Names(monkeypatch, [PUBLIC], [LOOPBACK]), Sockets(monkeypatch)
    with pytest.raises(OutboundError):
        outbound.post("https://turncoat.example.com/hook", b"{}", {})
    assert names.asked == ["turncoat.example.com"]
    assert sockets.to == [(PUBLIC, 443)]


def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, [PUBLIC], [LOOPBACK])
    sockets = Sockets(monkeypatch)
    outbound.check("https://turncoat.example.com/")
    with pytest.raises(AddressError) as refused:
        outbound.post("https://turncoat.example.com/", b"{}", {})
    assert refused.value.code == "private"
    assert sockets.to == []


@pytest.mark.parametrize(
    "behind",
    [
        [LOOPBACK],
        [PUBLIC, LOOPBACK],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["100.64.3.2"],
        [PUBLIC, "10.0.0.1"],
    ],
)
def test_every_address_behind_a_name_has_to_be_public_and_which_is_not_is_not_told(
    monkeypatch: pytest.MonkeyPatch, behind: list[str]
) -> None:
    Names(monkeypatch, behind)
    sockets = Sockets(monkeypatch)
    for deed in (outbound.check, lambda url: outbound.post(url, b"", {})):
        with pytest.raises(AddressError) as refused:
            deed("https://inside.example.com/")
        assert refused.value.code == "private"
        assert not any(ip in str(refused.value) for ip in behind)
    assert sockets.to == []


def test_a_name_that_is_not_known_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, [])
    with pytest.raises(AddressError, match=r"Nothing is known under no\.example\.com: check"):
        outbound.check("https://no.example.com/")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SECONDS_FOR_A_NAME", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: time.sleep(0.6))
    started = time.monotonic()
    with pytest.raises(AddressError):
        outbound.check("https://slow.example.com/")
    assert time.monotonic() - started < 0.5


def test_plain_and_near_is_refused_without_the_operators_word(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    with Receiver() as receiver:
        with pytest.raises(AddressError):
            outbound.post(receiver.url, b"{}", {})
        assert receiver.got == []


@pytest.fixture
def near(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.mark.usefixtures("near")
def test_an_answer_is_read_and_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Receiver(text="thank\x1b[31m you\u202e") as receiver:
        answer = outbound.post(receiver.url, b'{"a":1}', {"X-Said": "so"})
    assert (answer.status, answer.text, answer.is_yes) == (200, "thank[31m you", True)
    (got,) = receiver.got
    assert got.body == b'{"a":1}'
    assert got.headers["x-said"] == "so"
    assert got.headers["accept-encoding"] == "identity"
    assert got.headers["host"] == receiver.url.split("/")[2]


@pytest.mark.usefixtures("near")
def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with Receiver() as second, Receiver(status=302, location=second.url) as first:
        assert outbound.post(first.url, b"{}", {}).status == 302
        assert second.got == []


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 0),
        ("120", 120),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("9" * 40, outbound.LONGEST_WAIT),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", outbound.LONGEST_WAIT),
        ("\u0663", 0),
    ],
)
def test_how_long_an_answer_asks_to_be_left_alone(said: str, seconds: int) -> None:
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n"
    with Receiver(raw=answer.encode()) as receiver:
        assert outbound.post(receiver.url, b"{}", {}).wait == seconds


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("drip", ["head", "body"])
def test_a_slow_drip_does_not_add_up(drip: str) -> None:
    with Receiver(status=500, drip=drip) as receiver:
        started = time.monotonic()
        with pytest.raises(OutboundError, match="No answer within 1 seconds"):
            outbound.post(receiver.url, b"{}", {}, timeout=1)
        assert time.monotonic() - started < 2


@pytest.mark.usefixtures("near")
def test_a_yes_counts_however_its_answer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SECONDS_AFTER_YES", 0.3)
    with Receiver(drip="body") as receiver:
        started = time.monotonic()
        assert outbound.post(receiver.url, b"{}", {}).is_yes
        assert time.monotonic() - started < 2


@pytest.mark.usefixtures("near")
def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    with Receiver(text="x" * 100, huge=True) as receiver:
        answer = outbound.post(receiver.url, b"{}", {})
    assert len(answer.text) == outbound.SHOWN
    assert receiver.sent < 64 * 1024 * 1024


@pytest.mark.usefixtures("near")
def test_nothing_is_unpacked() -> None:
    with Receiver(text="packed", encoding="gzip") as receiver:
        assert outbound.post(receiver.url, b"{}", {}).text == "packed"


@pytest.mark.usefixtures("near")
def test_what_does_not_answer_or_does_not_speak_http_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(OutboundError, match="The connection was refused"):
        outbound.post(f"http://127.0.0.1:{port}/", b"{}", {})
    strange = Receiver(raw=b"SSH-2.0-OpenSSH\r\n\r\n")
    with strange, pytest.raises(OutboundError, match="The answer was not HTTP"):
        outbound.post(strange.url, b"{}", {})
    with Receiver() as receiver, pytest.raises(OutboundError, match="could not be encrypted"):
        outbound.post(receiver.url.replace("http:", "https:"), b"{}", {})


@pytest.mark.usefixtures("near")
def test_one_line_serves_several_messages_over_one_connection() -> None:
    with Receiver() as receiver, outbound.line(receiver.url) as line:
        for number in range(5):
            line.post(str(number).encode(), {})
        assert [got.body for got in receiver.got] == [b"0", b"1", b"2", b"3", b"4"]
        assert receiver.connections == 1


@pytest.mark.usefixtures("near")
def test_the_certificate_is_asked_for_the_name_though_the_address_is_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import ssl

    from tests.receivers import certificate

    made = certificate(tmp_path, "siem.example.com")
    context = ssl.create_default_context(cafile=made)
    monkeypatch.setattr(outbound, "_ssl_context", lambda: context)
    Names(monkeypatch, [LOOPBACK])
    with Receiver(certificate=made) as receiver:
        port = receiver.url.rsplit(":", 1)[1].partition("/")[0]
        assert outbound.post(f"https://siem.example.com:{port}/", b"{}", {}).is_yes
        with pytest.raises(OutboundError, match="certificate does not hold"):
            outbound.post(f"https://other.example.com:{port}/", b"{}", {})
        assert receiver.names == ["siem.example.com", "other.example.com"]
