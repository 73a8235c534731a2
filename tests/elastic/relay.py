"""Something between Holdfast and a real node: TLS, an API key, and a network that loses answers when told to."""

from __future__ import annotations

import datetime
import gzip
import http.client
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.elastic.cluster import Node


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    body: Any
    authorization: str | None


class Relay:
    """Passes requests on to a node; `before` and `after` may break a request off by returning True."""

    def __init__(self, node: Node, key: str, refusal: int) -> None:
        self.node = node
        self.key = key
        self.refusal = refusal
        self.url = ""
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], bool] = lambda _: False
        self.after: Callable[[Asked], bool] = lambda _: False

    def lose_one(self, path: str) -> None:
        """Lose the next answer to a request for a path: the node has done what it was asked."""
        left = [path]

        def lost(asked: Asked) -> bool:
            return bool(left) and asked.path.startswith(left[0]) and left.pop() is not None

        self.after = lost


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet, not two with a pause between

        def _pass_on(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            plain = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
            body: Any = None
            with suppress(ValueError):
                body = json.loads(plain)
            asked = Asked(self.command, self.path, body, self.headers.get("Authorization"))
            relay.asked.append(asked)
            if relay.before(asked):
                return self._break_off()
            if relay.key and asked.authorization != f"ApiKey {relay.key}":
                return self._answer(relay.refusal, b'{"error":{"type":"security_exception","reason":"unknown"}}', {})
            node = http.client.HTTPConnection(relay.node.url.removeprefix("http://"), timeout=60)
            kept = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "authorization")
            }
            node.request(self.command, self.path, raw, kept)
            said = node.getresponse()
            content = said.read()
            if relay.after(asked):
                return self._break_off()
            return self._answer(said.status, content, {name.lower(): value for name, value in said.getheaders()})

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on  # noqa: N815

        def _break_off(self) -> None:
            self.close_connection = True

        def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | headers).items():
                if name not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def relay(node: Node, *, key: str = "", refusal: int = 401, certificate: Path | None = None) -> Iterator[Relay]:
    """Have a relay to a node, for one API key (any other: `refusal`); with a certificate over TLS."""
    made = Relay(node, key, refusal)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that trusts nobody hangs up
    made.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def certificate(file: Path, address: str) -> Path:
    """Write a certificate for an address that signs itself, its key beside it, and return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Elasticsearch of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.with_suffix(".key").write_bytes(key.private_bytes(*form))
    return file
