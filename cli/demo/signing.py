"""The demo's own approver: a key made as everybody makes theirs, and signatures made with it."""

from __future__ import annotations

from pathlib import Path

from inventory import reach
from inventory.approval import NAMESPACE
from inventory.errors import HoldfastError

_LIMIT_SECONDS = 60.0


def key_of(home: Path) -> Path:
    """Return where the demo keeps its approver's private key."""
    return home / "keys" / "approver"


def make_key(home: Path) -> str:
    """Make the approver's key and return its public half.

    Raises:
        HoldfastError: ssh-keygen is missing or cannot write there.
    """
    private = key_of(home)
    private.parent.mkdir(mode=0o700)
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f", str(private))
    made = reach.run(reach.Command(argv, limit=_LIMIT_SECONDS))
    if made.exit_code != 0:
        raise HoldfastError(f"ssh-keygen made no key: {made.stderr.strip()}", hint="install openssh-client")
    return private.with_suffix(".pub").read_text(encoding="ascii").strip()


def command(home: Path, text: Path) -> tuple[str, ...]:
    """Return the command that signs a text."""
    return ("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key_of(home)), str(text))
