"""Which hosts, at which level, and what an answer becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory import site as sites
from inventory.errors import ExitCode, UsageError
from inventory.waivers import Waiver, Waivers
from playbooks import controls, scan
from playbooks.ansible import Play, TaskResult
from playbooks.judge import Verdict
from playbooks.scan import HostScan, Runner, Scan
from tests.playbooks.conftest import MakeSite

RULES = [controls.shipped()["HF-SSH-001"], controls.shipped()["HF-SSH-021"]]


def answering(*results: TaskResult) -> Runner:
    """Return a runner that gives these results."""

    def run(play: Play, on_result: Callable[[TaskResult], None]) -> Sequence[TaskResult]:
        for result in results:
            on_result(result)
        return results

    return run


def answer(host: str, facts: Any) -> TaskResult:
    return TaskResult(host, "Read", "", "ok", False, {"facts": facts})


def test_a_host_of_several_systems_is_judged_at_the_highest_level(make_site: MakeSite, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    site = sites.load(
        make_site(rpt={"level": 2, "hosts": {"shared": shared}}, edoc={"level": 3, "hosts": {"shared": shared}})
    )
    (target,) = scan.targets(site)
    assert (target.systems, target.level) == (("edoc", "rpt"), 3)


def test_hosts_are_chosen_by_system_or_by_name_and_each_only_once(make_site: MakeSite, tmp_path: Path) -> None:
    site = sites.load(
        make_site(sso={"hosts": {"one": tmp_path / "1"}}, edoc={"hosts": {"two": tmp_path / "2", "three": tmp_path}})
    )
    assert [target.host for target in scan.targets(site, ["sso"])] == ["one"]
    assert [target.host for target in scan.targets(site, [], ["two", "one", "two"])] == ["two", "one"]
    assert len(scan.targets(site)) == 3


def test_a_host_named_beside_a_system_narrows_and_must_carry_it(make_site: MakeSite, tmp_path: Path) -> None:
    """Both together once meant all of them; `apply` then changed hosts its user had not asked for."""
    site = sites.load(
        make_site(sso={"hosts": {"one": tmp_path / "1"}}, edoc={"hosts": {"two": tmp_path / "2", "three": tmp_path}})
    )
    assert [target.host for target in scan.targets(site, ["edoc"], ["two"])] == ["two"]
    assert [target.host for target in scan.targets(site, ["edoc", "sso"], ["one"])] == ["one"]
    with pytest.raises(UsageError, match="one does not carry edoc") as refused:
        scan.targets(site, ["edoc"], ["one", "two"])
    assert refused.value.hint == "hosts of edoc: three, two"


def test_an_unknown_system_or_host_is_a_usage_error(make_site: MakeSite, tmp_path: Path) -> None:
    site = sites.load(make_site(sso={"hosts": {"one": tmp_path}}))
    with pytest.raises(UsageError, match="nothing"):
        scan.targets(site, ["nothing"])
    with pytest.raises(UsageError, match="nowhere"):
        scan.targets(site, [], ["nowhere"])


@pytest.mark.parametrize(
    ("facts", "words", "code"),
    [
        ({"sshd": {"permitrootlogin": "no", "passwordauthentication": "no"}}, ["pass", "pass"], ExitCode.DONE),
        ({"sshd": {"permitrootlogin": "yes", "passwordauthentication": "no"}}, ["fail", "pass"], ExitCode.FINDINGS),
        ({"sshd": {"permitrootlogin": "no"}}, ["pass", "unknown"], ExitCode.FINDINGS),
        ({}, ["unknown", "unknown"], ExitCode.FINDINGS),
    ],
)
def test_an_answer_becomes_verdicts_and_an_exit_code(
    make_site: MakeSite, tmp_path: Path, facts: Any, words: list[str], code: ExitCode
) -> None:
    site = sites.load(make_site(sso={"hosts": {"one": tmp_path}}))
    found = scan.scan(site, scan.targets(site), RULES, runner=answering(answer("one", facts)))
    assert [verdict.verdict for verdict in found.hosts[0].verdicts] == words
    assert found.exit_code == code


def test_a_host_ansible_said_nothing_about_is_an_error_not_a_pass(make_site: MakeSite, tmp_path: Path) -> None:
    site = sites.load(make_site(sso={"hosts": {"one": tmp_path, "two": tmp_path}}))
    found = scan.scan(site, scan.targets(site), RULES, runner=answering(answer("one", {})))
    assert found.hosts[1].error == "Ansible did not say anything about this host"
    assert found.exit_code == ExitCode.UNFINISHED


@pytest.mark.parametrize("facts", [None, "x", [1], 3])
def test_an_answer_that_is_no_facts_is_an_error(make_site: MakeSite, tmp_path: Path, facts: Any) -> None:
    site = sites.load(make_site(sso={"hosts": {"one": tmp_path}}))
    found = scan.scan(site, scan.targets(site), RULES, runner=answering(answer("one", facts)))
    assert found.hosts[0].error is not None


def test_the_document_has_the_shape_others_rely_on(make_site: MakeSite, tmp_path: Path) -> None:
    site = sites.load(make_site(sso={"hosts": {"one": tmp_path}}))
    facts = {"sshd": {"permitrootlogin": "yes", "passwordauthentication": "no"}}
    found = scan.scan(site, scan.targets(site), RULES[:1], runner=answering(answer("one", facts)))
    assert found.document() == {
        "hosts": [
            {
                "host": "one",
                "systems": ["sso"],
                "error": None,
                "verdicts": [
                    {
                        "control": "HF-SSH-001",
                        "verdict": "fail",
                        "severity": "critical",
                        "found": "yes",
                        "expected": "one of no, prohibit-password, forced-commands-only",
                    }
                ],
            }
        ]
    }


def test_a_waiver_of_every_system_on_a_host_makes_a_failing_control_waived_until_its_last_day() -> None:
    failing = Verdict("HF-SSH-001", "fail", "high", "x", "y")
    found = Scan((HostScan("shared", ("edoc", "sso"), 3, None, (failing,)),))
    day = date(2026, 11, 25)
    both = [
        Waiver(control="HF-SSH-001", system=key, reason="why", owner="lan", approver="hoa", since=day, until=day)
        for key in ("edoc", "sso")
    ]
    waived = scan.waive(found, Waivers(tuple(both)), day)
    assert (waived.exit_code, waived.hosts[0].count("waived"), waived.hosts[0].raw("fail")) == (0, 1, ["HF-SSH-001"])
    (told,) = waived.document()["hosts"][0]["verdicts"]
    assert (told["verdict"], told["raw"]) == ("waived", "fail")
    assert told["waiver"] == "waived until 2026-11-25 by hoa for lan: why"
    for accepted, today in ((both[:1], day), (both, day + timedelta(days=1))):
        assert scan.waive(found, Waivers(tuple(accepted)), today).hosts[0].count("fail") == 1
