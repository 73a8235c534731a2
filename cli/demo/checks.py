"""Four checks with tools that are not ours, to paste after the demo."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from pathlib import Path

from backup.restic import find
from cli.demo.district import MEDIUM

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
    shelf, name = home / "shelf" / MEDIUM, shlex.quote
    programs = Path(sys.executable).parent
    restic = name(find(os.environ, Path(__file__).resolve().parents[2]))
    password = name(str(home / "state" / "keys" / "medium" / MEDIUM / "edoc"))
    whose = "restored documents, sums taken before the attack" if attacked else "documents"
    return [
        f"(chmod 700 {name(str(shelf))} && {restic} -r {name(str(shelf / 'edoc'))} --no-lock --no-cache"
        f" --password-file {password} check --read-data; said=$?; chmod 000 {name(str(shelf))}; exit $said)",
        f"{programs / 'ansible'} -i {name(str(home / 'site' / 'inventory'))} --list-hosts all",
        f"sha256sum --quiet -c {name(str(home / SUMS))}    # {whose}",
        f"{programs / 'holdfast'} --site {name(str(home / 'site'))} ledger verify"
        f" --against {name(str(home / 'paper' / 'checkpoint.json'))}",
    ]
