from __future__ import annotations

from pathlib import Path

import pytest

from inventory import secret
from inventory.errors import ExitCode
from inventory.secret import SecretError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.touch(mode=0o600)
    path.write_text("s3cret \r\nnotes\n")
    return path


def test_the_first_line_of_a_private_file_is_the_secret(file: Path) -> None:
    assert secret.read("it", file=file) == "s3cret "


def test_a_file_that_others_may_read_is_refused_and_not_shown(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(SecretError, match="others may read") as caught:
        secret.read("the password", file=file)
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert caught.value.hint == f"chmod 600 {file}"
    assert "s3cret" not in caught.value.message


def test_a_file_that_is_missing_or_empty_is_told(file: Path) -> None:
    file.write_text("")
    with pytest.raises(SecretError, match="the password is empty"):
        secret.read("the password", file=file)
    file.unlink()
    with pytest.raises(SecretError, match=r"the password cannot be read from .*password"):
        secret.read("the password", file=file)


def test_a_command_prints_the_secret_and_a_failing_one_is_named_without_its_output() -> None:
    assert secret.read("it", command=["printf", "s3cret\nmore"]) == "s3cret"
    with pytest.raises(SecretError, match=r"the command for it \(sh\) ended with 3") as caught:
        secret.read("it", command=["sh", "-c", "echo s3cret; exit 3"])
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_a_credential_is_read_from_where_systemd_puts_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SecretError, match="was not given"):
        secret.read("it", credential="password")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert secret.read("it", credential="password") == "s3cret "
    with pytest.raises(SecretError, match="No such file"):
        secret.read("it", credential="other")
    with pytest.raises(SecretError, match="was not given"):
        secret.read("it", credential="../password")


def test_a_secret_that_nothing_names_is_told() -> None:
    with pytest.raises(SecretError, match="not named anywhere"):
        secret.read("it")
