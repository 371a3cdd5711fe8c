"""A real name server on loopback, for the TXT records of tests: dnspython's messages over UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@dataclass
class NameServer:
    """`records` by name; a name with no record does not exist; `silent` answers nothing at all.

    `raw` is one record as it stands in a zone's file.
    """

    port: int = 0
    records: dict[str, list[str]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: bool = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        texts = self.records.get(name)
        said = [f'"{text}"' for text in texts or ()]
        if name in self.raw:
            said = [self.raw[name]]
        if texts is None and not said:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif said:
            reply.answer.append(
                dns.rrset.from_text_list(query.question[0].name, 60, "IN", "TXT", said)
            )
        return reply.to_wire()


@contextmanager
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        place.settimeout(0.1)
        server.port = place.getsockname()[1]
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    wire, sender = place.recvfrom(4096)
                except TimeoutError:
                    continue
                reply = server.answer(wire)
                if reply is not None:
                    place.sendto(reply, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            thread.join()
