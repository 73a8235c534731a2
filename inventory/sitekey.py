"""The site's own SSH key: what Holdfast logs in with on hosts that name no other. It lies in the state directory."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from inventory import places, reach
from inventory.errors import HoldfastError
from inventory.site import Site
from inventory.system import Host

ACCOUNT = "holdfast"
"""The account Holdfast logs in as on a prepared host."""


def path(state: Path) -> Path:
    """Return where the private key of a state directory lies, whether it exists or not."""
    return state / "keys" / "ssh_ed25519"


def of(here: Site) -> Path | None:
    """Return the private key of a site, or None if it has none yet."""
    key = path(places.state_directory(here, os.environ))
    return key if key.is_file() else None


def key_file(host: Host, state: Path) -> str:
    """Return the private key to log in with: the host's own, else the site's if there is one, else empty."""
    return host.key_file or (str(path(state)) if path(state).is_file() else "")


def public(state: Path) -> str:
    """Return the public key as one line, making the pair (mode 0600, no passphrase) if there is none.

    Raises:
        HoldfastError: it cannot be made or read.
    """
    private = path(state)
    try:
        if not private.exists():
            _make(private)
        line = _keygen("-y", "-P", "", "-f", str(private)).strip()
        if not private.with_suffix(".pub").exists():
            private.with_suffix(".pub").write_text(f"{line}\n", encoding="utf-8")
    except OSError as error:
        raise HoldfastError(
            f"the site's SSH key {private} cannot be made or read: {error.strerror}", hint=f"ls -l {private.parent}"
        ) from error
    return " ".join(line.split()[:2])


def _make(private: Path) -> None:
    """Make a private key beside its place; it never takes another's place."""
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".ssh-", dir=private.parent) as directory:
        made = Path(directory) / "key"
        _keygen("-q", "-t", "ed25519", "-N", "", "-C", f"{ACCOUNT}@{os.uname().nodename}", "-f", str(made))
        with suppress(FileExistsError):
            private.hardlink_to(made)


def _keygen(*options: str) -> str:
    done = reach.run(reach.Command(("ssh-keygen", *options), limit=60))
    if done.exit_code != 0:
        said = " ".join(done.stderr.split())[:300]
        raise HoldfastError(f"the site's SSH key cannot be used: {said}", hint=f"ssh-keygen -l -f {options[-1]}")
    return done.stdout
