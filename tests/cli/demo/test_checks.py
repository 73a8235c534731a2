from __future__ import annotations

import hashlib
from pathlib import Path

from cli.demo import checks


def test_sums_are_of_the_filed_documents_in_the_form_sha256sum_reads(tmp_path: Path) -> None:
    folder = tmp_path / "hosts" / "documents-1" / "srv" / "edoc" / "files" / "2026"
    folder.mkdir(parents=True)
    (folder / "dossier-0001.odt").write_bytes(b"x")
    (folder / "memo.txt").write_bytes(b"changes every second")
    assert checks.write_sums(tmp_path) == 1
    line = f"{hashlib.sha256(b'x').hexdigest()}  {folder / 'dossier-0001.odt'}\n"
    assert (tmp_path / checks.SUMS).read_text() == line


def test_each_command_uses_another_tool_and_names_absolute_places(tmp_path: Path) -> None:
    commands = checks.commands(tmp_path, attacked=True)
    assert [
        word in command
        for word, command in zip(("restic", "ansible", "sha256sum", "ledger verify"), commands, strict=True)
    ]
    assert all(str(tmp_path) in command for command in commands)
