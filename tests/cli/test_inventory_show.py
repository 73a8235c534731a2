from __future__ import annotations

from pathlib import Path

import pytest

from cli import app
from inventory import starter
from inventory.errors import ExitCode
from tests.cli.district import asked
from tests.inventory import starting


@pytest.fixture
def province(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "province"
    starter.make(root, name="x", login="minh", kind="sample", today=starting.TODAY)
    monkeypatch.setenv("HOLDFAST_SITE", str(root))
    return root


def shown(key: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert app.run(["inventory", "show", key]) == ExitCode.DONE
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_show_answers_what_a_reader_asks_in_that_order(province: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown("lgsp", capsys)
    said = [
        "lgsp: Data integration and sharing platform",
        "Nền tảng tích hợp, chia sẻ dữ liệu",
        "level 3 (SAMPLE-04 of 2025-08-04, Provincial People's Committee)",
        "back within 4h",
        "wave 4 of 7, on the critical path",
        "needs sso, net, ndb",
        "needed by apis, civil, dw, ioc, land, spec",
        "lgsp-1 192.0.2.31, ssh as holdfast",
        "PostgreSQL lgsp_messages on lgsp-2",
        "vault main, every 6h",
        "offline media offline-weekly, every 7d",
        "/var/log/lgsp/gateway.jsonl on lgsp-1",
        "runbook platform",
        "practised on lgsp-1 → spare-1, lgsp-2 → spare-2",
        "normal when https://lgsp.province.example/health answers 200",
    ]
    assert [line for line in lines if line in said] == said


def test_show_says_what_a_host_carries_besides(province: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "apps-1 192.0.2.51, ssh as holdfast; carries ai, edu, emc, rpt" in shown("rpt", capsys)


def test_an_exception_is_shown_with_its_reason_and_approver(province: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in shown("iot", capsys) if line.startswith("back within")]
    assert line.startswith("back within 72h (exception: the stations keep a week")
    assert line.endswith("approved by Nguyễn Văn A)")


def test_what_others_run_is_shown_with_what_needs_it_and_nothing_of_ours(
    province: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown("ndb", capsys)
    assert "needed by lgsp" in lines
    assert "copies" not in lines


def test_what_is_missing_is_shown_as_missing(province: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (province / "inventory" / "bare.yml").write_text("bare: {vars: {system: {name: Bare}}}\n")
    lines = shown("bare", capsys)
    assert lines.count("none named") == 4
    assert {"level 1 (no decision named)", "normal when none named", "practised on none named"} <= set(lines)


def test_a_host_that_is_this_machine_or_a_directory_of_it_is_shown_as_that(
    province: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (province / "inventory" / "here.yml").write_text(
        "here:\n  hosts:\n    h-1: {ansible_connection: local}\n"
        "    h-2: {ansible_connection: local, holdfast_root: /srv/h-2}\n"
        "    h-3: {ansible_host: 192.0.2.9, ansible_port: 2222}\n"
        "  vars: {system: {name: Here}}\n"
    )
    lines = shown("here", capsys)
    assert {"h-1 this machine", "h-2 /srv/h-2 on this machine", "h-3 192.0.2.9 port 2222, ssh"} <= set(lines)


def test_show_as_json_has_everything_with_addresses_and_what_needs_it(
    province: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(capsys, "inventory", "show", "apis", "--json")
    assert found["depends_on"] == ["sso", "lgsp"]
    assert found["needed_by"] == ["pay", "portal"]
    assert found["addresses"] == {"apis-web-1": "198.51.100.11", "apis-db-1": "192.0.2.41"}
    assert found["name_local"] == "Hệ thống thông tin giải quyết thủ tục hành chính"


def test_show_of_an_unknown_system_names_the_known_ones(province: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "show", "ghost"]) == ExitCode.USAGE
    assert "hint: systems: ai, apis, app" in capsys.readouterr().err
