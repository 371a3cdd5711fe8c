"""The way to a server on this very machine, and one thread's connection to it."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from projects.replay.trace import ReplayError

_TIMES = 6
_TIMEOUT = 30
_LOST = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


def loopback(url: str) -> Address:
    """Where to send to. Raises ReplayError for anything but this very machine.

    A replay spends money and sends a key: another address would be a mistake.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme != "http" or parts.username or not host:
        raise ReplayError(f"{url} is no address like http://127.0.0.1:8000.")
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise ReplayError(f"{host} is not known here: {error.strerror or error}") from error
    if not all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found):
        raise ReplayError(f"{host} is not this machine: a trace is replayed on loopback alone.")
    return Address(sorted(found)[0], port)


class Platform:
    """One thread's connection to the interface, kept open."""

    def __init__(self, address: Address, token: str) -> None:
        self.address, self.token = address, token
        self._connection = self._new()

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            self.address.host, self.address.port, timeout=_TIMEOUT, blocksize=65536
        )

    def post(
        self, path: str, said: Mapping[str, Any], **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """The answer, asked for again where the connection or the server broke down.

        Raises ReplayError where it stays so.
        """
        sent = json.dumps(said)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        for times in range(_TIMES):
            try:
                self._connection.request("POST", path, sent, headers)
                answer = self._connection.getresponse()
                text = answer.read()
                is_busy = answer.status in (409, 503) and answer.getheader("Retry-After")
                if not is_busy or times == _TIMES - 1:
                    return answer.status, json.loads(text)
            except ValueError:
                raise ReplayError(f"{path} did not answer with JSON: is this Bailiwick?") from None
            except _LOST as error:
                self.close()
                self._connection = self._new()
                if times == _TIMES - 1:
                    raise ReplayError(f"The server does not answer: {error}") from error
            time.sleep(0.1 * 2**times)
        raise AssertionError("The loop returns or raises.")

    def close(self) -> None:
        self._connection.close()
