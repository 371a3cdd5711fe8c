"""A receiver of webhooks on loopback, good or bad, in a thread of its own."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class Got:
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with `status` and `text`; `then` may say another status for each message."""

    def __init__(
        self,
        *,
        status: int = 200,
        text: str = "ok",
        location: str = "",
        retry_after: str = "",
        encoding: str = "",
        drip: str = "",
        huge: bool = False,
        raw: bytes = b"",
        certificate: str = "",
        then: Callable[[Got], int] | None = None,
    ) -> None:
        self.status, self.text, self.location, self.encoding = status, text, location, encoding
        self.retry_after = retry_after
        self.drip, self.huge, self.raw, self.then = drip, huge, raw, then
        self.got: list[Got] = []
        self.names: list[str] = []
        self.connections = self.sent = 0
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.sni_callback = lambda sock, name, _: self.names.append(str(name))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 0
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got = Got({name.lower(): value for name, value in self.headers.items()}, body)
            status = receiver.then(got) if receiver.then else receiver.status
            receiver.got.append(got)
            try:
                self._answer(status)
            except OSError:
                self.close_connection = True

        def _answer(self, status: int) -> None:
            if receiver.raw:
                self.wfile.write(receiver.raw)
                self.close_connection = True
                return
            text = receiver.text.encode()
            if receiver.drip == "head":
                self._drip(f"HTTP/1.1 {status} Slow\r\nContent-Length: 9\r\n\r\n".encode() * 9)
                return
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            if receiver.retry_after:
                self.send_header("Retry-After", receiver.retry_after)
            if receiver.encoding:
                self.send_header("Content-Encoding", receiver.encoding)
            length = 10**9 if receiver.huge or receiver.drip else len(text)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if receiver.drip:
                self._drip(b"x" * 1000)
            elif receiver.huge:
                for _ in range(10**9 // len(text)):
                    receiver.sent += self.wfile.write(text * 100)
            else:
                self.wfile.write(text)

        def _drip(self, text: bytes) -> None:
            for byte in text:
                if receiver.stopped.is_set():
                    return
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def certificate(folder: Path, name: str) -> str:
    """The path of a certificate for this name, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)
