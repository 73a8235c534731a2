"""Damage done to repositories on purpose."""

from __future__ import annotations

from pathlib import Path


def spoil_a_pack(repository: Path, *, all_of_them: bool = False) -> None:
    """Flip one bit in the middle of the largest data file (or a bit in each hundred bytes of every one)."""
    packs = sorted(
        (path for path in (repository / "data").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    for pack in packs if all_of_them else packs[-1:]:
        content = bytearray(pack.read_bytes())
        for place in range(0, len(content), 100) if all_of_them else [len(content) // 3]:
            content[place] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)
