from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from incident import runbook
from incident.runbook import KINDS, SHIPPED, Runbook, Step
from inventory import site as inventory_site
from inventory.lines import SiteError
from tests.incident import district

GOOD = """runbook: own
title: Our own way
steps:
  - id: clean
    gate: approve
    ask: is it clean?
  - id: copy
    check: copy
    limit: 1h1m1s
  - id: restore
    restore: all
  - id: start
    command: [start, it]
    effect: once
  - id: cable
    manual: plug the cable in
  - id: normal
    check: normal
"""


def site(root: Path, text: str, name: str = "own") -> Path:
    (root / "runbooks").mkdir(exist_ok=True)
    (root / "runbooks" / f"{name}.yml").write_text(text)
    return root


NAMED_IN_THE_FIELD = {
    "database-service",
    "dependency",
    "document-service",
    "generic",
    "identity",
    "medical",
    "network",
    "platform",
    "self",
    "web",
    "workplace",
}


def test_every_shipped_runbook_loads_and_restores_onto_a_clean_target_only() -> None:
    book = runbook.load()
    assert set(book.runbooks) == NAMED_IN_THE_FIELD == {file.stem for file in SHIPPED.glob("*.yml")}
    for name in sorted(NAMED_IN_THE_FIELD - {"dependency"}):
        steps = book.runbooks[name].steps
        assert steps[0].gate == "police", name
        ids = [step.id for step in steps]
        assert ids.index("clean-target") < ids.index("copy") < ids.index("restore") < ids.index("start"), name
        assert all(step.title for step in steps), name


def test_a_dependency_is_done_without_and_never_restored() -> None:
    steps = runbook.load().runbooks["dependency"].steps
    assert {step.kind for step in steps[:-1]} == {"manual"}


def test_where_a_runbook_was_proved_changes_nothing_of_what_it_does(tmp_path: Path) -> None:
    proved = GOOD.replace("title: Our own way", "title: Our own way\nproved_on: [spare rack]")
    book = runbook.load(site(tmp_path, GOOD))
    assert "own" in book.untested
    again = runbook.load(site(tmp_path, proved))
    assert "own" not in again.untested
    assert again.runbooks["own"].digest() == book.runbooks["own"].digest()


def test_a_system_that_names_a_runbook_there_is_none_of_is_a_fault_with_its_line(tmp_path: Path) -> None:
    made = district.make(tmp_path)
    runbook.check(made.site)
    file = tmp_path / "site" / "inventory" / "sso.yml"
    file.write_text(file.read_text().replace("runbook: identity", "runbook: ghost"))
    with pytest.raises(SiteError) as caught:
        runbook.check(inventory_site.load(tmp_path / "site"))
    (fault,) = caught.value.problems
    assert (fault.file, fault.key, fault.what) == (file, "sso.vars.system.runbook", "no runbook 'ghost'")
    assert file.read_text().splitlines()[fault.line - 1].strip() == "runbook: ghost"
    assert "identity" in fault.hint


def test_the_faults_of_a_sites_own_runbooks_are_faults_of_the_site(tmp_path: Path) -> None:
    made = district.make(tmp_path)
    site(tmp_path / "site", "steps: {", "broken")
    with pytest.raises(SiteError) as caught:
        runbook.check(made.site)
    assert [fault.file.name for fault in caught.value.problems] == ["broken.yml"]


def test_a_good_runbook_of_the_sites_own_is_read(tmp_path: Path) -> None:
    own = runbook.load(site(tmp_path, GOOD)).runbooks["own"]
    assert [step.kind for step in own.steps] == ["gate", "check", "restore", "command", "manual", "check"]
    assert [step.crash for step in own.steps] == [
        "idempotent",
        "idempotent",
        "idempotent",
        "once",
        "once",
        "idempotent",
    ]
    assert own.steps[1].limit == timedelta(hours=1, minutes=1, seconds=1)


def test_a_runbook_of_the_sites_own_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    shipped = runbook.load().runbooks["generic"]
    book = runbook.load(site(tmp_path, GOOD.replace("runbook: own", "runbook: generic"), "generic"))
    assert book.runbooks["generic"].title == "Our own way"
    assert book.files["generic"] == tmp_path / "runbooks" / "generic.yml"
    assert book.runbooks["generic"].digest() != shipped.digest()


FAULTS = {
    "an unknown kind": ("restore: all", "reboot: all", 11, "reboot"),
    "two kinds in one step": ("restore: all", "restore: all\n    check: copy", 10, "restore"),
    "no kind": ("    restore: all\n", "    title: hm\n", 10, "exactly one"),
    "a gate that asks nothing": ("    ask: is it clean?\n", "", 4, "ask"),
    "an unknown gate": ("gate: approve", "gate: applaud", 5, "approve"),
    "a step written twice": ("id: restore", "id: copy", 1, "written twice"),
    "a last step that proves nothing": ("id: normal\n    check: normal", "id: normal\n    check: copy", 1, "last step"),
    "a last step that may fail": ("check: normal\n", "check: normal\n    on_failure: go_on\n", 1, "last step"),
    "a check with an effect": ("check: copy", "check: copy\n    effect: once", 7, "no `effect`"),
    "a gate with an effect": ("ask: is it clean?", "ask: is it clean?\n    effect: idempotent", 4, "no `effect`"),
    "a probe without a look": ("effect: once", "effect: probe", 12, "done_when"),
    "an unknown key": ("    restore: all\n", "    restore: all\n    colour: red\n", 12, "colour"),
    "an unknown effect": ("effect: once", "effect: twice", 14, "once"),
    "a limit that is no time": ("limit: 1h1m1s", "limit: soon", 9, "soon"),
    "an empty command": ("[start, it]", "[]", 13, "command"),
    "no steps": (GOOD[GOOD.index("steps:") :], "steps: []\n", 3, "steps"),
    "a name that is not the file's": ("runbook: own", "runbook: other", 1, "own"),
    "a step id with a space": ("id: restore", "id: re store", 10, "steps.2.id"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_runbook_is_refused_with_its_line(tmp_path: Path, fault: str) -> None:
    old, new, line, word = FAULTS[fault]
    assert GOOD.count(old) == 1
    with pytest.raises(SiteError) as caught:
        runbook.load(site(tmp_path, GOOD.replace(old, new)))
    problem = caught.value.problems[0]
    assert word in str(problem)
    assert problem.line == line, str(problem)


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    site(tmp_path, GOOD.replace("restore: all", "reboot: all"))
    site(tmp_path, "steps: {", "broken")
    with pytest.raises(SiteError) as caught:
        runbook.load(tmp_path)
    assert {problem.file.name for problem in caught.value.problems} == {"own.yml", "broken.yml"}


def test_the_digest_tells_runbooks_apart_that_differ_in_anything() -> None:
    step = {"id": "normal", "check": "normal"}
    base = {"runbook": "own", "title": "Ours", "steps": [step]}
    variants = [
        base,
        base | {"title": "Mine"},
        base | {"steps": [step | {"limit": "1h1m1s"}]},
        base | {"steps": [step | {"limit": "1h1m2s"}]},
        base | {"steps": [{"id": "copy", "check": "copy"}, step]},
        base | {"steps": [step | {"title": "Proof"}]},
    ]
    digests = [Runbook.model_validate(variant).digest() for variant in variants]
    assert len(set(digests)) == len(variants)
    assert Runbook.model_validate(base).digest() == digests[0]


def test_what_is_frozen_reads_back_the_same(tmp_path: Path) -> None:
    own = runbook.load(site(tmp_path, GOOD)).runbooks["own"]
    assert Runbook.model_validate(own.model_dump(mode="json")) == own
    assert set(KINDS) == {step.kind for step in own.steps}


def test_a_gate_that_asks_for_nothing_new_keeps_its_runbooks_digest() -> None:
    """Plans and drills of ledgers from before gates could ask for signatures name these digests."""
    assert runbook.load().runbooks["generic"].digest()[:16] == "0488538512880dc4"
    gate = {"id": "go", "gate": "approve", "ask": "go?"}
    plain, asked = Step.model_validate(gate), Step.model_validate(gate | {"people": 2, "signed": "required"})
    assert {"people", "signed"} & plain.model_dump().keys() == set()
    assert asked.model_dump()["people"] == 2
    assert Step.model_validate(asked.model_dump(mode="json")) == asked


@pytest.mark.parametrize("other", [{"gate": "police"}, {"manual": "do it"}, {"check": "copy"}])
def test_only_a_gate_that_people_approve_asks_for_people_and_signatures(other: dict[str, str]) -> None:
    for more in ({"people": 2}, {"signed": "required"}):
        with pytest.raises(ValueError, match="belong to `gate: approve`"):
            Step.model_validate({"id": "x", **other, **more})


def test_names_are_known_of_runbooks_with_faults_too(tmp_path: Path) -> None:
    root = site(tmp_path, "steps: {", "broken")
    assert {"broken", "generic"} <= runbook.names(root)
