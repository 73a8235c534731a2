from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.demo.district import District
from cli.demo.shell import Shell

PRINT_FIVE = "for n in range(5): print('line', n)"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(District(tmp_path, {}), step=False, quiet=False)


def test_a_long_output_is_cut_on_the_screen_and_kept_whole_in_the_log(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run((sys.executable, "-c", PRINT_FIVE), "five lines", "five", head=2) == 0
    shown = capsys.readouterr().out
    assert "line 1" in shown
    assert "line 2" not in shown
    assert "3 more lines" in shown
    [log] = (tmp_path / "log").glob("*-five.txt")
    assert "line 4" in log.read_text()
    assert "(exit 0)" in log.read_text()


def test_of_a_long_output_the_end_can_be_shown(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run((sys.executable, "-c", PRINT_FIVE), "five lines", "five", tail=1)
    shown = capsys.readouterr().out
    assert "line 4" in shown
    assert "line 3" not in shown


def test_a_command_that_ends_otherwise_than_expected_is_remembered(shell: Shell) -> None:
    shell.holdfast("--version")
    assert shell.surprises == []
    shell.holdfast("no-such-command")
    assert shell.surprises == ["holdfast no-such-command ended with 2"]
