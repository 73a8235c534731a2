from __future__ import annotations

from pathlib import Path

from cli.demo import spoil


def test_exactly_one_byte_of_every_data_file_changes_and_the_shelfs_mode_is_kept(tmp_path: Path) -> None:
    medium = tmp_path / "weekly-a"
    pack = medium / "edoc" / "data" / "ab" / "pack"
    pack.parent.mkdir(parents=True)
    pack.write_bytes(bytes(range(200)))
    pack.chmod(0o400)
    medium.chmod(0o000)
    said = spoil.damage(medium, "edoc")
    assert medium.stat().st_mode & 0o777 == 0o000
    medium.chmod(0o700)
    changed = [index for index, byte in enumerate(pack.read_bytes()) if byte != index]
    assert changed == [100]
    assert len(said) == 1
