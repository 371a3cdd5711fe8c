"""Requests to a server, as fast as it answers them, from a process of its own.

`python -m tests.bench.load` reads one order a line, as JSON, and answers each with what came of it.
It knows nothing of Bailiwick and imports nothing heavy.
"""

from __future__ import annotations

import base64
import json
import selectors
import socket
import sys
import time
from itertools import cycle
from typing import Any

END = b"\r\n\r\n"


class Line:
    """One connection that is kept, with at most one request on its way."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.came = b""

    def answer(self) -> tuple[bytes, bytes] | None:
        """Head and body, as soon as all of it is there."""
        said = self.socket.recv(65536)
        if not said:
            raise SystemExit("The server closed a connection.")
        self.came += said
        head, found, body = self.came.partition(END)
        if not found or len(body) < _length(head):
            return None
        self.came = b""
        return head, body


def _length(head: bytes) -> int:
    low = head.lower()
    start = low.index(b"content-length:") + 15
    end = low.find(b"\r\n", start)
    return int(low[start : end if end >= 0 else None])


def drive(
    host: str, port: int, asked: list[bytes], expected: bytes, lines: int, seconds: float
) -> dict[str, Any]:
    """As many requests in turn as are answered in this time, over so many connections."""
    turn = cycle(asked)
    count, deadline = 0, time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for _ in range(lines):
            line = Line(host, port)
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.socket.sendall(next(turn))
        started, open_lines = time.perf_counter(), lines
        while open_lines:
            for key, _ in selector.select(20):
                line = key.data
                answer = line.answer()
                if answer is None:
                    continue
                head, body = answer
                if b" 200 " not in head[:20] or expected not in body:
                    return {"wrong": (head[:300] + END + body[:300]).decode("latin-1")}
                count += 1
                if time.perf_counter() < deadline:
                    line.socket.sendall(next(turn))
                else:
                    selector.unregister(line.socket)
                    line.socket.close()
                    open_lines -= 1
    return {"count": count, "seconds": time.perf_counter() - started}


def main() -> None:
    kinds: dict[str, tuple[list[bytes], bytes]] = {}
    for text in sys.stdin:
        order = json.loads(text)
        if "asked" in order:
            asked = [base64.b64decode(one) for one in order["asked"]]
            kinds[order["kind"]] = (asked, order["expected"].encode())
            said: dict[str, Any] = {}
        else:
            said = drive(
                order["host"],
                order["port"],
                *kinds[order["kind"]],
                lines=order["lines"],
                seconds=order["seconds"],
            )
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
