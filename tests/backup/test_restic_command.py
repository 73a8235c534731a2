from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backup import restic_command
from backup.restic_command import Login, Program, Repository
from inventory.reach import Command

PROGRAM = Program("/usr/bin/restic", Path("/state/cache"))
ONE = Repository("/vault/edoc", b"first-secret")
TWO = Repository("/disk/edoc", b"second-secret")
FAR = Repository(
    "rest:https://vault:8000/edoc/", b"third-secret", Login("holdfast", "door-secret"), b"ours", Path("/site/ca.pem")
)


def commands() -> list[Command]:
    return [
        restic_command.init(PROGRAM, ONE),
        restic_command.init(PROGRAM, TWO, like=ONE),
        restic_command.backup(PROGRAM, ONE, [Path("/srv")], host="h", tags=["system=edoc"], exclude=Path("/x")),
        restic_command.snapshots(PROGRAM, ONE),
        restic_command.check(PROGRAM, ONE, read_data=True),
        restic_command.copy(PROGRAM, ONE, TWO, ["abc"]),
        restic_command.restore(PROGRAM, ONE, "abc", "/srv/edoc", Path("/target")),
        restic_command.dump(PROGRAM, ONE, "abc", "/srv/manifest"),
        restic_command.cat_lock(PROGRAM, ONE, "abc"),
    ]


@pytest.mark.parametrize("command", commands(), ids=lambda command: next(w for w in command.argv[5:] if w[0] != "-"))
def test_no_secret_is_in_arguments_environment_or_what_is_printed(command: Command) -> None:
    shown = " ".join(command.argv) + str(command.env) + repr(command) + repr(ONE)
    assert "secret" not in shown.replace("{secret:", "")
    assert set(command.secrets.values()) <= {b"first-secret", b"second-secret"}


def test_what_lets_us_into_a_server_goes_the_way_of_a_password_and_is_never_printed() -> None:
    for command, which in (
        (restic_command.snapshots(PROGRAM, FAR), ""),
        (restic_command.copy(PROGRAM, FAR, ONE, ["abc"]), "from-"),
    ):
        assert command.argv[command.argv.index(f"--{which}repository-file") + 1] == f"{{secret:{which}address}}"
        assert command.secrets[f"{which}address"] == b"rest:https://holdfast:door-secret@vault:8000/edoc/"
        assert "door-secret" not in " ".join(command.argv) + str(command.env) + repr(command) + repr(FAR)


def test_certificates_come_with_the_command_and_for_two_repositories_from_their_file() -> None:
    command = restic_command.snapshots(PROGRAM, FAR)
    assert command.argv[command.argv.index("--cacert") + 1] == "{secret:ca}"
    assert command.secrets["ca"] == b"ours"
    both = restic_command.copy(PROGRAM, FAR, ONE, ["abc"])
    assert both.argv[both.argv.index("--cacert") + 1] == "/site/ca.pem"
    with pytest.raises(ValueError, match="one file"):
        restic_command.copy(PROGRAM, FAR, replace(FAR, ca_file=Path("/other.pem")), ["abc"])


def test_a_copy_opens_each_side_with_its_own_password() -> None:
    command = restic_command.copy(PROGRAM, ONE, TWO, ["abc", "def"])
    assert command.argv[1:3] == ("--repo", "/disk/edoc")
    assert command.secrets == {"password": b"second-secret", "from-password": b"first-secret"}
    assert command.argv[-3:] == ("--", "abc", "def")


def test_a_new_repository_takes_the_chunker_parameters_of_the_first() -> None:
    assert "--copy-chunker-params" in restic_command.init(PROGRAM, TWO, like=ONE).argv
    assert "--copy-chunker-params" not in restic_command.init(PROGRAM, ONE).argv


def test_reading_never_takes_a_lock() -> None:
    for command in (commands()[3], commands()[6], commands()[7]):
        assert "--no-lock" in command.argv


def test_a_restore_asks_for_exactly_one_name_of_its_folder() -> None:
    argv = restic_command.restore(PROGRAM, ONE, "abc", "/srv/a[1]*", Path("/target")).argv
    assert argv[argv.index("--include") + 1] == "/a\\[1\\]\\*"
    assert argv[-1] == "abc:/srv"
    assert restic_command.restore(PROGRAM, ONE, "abc", "/srv", Path("/t")).argv[-1] == "abc:/"
