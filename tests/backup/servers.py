"""Real servers with restic repositories, for tests: Debian's rest-server, append-only, behind a password."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inventory.vaults import VaultPlace
from tests import tools

USER, PASSWORD = "holdfast", "door-secret"


@contextmanager
def rest_server(root: Path, *, tls: bool = False, port: int = 0, address: str = "127.0.0.1") -> Iterator[VaultPlace]:
    """Run a server on `root`/repositories; yields where it is and how to get in."""
    (root / "repositories").mkdir(parents=True, exist_ok=True)
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
    (root / "htpasswd").write_text(f"{USER}:{{SHA}}{digest}\n")
    (root / "password").write_text(PASSWORD)
    (root / "password").chmod(0o600)
    words = [tools.require("rest-server"), "--append-only", "--path", root / "repositories"]
    words += ["--htpasswd-file", root / "htpasswd", "--listen", f"{address}:{port}"]
    if tls:
        certify(root, address)
        words += ["--tls", "--tls-cert", root / "ca.pem", "--tls-key", root / "key.pem"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield VaultPlace(
            rest=f"{'https' if tls else 'http'}://{address}:{_port(process)}/",
            user=USER,
            password_file=root / "password",
            ca_file=root / "ca.pem" if tls else None,
        )
    finally:
        process.terminate()
        process.communicate()


def _port(process: subprocess.Popen[str]) -> int:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if found := re.search(r"start server on .*:(\d+)", line):
            return int(found[1])
    raise AssertionError(f"the server did not start: {said}")


def certify(folder: Path, address: str = "127.0.0.1") -> None:
    """Leave a certificate for an address that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
