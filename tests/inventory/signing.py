"""Keys and signatures by the real ssh-keygen, as an approver makes them: without Holdfast, without a network."""

from __future__ import annotations

import subprocess
from pathlib import Path

from inventory.approval import NAMESPACE, Request
from tests import tools

ED25519 = ("-t", "ed25519")


def key(folder: Path, name: str, *kind: str) -> Path:
    """Make a key pair and return the private one's file; `.pub` lies beside it."""
    program = tools.require("ssh-keygen")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    argv = [str(program), "-q", *(kind or ED25519), "-N", "", "-C", f"{name}@holdfast.test", "-f", str(file)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return file


def public(private: Path) -> str:
    return private.with_suffix(".pub").read_text().strip()


def sign(private: Path, request: Request, *, into: Path | None = None, namespace: str = NAMESPACE) -> Path:
    """Sign a request's text; return the signature's file, the text lies beside it."""
    return sign_text(private, request.text(), into or private.parent / f"by-{private.name}", namespace)


def sign_text(private: Path, text: bytes, folder: Path, namespace: str = NAMESPACE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "text"
    file.write_bytes(text)
    signature = file.with_suffix(".sig")
    signature.unlink(missing_ok=True)
    argv = [str(tools.require("ssh-keygen")), "-Y", "sign", "-n", namespace, "-f", str(private), str(file)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return signature
