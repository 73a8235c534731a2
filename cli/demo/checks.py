"""Four checks with tools that are not ours, to paste after the demo."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from pathlib import Path

from backup.restic import find
from cli.demo.driver import MEDIUM

SUMS = "before-the-attack.sha256"


def write_sums(home: Path) -> int:
    """Write the checksums of the filed documents as they are now; return how many."""
    files = home / "hosts" / "documents-1" / "srv" / "edoc" / "files"
    dossiers = sorted(path for path in files.rglob("dossier-*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}\n" for path in dossiers]
    (home / SUMS).write_text("".join(lines))
    return len(lines)


def commands(home: Path, *, attacked: bool) -> list[str]:
    """Return the commands, each ready to paste; the medium lies detached, so the first takes it off its shelf."""
    shelf = home / "shelf" / MEDIUM
    password = home / "state" / "keys" / MEDIUM / "edoc"
    restic = find(os.environ, Path(__file__).resolve().parents[2])
    sums = f"sha256sum --quiet -c {shlex.quote(str(home / SUMS))}"
    return [
        f"chmod 700 {shlex.quote(str(shelf))} && {restic} -r {shlex.quote(str(shelf / 'edoc'))} --no-lock --no-cache"
        f" --password-file {shlex.quote(str(password))} check --read-data; chmod 000 {shlex.quote(str(shelf))}",
        f"{Path(sys.executable).parent / 'ansible'} -i {shlex.quote(str(home / 'site' / 'inventory'))} --list-hosts all",
        f"{sums}    # {'the restored documents, against sums taken before the attack' if attacked else 'the documents'}",
        f"{Path(sys.executable).parent / 'holdfast'} --site {shlex.quote(str(home / 'site'))} ledger verify"
        f" --against {shlex.quote(str(home / 'paper' / 'checkpoint.json'))}",
    ]
