"""The signing key of a site's checkpoints: files beside the ledger, outside its database."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger import durable
from ledger.errors import CheckpointError, LedgerError
from ledger.ledger import Ledger

ROTATED, REPLACED = "ledger.key.rotated", "ledger.key.replaced"


def fingerprint(public_key: Ed25519PublicKey) -> str:
    """Return a key's fingerprint, the same that `ssh-keygen -lf` prints for it."""
    blob = base64.b64decode(public_text(public_key).split()[1])
    digest = hashes.Hash(hashes.SHA256())
    digest.update(blob)
    return "SHA256:" + base64.b64encode(digest.finalize()).decode().rstrip("=")


def public_text(public_key: Ed25519PublicKey) -> str:
    """Write a public key as one line of OpenSSH's form."""
    encoded = public_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return encoded.decode() + " holdfast-checkpoint\n"


def read_public(file: Path) -> Ed25519PublicKey:
    """Read a public key file.

    Raises:
        LedgerError: it cannot be read.
        CheckpointError: it is not an Ed25519 public key.
    """
    try:
        return parse_public(content(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CheckpointError(f"{file} is not an Ed25519 public key") from error


def parse_public(text: bytes) -> Ed25519PublicKey:
    """Read a public key as `public_text` writes it.

    Raises:
        ValueError, UnsupportedAlgorithm: it is none.
    """
    key = serialization.load_ssh_public_key(text)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004
    return key


def public_file(state_directory: Path) -> Path:
    """Return where the public key lies beside the ledger."""
    return state_directory / "keys" / "checkpoint.pub"


def private_file(state_directory: Path) -> Path:
    """Return where the signing key lies."""
    return state_directory / "keys" / "checkpoint.ed25519"


def next_file(state_directory: Path) -> Path:
    """Return where a key lies that is about to take over."""
    return state_directory / "keys" / "checkpoint.next"


def private_key(state_directory: Path) -> Ed25519PrivateKey:
    """Return the site's signing key, made with mode 0600 the first time.

    Raises:
        LedgerError: it cannot be made or read.
        CheckpointError: it is no such key, or others may read it.
    """
    file, public = private_file(state_directory), public_file(state_directory)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            make_key(file)
        key = load(file)
        if not public.exists():
            durable.write(public, public_text(key.public_key()).encode())
    except OSError as error:
        raise LedgerError(
            f"the signing key {file} cannot be used: {error.strerror}",
            hint="the state directory must be writable for this user",
        ) from error
    return key


def load(file: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        OSError: it cannot be read.
        CheckpointError: it is no such key, or others may read it.
    """
    if file.stat().st_mode & 0o077:
        raise CheckpointError(f"others may read {file}", hint=f"chmod 600 {file}")
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        raise CheckpointError(
            f"{file} is damaged", hint="bring it back from a copy; or: holdfast ledger key rotate --lost"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointError(f"{file} is not an Ed25519 key")
    return key


def make_key(file: Path) -> None:
    """Write a new private key with mode 0600, unless another process was first: then theirs counts."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        durable.write(file, pem, mode=0o600, replace=False)
    except FileExistsError:
        return


def content(file: Path) -> bytes:
    """Return what is in a file that was kept outside.

    Raises:
        LedgerError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise LedgerError(f"{file} cannot be read: {error.strerror}", hint="look at the path") from error


def settle(ledger: Ledger, state_directory: Path, *, forget: bool = False) -> None:
    """Finish a rotation that is on record; `forget` one that is not (only for who holds the lease of the key).

    Raises:
        LedgerError: the key files cannot be changed.
    """
    upcoming = next_file(state_directory)
    if not upcoming.exists():
        return
    public = public_text(load(upcoming).public_key())
    on_record = any(record.body.get("new_public") == public for record in ledger.read(kinds=[ROTATED, REPLACED]))
    with told(state_directory):
        if on_record:
            _take_over(state_directory, public)
        elif forget:
            upcoming.unlink()


def retired(state_directory: Path) -> list[Path]:
    """Return the public keys that were replaced, as files beside the ledger."""
    return sorted((state_directory / "keys").glob("retired-*.pub"))


def _take_over(state_directory: Path, public: str) -> None:
    """Put the new key in place; what remains of the old one is its public half."""
    current, old = public_file(state_directory), b""
    if current.exists() and (old := current.read_bytes()) != public.encode():
        name = fingerprint(read_public(current)).removeprefix("SHA256:")
        safe = name.replace("/", "_").replace("+", "-")
        durable.write(current.with_name(f"retired-{safe}.pub"), old)
    durable.write(current, public.encode())
    with suppress(FileNotFoundError):  # another process finished it in this moment
        next_file(state_directory).replace(private_file(state_directory))
    durable.sync_directory(current.parent)


@contextmanager
def told(state_directory: Path) -> Iterator[None]:
    """Turn what the file system says of the keys into ours."""
    place = state_directory / "keys"
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield
    except OSError as error:
        raise LedgerError(
            f"the keys in {place} cannot be changed: {error.strerror}",
            hint="the state directory must be writable for this user; run the command again to finish",
        ) from error
