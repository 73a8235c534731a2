from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import completion
from inventory import starter
from tests.inventory import starting


@pytest.fixture
def province(tmp_path: Path) -> Path:
    starter.make(tmp_path / "province", name="x", login="minh", kind="sample", today=starting.TODAY)
    return tmp_path / "province"


def bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--norc", "-c", script],
        env={"PATH": path, "HOME": str(folder), "SHELL": "/bin/bash", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


COMPLETE = """
shopt -s expand_aliases
holdfast --install-completion bash || exit
. ~/.bashrc
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMP_LINE="${{COMP_WORDS[*]}}"
_holdfast_completion holdfast && echo "answer:" "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("holdfast inventory show em", "emc emr"),
        ("holdfast harden scan --host apis", "apis-db-1 apis-web-1"),
        ("holdfast inventory add x --depends-on lg", "lgsp"),
        ("holdfast inventory add x --runbook d", "database-service dependency document-service"),
        ("holdfast readiness civ", "civil"),
        ("holdfast inventory show nothing", ""),
    ],
)
def test_a_real_bash_with_completion_installed_completes_systems_hosts_and_runbooks(
    province: Path, tmp_path: Path, words: str, expected: str
) -> None:
    ended = bash(COMPLETE.format(words=words), tmp_path, HOLDFAST_SITE=str(province))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].split()[1:] == expected.split()
    assert "error" not in ended.stderr


def completed(words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_HOLDFAST_COMPLETE": "complete_bash"}
    return bash("exec holdfast", folder, **given, **environment)


def test_the_site_named_on_the_line_is_the_one_that_is_read(province: Path, tmp_path: Path) -> None:
    ended = completed(f"holdfast --site {province} inventory show ap", tmp_path)
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, ["apis", "app"], "")


def test_a_site_with_faults_completes_what_can_be_read_and_says_nothing(province: Path, tmp_path: Path) -> None:
    (province / "inventory" / "broken.yml").write_text("a: [\n")
    (province / "inventory" / "more.ini").write_text("[x]\ny\n")
    ended = completed("holdfast inventory show ap", tmp_path, HOLDFAST_SITE=str(province))
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, ["apis", "app"], "")


@pytest.mark.parametrize("spoil", ["no site", "no settings", "nothing readable"])
def test_where_nothing_can_be_read_nothing_is_completed_and_nothing_said(
    province: Path, tmp_path: Path, spoil: str
) -> None:
    if spoil == "no settings":
        (province / "holdfast.yml").write_text("{")
    if spoil == "nothing readable":
        (province / "holdfast.yml").write_bytes(b"\xff\xfe")
    place = tmp_path / "elsewhere" if spoil == "no site" else province
    ended = completed("holdfast inventory show ap", tmp_path, HOLDFAST_SITE=str(place))
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "", "")


def test_a_fault_of_ours_is_no_noise_in_somebodys_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completion.systems(None, "") == []  # type: ignore[arg-type]
    assert completion.hosts(None, "") == []  # type: ignore[arg-type]
    assert completion.runbooks(None, "") == []  # type: ignore[arg-type]
