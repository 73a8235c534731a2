from __future__ import annotations

from pathlib import Path

import pytest

from backup import errors
from backup.restic import Restic, find
from backup.restic_command import Repository
from inventory.errors import ExitCode, MissingToolError
from tests import tools
from tests.backup.world import SYSTEM, World


def fake(tmp_path: Path, script: str, version: str = "0.18.0") -> Path:
    """A program that answers to `version` and runs `script` for anything else."""
    program = tmp_path / "restic"
    said = '{"message_type":"version","version":"' + version + '"}'
    program.write_text(f"#!/bin/sh\nif [ \"$1\" = version ]; then echo '{said}'; exit 0; fi\n{script}\n")
    program.chmod(0o755)
    return program


def repository(tmp_path: Path) -> Repository:
    return Repository(str(tmp_path / "repository"), b"the-secret")


def test_the_named_program_comes_first_then_the_checkout_then_the_path(tmp_path: Path) -> None:
    assert find({"HOLDFAST_RESTIC": "/opt/restic"}, tmp_path) == "/opt/restic"
    assert find({}, tmp_path) == "restic"
    (tmp_path / ".tools").mkdir()
    (tmp_path / ".tools" / "restic").touch()
    assert find({}, tmp_path) == "restic", "without pyproject.toml it is no checkout"
    (tmp_path / "pyproject.toml").touch()
    assert find({}, tmp_path) == str(tmp_path / ".tools" / "restic")


def test_a_missing_restic_is_named_and_exits_2(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="restic is missing") as caught:
        Restic(str(tmp_path / "nowhere"), tmp_path)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "make restic" in caught.value.hint


@pytest.mark.parametrize("version", ["0.14.0", "0.16.4", "0.9.6"])
def test_an_old_restic_is_named_and_exits_2(tmp_path: Path, version: str) -> None:
    with pytest.raises(MissingToolError, match=r"too old; 0\.17"):
        Restic(str(fake(tmp_path, "", version)), tmp_path)


@pytest.mark.parametrize("version", ["0.17.0", "0.19.1-dev", "1.0.0"])
def test_a_new_enough_restic_is_taken(tmp_path: Path, version: str) -> None:
    assert Restic(str(fake(tmp_path, "", version)), tmp_path).version == version


def test_the_plain_words_of_0_14_are_understood_as_too_old(tmp_path: Path) -> None:
    program = tmp_path / "restic"
    program.write_text("#!/bin/sh\necho 'restic 0.14.0 compiled with go1.19.3 on linux/amd64'\n")
    program.chmod(0o755)
    with pytest.raises(MissingToolError, match=r"restic 0\.14 .* too old"):
        Restic(str(program), tmp_path)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (10, errors.RepositoryMissingError),
        (11, errors.RepositoryLockedError),
        (12, errors.WrongPasswordError),
        (130, errors.ResticError),
        (1, errors.ResticError),
        (77, errors.ResticError),
    ],
)
def test_each_exit_code_is_a_named_error_and_an_unknown_one_a_failure(
    tmp_path: Path, code: int, error: type[errors.ResticError]
) -> None:
    restic = Restic(str(fake(tmp_path, f"exit {code}")), tmp_path)
    with pytest.raises(error) as caught:
        restic.snapshots(repository(tmp_path))
    assert caught.value.exit_code == ExitCode.UNFINISHED


def test_a_backup_that_ends_with_0_and_no_snapshot_is_a_failure(tmp_path: Path) -> None:
    restic = Restic(str(fake(tmp_path, "exit 0")), tmp_path)
    with pytest.raises(errors.AnswerError, match="without a snapshot"):
        restic.backup(repository(tmp_path), [tmp_path], host="h", tags=[])


def test_a_message_of_a_new_type_is_a_failure(tmp_path: Path) -> None:
    restic = Restic(str(fake(tmp_path, """echo '{"message_type":"novelty"}'; exit 0""")), tmp_path)
    with pytest.raises(errors.AnswerError, match="novelty"):
        restic.backup(repository(tmp_path), [tmp_path], host="h", tags=[])


def test_a_check_that_ends_with_0_but_does_not_say_so_is_no_pass(tmp_path: Path) -> None:
    assert Restic(str(fake(tmp_path, "exit 0")), tmp_path).check(repository(tmp_path), read_data=True)


def test_a_check_killed_midway_is_an_error_not_a_verdict(tmp_path: Path) -> None:
    restic = Restic(str(fake(tmp_path, "kill -9 $$")), tmp_path)
    with pytest.raises(errors.ResticError, match="signal 9"):
        restic.check(repository(tmp_path), read_data=False)


def test_a_skipped_source_makes_a_backup_incomplete_although_restic_ends_with_0(tmp_path: Path) -> None:
    summary = '{"message_type":"summary","total_files_processed":1,"total_bytes_processed":1,"snapshot_id":"ab"}'
    script = f"echo '/srv/x does not exist, skipping' >&2; echo '{summary}'; exit 0"
    taken = Restic(str(fake(tmp_path, script)), tmp_path).backup(repository(tmp_path), [tmp_path], host="h", tags=[])
    assert taken.problems == ("/srv/x does not exist, skipping",)


def test_an_interrupted_restore_is_not_a_restore(tmp_path: Path) -> None:
    with pytest.raises(errors.ResticError):
        Restic(str(fake(tmp_path, "exit 1")), tmp_path).restore(repository(tmp_path), "ab", "/srv/x", tmp_path)


def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path) -> None:
    restic = Restic(str(fake(tmp_path, "echo 'Fatal: write: no space left on device' >&2; exit 1")), tmp_path)
    with pytest.raises(errors.ResticError, match="no space left") as caught:
        restic.init(repository(tmp_path))
    assert "make room" in caught.value.hint


@pytest.mark.restic
def test_a_wrong_password_is_named_and_neither_password_is_shown(backed_up: World) -> None:
    restic = Restic(str(tools.require("restic")), backed_up.state / "cache")
    wrong = Repository(str(backed_up.vault / SYSTEM), b"not-the-password")
    with pytest.raises(errors.WrongPasswordError) as caught:
        restic.snapshots(wrong)
    assert "not-the-password" not in caught.value.message + caught.value.hint


@pytest.mark.restic
def test_a_missing_repository_is_named_and_not_made(tmp_path: Path) -> None:
    restic = Restic(str(tools.require("restic")), tmp_path / "cache")
    with pytest.raises(errors.RepositoryMissingError):
        restic.snapshots(repository(tmp_path))
    assert not Path(repository(tmp_path).location).exists()
