from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import keys
from tests.inventory import signing

GOOD = {
    "ed25519": ("-t", "ed25519"),
    "p256": ("-t", "ecdsa", "-b", "256"),
    "p384": ("-t", "ecdsa", "-b", "384"),
    "p521": ("-t", "ecdsa", "-b", "521"),
    "rsa3072": ("-t", "rsa", "-b", "3072"),
}
# Keys that live on a security token; the public halves are written by hand, since a token is needed to make one.
TOKEN_ED25519 = [b"sk-ssh-ed25519@openssh.com", b"\x07" * 32, b"ssh:"]
TOKEN_P256 = [b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\x04" + b"\x07" * 64, b"ssh:"]


def written(parts: list[bytes]) -> str:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{parts[0].decode()} {base64.b64encode(blob).decode()} someone"


@pytest.mark.parametrize("kind", GOOD)
def test_a_key_made_by_ssh_keygen_is_read_with_the_fingerprint_ssh_keygen_shows(kind: str, tmp_path: Path) -> None:
    private = signing.key(tmp_path, kind, *GOOD[kind])
    read = keys.parse(signing.public(private))
    listed = subprocess.run(["ssh-keygen", "-l", "-f", f"{private}.pub"], capture_output=True, text=True, check=True)
    assert read.fingerprint == listed.stdout.split()[1]
    assert signing.public(private).startswith(read.line)


@pytest.mark.parametrize("parts", [TOKEN_ED25519, TOKEN_P256])
def test_keys_on_a_security_token_may_sign(parts: list[bytes]) -> None:
    assert keys.parse(written(parts)).kind == parts[0].decode()


def test_a_short_rsa_key_is_refused_with_its_size(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="RSA key of 2048 bits; at least 3072"):
        keys.parse(signing.public(signing.key(tmp_path, "short", "-t", "rsa", "-b", "2048")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no public key"),
        ("ssh-ed25519", "is no public key"),
        ("ssh-dss AAAA", "a key of the kind 'ssh-dss'"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "kinds that may sign"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n", "is no public key"),
        ("ssh-ed25519 !!!!", "no whole public key"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "no whole public key"),
        (written([b"ssh-ed25519", b"\x07" * 31]), "no whole public key"),
        (written([b"ssh-rsa", b"\x07" * 32]), "no whole public key"),
        (written([b"ecdsa-sha2-nistp256", b"nistp384", b"\x04" * 97]), "no whole public key"),
        ("ssh-rsa " + written([b"ssh-ed25519", b"\x07" * 32]).split()[1], "no whole public key"),
    ],
)
def test_what_is_no_key_that_may_sign_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        keys.parse(text)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(blob: bytes) -> None:
    try:
        parts = keys.fields(blob)
    except ValueError:
        return
    assert b"".join(len(part).to_bytes(4, "big") + part for part in parts) == blob
