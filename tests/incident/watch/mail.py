"""A mail server small enough to read: takes what it is given and keeps it; with a certificate it speaks STARTTLS."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from pathlib import Path
from types import TracebackType


class MailServer(socketserver.ThreadingTCPServer):
    """Listens at `address`; `taken` are the messages, `logins` what was tried as user and password, `encrypted` whether
    each message came over TLS. `refuse` answers every recipient with 550."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1", certificate: Path | None = None, *, refuse: bool = False) -> None:
        super().__init__((address, 0), _Session)
        self.taken: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.refuse = refuse
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def __enter__(self) -> MailServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._secure = False
        self._say("220 ready")
        while line := self.rfile.readline():
            word, _, rest = line.decode(errors="replace").strip().partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            self._answer(word.upper(), rest)

    def _answer(self, word: str, rest: str) -> None:
        match word:
            case "EHLO":
                more = ["250-STARTTLS"] if self.server.context and not self._secure else []
                self._say("\r\n".join(["250-here", *more, "250 AUTH PLAIN"]))
            case "STARTTLS" if self.server.context:
                self._say("220 go on")
                self._encrypt()
            case "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                self.server.logins.append((user, password))
                self._say("235 well" if password == "right" else "535 wrong")
            case "RCPT" if self.server.refuse:
                self._say("550 nobody of that name")
            case "DATA":
                self._say("354 go on")
                self._take()
            case _:
                self._say("250 well")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.decode(errors="replace").rstrip("\r\n").removeprefix("."))
        self.server.taken.append("\n".join([*lines, ""]))
        self.server.encrypted.append(self._secure)
        self._say("250 taken")

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.setup()
        self._secure = True

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


def certificate(folder: Path, address: str) -> Path:
    """Make a certificate for an address that signs itself; the file holds key and certificate."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "mail.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file
