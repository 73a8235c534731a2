from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli import app
from inventory import people, site
from inventory.errors import ExitCode
from ledger import durable
from tests.cli import district, terminal

WIKI = ("inventory", "add", "wiki", "--host", "wiki-1=192.0.2.30", "--data", "files:/srv/wiki", "--rto", "8h")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = district.make(tmp_path / "site")
    (made / "holdfast.yml").write_text("site: district\nstate: ../state\nvaults: {main: {path: ../vault}}\n")
    staff(made, "operator")
    monkeypatch.setenv("HOLDFAST_SITE", str(made))
    return made


def staff(root: Path, role: str) -> None:
    login = json.dumps(people.current_login())
    (root / "people.yml").write_text(f"people: [{{name: Minh, login: {login}, roles: [{role}]}}]\n")


def files(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((root / "inventory").iterdir())}


def test_a_script_adds_a_system_with_options_and_defaults(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert app.run([*WIKI, "--depends-on", "sso", "--yes"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert f"wrote {root / 'inventory' / 'wiki.yml'}" in said
    assert "to fill in there: name, unit, accountable, level" in said
    assert "holdfast inventory host trust wiki-1" in said
    after = files(root)
    text = after.pop("wiki.yml")
    assert after == before
    assert text.startswith("# wiki: added with `holdfast inventory add`.\n# TO FILL IN marks")
    system = site.load(root).systems["wiki"]
    assert (system.name, system.depends_on, len(system.data)) == ("wiki", ["sso"], 1)
    assert yaml.safe_load(text)["wiki"]["hosts"] == {
        "wiki-1": {"ansible_host": "192.0.2.30", "ansible_user": "holdfast"}
    }


def test_a_script_may_read_the_answer_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([*WIKI, "--level", "2", "--yes", "--json"]) == ExitCode.DONE
    answer = json.loads(capsys.readouterr().out)
    assert (answer["system"], answer["file"]) == ("wiki", str(root / "inventory" / "wiki.yml"))
    assert "level" not in answer["to_fill_in"]


def test_without_a_terminal_and_a_yes_the_file_is_shown_and_nothing_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(root)
    assert app.run(WIKI) == ExitCode.REFUSED
    said = capsys.readouterr()
    assert "- {files: [/srv/wiki], host: wiki-1}" in said.err
    assert "nothing was written: nobody agreed" in said.err
    assert said.out == ""
    assert files(root) == before


@pytest.mark.parametrize(
    ("more", "says", "code"),
    [
        (["--runbook", "ghost"], "'ghost' is not there", ExitCode.USAGE),
        (["--copy", "vault:mian"], "no vault 'mian' in holdfast.yml", ExitCode.USAGE),
        (["--data", "sqlite:relative.db"], "must be an absolute path", ExitCode.USAGE),
        (["--host", "sso-1=192.0.2.99"], "host sso-1 is in this site already", ExitCode.USAGE),
        (["--host", "nothing="], "--host", ExitCode.USAGE),
        (["--external"], "has no hosts here", ExitCode.USAGE),
    ],
)
def test_a_system_that_would_spoil_the_site_is_told_and_nothing_is_written(
    root: Path, capsys: pytest.CaptureFixture[str], more: list[str], says: str, code: ExitCode
) -> None:
    before = files(root)
    assert app.run([*WIKI, "--yes", *more]) == code
    assert says in capsys.readouterr().err
    assert files(root) == before


def test_nothing_is_overwritten(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(root)
    assert app.run(["inventory", "add", "sso", "--host", "x", "--yes"]) == ExitCode.REFUSED
    (root / "inventory" / "wiki.yml").write_text("{}\n")
    assert app.run([*WIKI, "--yes"]) == ExitCode.REFUSED
    assert files(root) == before | {"wiki.yml": "{}\n"}


def test_a_file_somebody_else_writes_meanwhile_is_kept(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = durable.write

    def late(path: Path, content: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
        path.write_text("theirs: {}\n")
        wrote(path, content, mode=mode, replace=replace)

    monkeypatch.setattr(durable, "write", late)
    assert app.run([*WIKI, "--yes"]) == ExitCode.REFUSED
    assert "is there already" in capsys.readouterr().err
    assert files(root)["wiki.yml"] == "theirs: {}\n"
    assert [path.name for path in (root / "inventory").iterdir() if path.name.startswith(".")] == []


def test_only_operators_and_security_staff_add_systems(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    staff(root, "viewer")
    assert app.run([*WIKI, "--yes"]) == ExitCode.REFUSED
    assert "this needs operator or security" in capsys.readouterr().err


def test_what_others_run_is_added_without_hosts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "add", "ndb", "--external", "--name", "National databases", "--yes"]) == ExitCode.DONE
    assert site.load(root).systems["ndb"].external


def test_a_name_that_looks_like_yaml_stays_a_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "x\nevil: {hosts: {}}\n# {"
    assert app.run([*WIKI, "--name", name, "--yes"]) == ExitCode.DONE
    assert site.load(root).systems["wiki"].name == name


def test_at_a_terminal_the_questions_are_asked_the_file_is_shown_and_a_yes_writes_it(root: Path) -> None:
    answers = [
        ("what do people call it? [wiki]", "The wiki"),
        ("(how much harm its loss does)? [1]", "2"),
        ("how soon must it be back (8h, 24h, …)? [24h]", "8h"),
        ("how much work may be lost (1h, 24h, …)? [24h]", ""),
        ("which system must be back before it? [none]", "ssso"),
        ("did you mean sso?", "sso"),
        ("another? [no more]", ""),
        ("what must come back", "/srv/wiki"),
        ("another? [no more]", ""),
        ("where are copies kept", ""),
        ("which runbook", ""),
        ("how does one know that it works", "port:443"),
        ("another? [no more]", ""),
        (f"Write this to {root / 'inventory' / 'wiki.yml'}? [y/N]", "y"),
    ]
    arguments = ["inventory", "add", "wiki", "--host", "wiki-1=192.0.2.30"]
    ended = terminal.talk(arguments, answers, root, HOLDFAST_SITE=str(root))
    assert ended.code == ExitCode.DONE, ended.said
    system = site.load(root).systems["wiki"]
    assert (system.name, system.level, system.depends_on, system.runbook) == ("The wiki", 2, ["sso"], "generic")
    assert len(system.normal_when) == 1


def test_a_no_at_the_end_writes_nothing(root: Path) -> None:
    before = files(root)
    arguments = [*WIKI, "--level", "1", "--rpo", "24h", "--name", "W", "--depends-on", "sso", "--copy", "vault:main"]
    answers = [("which runbook", ""), ("how does one know", ""), ("[y/N]", "n")]
    ended = terminal.talk(arguments, answers, root, HOLDFAST_SITE=str(root))
    assert ended.code == ExitCode.REFUSED, ended.said
    assert files(root) == before
