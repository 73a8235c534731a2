from __future__ import annotations

from pathlib import Path

from inventory import mirror

SECRET = "$ANSIBLE_VAULT;1.1;AES256\n6162\n"


def put(root: Path, name: str, text: str = "x") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_an_inventory_without_encrypted_files_is_used_as_it_is(tmp_path: Path) -> None:
    put(tmp_path / "i", "a.yml", SECRET)  # a source itself; that is told elsewhere
    assert mirror.without_encrypted([tmp_path / "i"], tmp_path / "seen") == [tmp_path / "i"]
    assert not (tmp_path / "seen").exists()


def test_only_the_encrypted_files_are_left_out_and_the_inventory_stays_as_it_was(tmp_path: Path) -> None:
    for name in ("a.yml", "sub/b.yml", "group_vars/all/plain.yml", "host_vars/h.yml"):
        put(tmp_path / "i", name)
    for name in ("group_vars/all/vault.yml", "host_vars/s.yml"):
        put(tmp_path / "i", name, SECRET)
    before = names(tmp_path / "i")
    (seen,) = mirror.without_encrypted([tmp_path / "i"], tmp_path / "seen")
    assert seen.name == "i"
    assert (seen / "sub/b.yml").read_text() == "x"
    assert names(seen) | {"sub/b.yml"} == {"a.yml", "sub/b.yml", "group_vars/all/plain.yml", "host_vars/h.yml"}
    assert names(tmp_path / "i") == before


def test_beside_a_file_only_its_variables_are_linked(tmp_path: Path) -> None:
    put(tmp_path / "i", "hosts.ini")
    put(tmp_path / "i", "other.ini")
    put(tmp_path / "i", "group_vars/all.yml", SECRET)
    (seen,) = mirror.without_encrypted([tmp_path / "i/hosts.ini"], tmp_path / "seen")
    assert names(seen.parent) == {"hosts.ini"}


def test_what_cannot_be_read_is_not_called_encrypted(tmp_path: Path) -> None:
    assert not mirror.is_encrypted(tmp_path / "gone")


def test_what_is_encrypted_behind_a_link_is_left_out_too(tmp_path: Path) -> None:
    put(tmp_path, "i/a.yml")
    put(tmp_path, "elsewhere/all.yml", SECRET)
    (tmp_path / "i/group_vars").symlink_to(tmp_path / "elsewhere")
    (seen,) = mirror.without_encrypted([tmp_path / "i"], tmp_path / "seen")
    assert names(seen) == {"a.yml"}
