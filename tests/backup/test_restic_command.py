from __future__ import annotations

from pathlib import Path

import pytest

from backup import restic_command
from backup.restic_command import Program, Repository
from inventory.reach import Command

PROGRAM = Program("/usr/bin/restic", Path("/state/cache"))
ONE = Repository(Path("/vault/edoc"), b"first-secret")
TWO = Repository(Path("/disk/edoc"), b"second-secret")


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


def test_a_copy_opens_each_side_with_its_own_password() -> None:
    command = restic_command.copy(PROGRAM, ONE, TWO, ["abc", "def"])
    assert command.argv[1:3] == ("-r", "/disk/edoc")
    assert command.secrets == {"password": b"second-secret", "from": b"first-secret"}
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


def test_an_exclude_line_means_one_path_whatever_is_in_its_name() -> None:
    assert restic_command.literal("/srv/$HOME/a b\n*?") == "/srv/$$HOME/a?b?\\*\\?"
