"""The only way out to addresses that people typed: checked, pinned, and short of patience.

A name is looked up once, every address that it leads to must be public, and the connection goes
to those very addresses, so that a name which answers differently the next time gains nothing. No
redirect is followed, no proxy asked, nothing unpacked. Which addresses are public is in
`addresses.py`; what is sent, and to whom, is not known here.
"""

from __future__ import annotations

import datetime
import email.utils
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore
from django.conf import settings

from config.addresses import Address, AddressError, is_public, parse
from config.text import plain_line

SECONDS = 15.0
SECONDS_FOR_A_NAME = 5.0
# Once it is said that all went well, the rest of the answer is only read for politeness.
SECONDS_AFTER_YES = 2.0
MOST_READ = 64 * 1024
SHOWN = 200
# Whoever asks to be left alone for longer is asked again after this long.
LONGEST_WAIT = 24 * 3600
_CHUNK = 4096

# The system's own look-up knows no end of patience; this many may hang before others wait for them.
_LOOKUPS = ThreadPoolExecutor(32, thread_name_prefix="lookup")


class OutboundError(Exception):
    """Nobody answered as they should have; the words are for who set the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the text without unseen characters, and for how
    many seconds whoever answered wants to be left alone (`Retry-After`).
    """

    status: int
    text: str
    wait: int = 0

    @property
    def is_yes(self) -> bool:
        return 200 <= self.status < 300


def check(url: str) -> Address:
    """May this be reached, now? Looks the name up. Raises AddressError."""
    address = parse(url, private=settings.WEBHOOK_ALLOW_PRIVATE)
    _looked_up(address)
    return address


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float = SECONDS) -> Answer:
    """One message to one address. Raises AddressError, OutboundError."""
    with line(url) as opened:
        return opened.post(body, headers, timeout=timeout)


@contextmanager
def line(url: str) -> Iterator[Line]:
    """A line to one address, for a few messages one after the other. Raises AddressError."""
    address = parse(url, private=settings.WEBHOOK_ALLOW_PRIVATE)
    opened = Line(address, _looked_up(address))
    try:
        yield opened
    finally:
        opened.close()


class Line:
    """Speaks to the addresses that were checked when it was opened, and to no others."""

    def __init__(self, address: Address, checked: Sequence[str]) -> None:
        self._clock = _Clock()
        self._host = address.origin.partition("://")[2]
        self._url = httpcore.URL(
            scheme=address.scheme.encode(),
            host=address.host.encode(),
            port=address.port,
            target=address.target.encode(),
        )
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=1,
            keepalive_expiry=SECONDS,
            network_backend=_Pinned(checked, self._clock),
        )

    def post(self, body: bytes, headers: Mapping[str, str], *, timeout: float = SECONDS) -> Answer:
        """Send and hear the answer, all within `timeout` seconds. Raises OutboundError."""
        self._clock.start(timeout)
        # A packed answer would be one of any size.
        said = [("Host", self._host), *headers.items(), ("Accept-Encoding", "identity")]
        try:
            with self._pool.stream("POST", self._url, headers=said, content=body) as response:
                wait = _asked_to_wait(response.headers)
                return Answer(response.status, self._beginning(response), wait)
        except (httpcore.TimeoutException, httpcore.NetworkError) as error:
            raise OutboundError(_why(error, timeout)) from error
        except httpcore.ProtocolError as error:
            raise OutboundError("The answer was not HTTP.") from error

    def close(self) -> None:
        self._pool.close()

    def _beginning(self, response: httpcore.Response) -> str:
        """No more than is bearable; a receiver that said yes may break off after that."""
        is_yes = 200 <= response.status < 300
        if is_yes:
            self._clock.shorten(SECONDS_AFTER_YES)
        read = b""
        try:
            for chunk in response.iter_stream():
                read += chunk
                if len(read) >= MOST_READ:
                    break
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            if not is_yes:
                raise
        return plain_line(read[: SHOWN * 8].decode(errors="replace"))[:SHOWN]


def _looked_up(address: Address) -> list[str]:
    """The addresses behind a host. Raises AddressError unless every one of them is public."""
    if address.literal:
        return [address.literal]
    asked = _LOOKUPS.submit(
        socket.getaddrinfo,
        address.host,
        address.port,
        type=socket.SOCK_STREAM,
        proto=socket.IPPROTO_TCP,
    )
    try:
        found = [str(row[4][0]) for row in asked.result(SECONDS_FOR_A_NAME)]
    except (OSError, UnicodeError, TookTooLong):
        found = []
    if not found:
        raise AddressError(
            "unresolved", f"Nothing is known under {address.host}: check the name, then try again."
        )
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(map(is_public, found)):
        # Which address it is would tell a stranger how the network is laid out.
        raise AddressError(
            "private", f"{address.host} leads into a private network: use a public address."
        )
    return list(dict.fromkeys(found))


class _Clock:
    """How long one message may still take, in all that it does."""

    def __init__(self) -> None:
        self._end = 0.0

    def start(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def shorten(self, seconds: float) -> None:
        self._end = min(self._end, time.monotonic() + seconds)

    def left(self) -> float:
        """Never nothing: a socket without time would wait for ever."""
        return max(self._end - time.monotonic(), 0.001)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end


class _Pinned(httpcore.NetworkBackend):
    """Connects to what was checked, whatever the host is called; TLS still asks for its name."""

    def __init__(self, checked: Sequence[str], clock: _Clock) -> None:
        self._checked, self._clock = checked, clock
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for place in self._checked:
            if self._clock.is_over:
                break
            try:
                stream = self._sockets.connect_tcp(place, port, timeout=self._clock.left())
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Timed(stream, self._clock)
        raise failed or httpcore.ConnectTimeout


class _Timed(httpcore.NetworkStream):
    """A stream on which every step takes from the same time: slow drips do not add up."""

    def __init__(self, inner: httpcore.NetworkStream, clock: _Clock) -> None:
        self._inner, self._clock = inner, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._clock.is_over:
            raise httpcore.ReadTimeout
        return self._inner.read(max_bytes, timeout=self._clock.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            if self._clock.is_over:
                raise httpcore.WriteTimeout
            self._inner.write(buffer[start : start + _CHUNK], timeout=self._clock.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout=self._clock.left())
        return _Timed(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _asked_to_wait(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """In seconds or as a date; nothing for what is neither."""
    said = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    text = said.decode("latin-1").strip()
    seconds = int(text[:9]) if text.isascii() and text.isdigit() else _seconds_until(text)
    return min(max(seconds, 0), LONGEST_WAIT)


def _seconds_until(date: str) -> int:
    try:
        then = email.utils.parsedate_to_datetime(date)
        return round(then.timestamp() - datetime.datetime.now(datetime.UTC).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def _why(error: Exception, timeout: float) -> str:
    # The pool raises anew, and only the context says what happened underneath.
    cause = error.__context__
    if isinstance(error, httpcore.ConnectTimeout):
        return f"No connection within {timeout:g} seconds."
    if isinstance(error, httpcore.TimeoutException):
        return f"No answer within {timeout:g} seconds."
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate does not hold: {plain_line(cause.verify_message)[:SHOWN]}."
    if isinstance(cause, ssl.SSLError):
        return "The connection could not be encrypted (TLS)."
    if isinstance(cause, ConnectionRefusedError):
        return "The connection was refused."
    if isinstance(error, httpcore.ConnectError):
        return "The address could not be reached."
    return "The connection broke off."
