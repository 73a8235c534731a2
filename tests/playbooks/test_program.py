"""What a program needs of a host is read from the file itself; anything that is none is refused by name."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import HoldfastError, RefusedError, UsageError
from playbooks import program
from tests import tools

PYTHON = Path(sys.executable).resolve()


@pytest.mark.restic
def test_restic_needs_at_most_the_c_library_and_this_machine_has_it_new_enough() -> None:
    found = program.describe(tools.require("restic"))
    assert found.machine == os.uname().machine
    assert len(found.sha256) == 64
    if found.libraries:
        ours = subprocess.run(
            ["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True
        ).stdout.split()[1]
        assert numbers(found.glibc) <= numbers(ours)
    else:
        assert found.glibc == ""


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_a_program_that_needs_more_than_the_c_library_is_refused() -> None:
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("ssh is not installed")
    with pytest.raises(RefusedError, match=r"libcrypto\.so\.\d+.*, which hosts may not have"):
        program.describe(Path(ssh))


def test_what_is_no_program_is_named(tmp_path: Path) -> None:
    script = tmp_path / "restic"
    with pytest.raises(UsageError, match="cannot be read"):
        program.describe(script)
    script.write_text("#!/bin/sh\n")
    with pytest.raises(UsageError, match="no program for a 64-bit Linux host: it is no 64-bit little-endian ELF file"):
        program.describe(script)
    script.write_bytes(PYTHON.read_bytes()[:18] + b"\xff\xff")
    with pytest.raises(UsageError, match="its machine 65535 is not known"):
        program.describe(script)


@given(cut=st.integers(0, 4096), at=st.integers(0, 4000), noise=st.binary(max_size=64))
def test_a_damaged_program_is_an_error_or_told_as_what_it_now_is_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, noise: bytes
) -> None:
    data = bytearray(PYTHON.read_bytes()[:8192])
    data[at : at + len(noise)] = noise
    file = tmp_path_factory.mktemp("program") / "restic"
    file.write_bytes(data[: len(data) - cut])
    with suppress(HoldfastError):
        assert program.describe(file).sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_program_whose_list_of_segments_is_gone_is_not_taken_for_a_static_one(tmp_path: Path) -> None:
    data = bytearray(PYTHON.read_bytes())
    data[21:33] = bytes(12)
    (tmp_path / "restic").write_bytes(data)
    with pytest.raises(UsageError, match="its header is damaged"):
        program.describe(tmp_path / "restic")
