"""Damage an offline copy the way a bad disk does: a few bytes changed, nothing else."""

from __future__ import annotations

from pathlib import Path


def damage(medium: Path, system: str) -> list[str]:
    """Flip bytes in the middle of every data file of a system's repository on a medium; return what was done."""
    mode = medium.stat().st_mode
    medium.chmod(0o700)
    said = []
    try:
        for pack in sorted(path for path in (medium / system / "data").rglob("*") if path.is_file()):
            pack.chmod(0o600)
            with pack.open("r+b") as content:
                content.seek(pack.stat().st_size // 2)
                byte = content.read(1)
                content.seek(-1, 1)
                content.write(bytes([byte[0] ^ 0xFF]))
            said.append(f"{system}: one byte changed in {pack.name[:12]}…")
    finally:
        medium.chmod(mode)
    return said
