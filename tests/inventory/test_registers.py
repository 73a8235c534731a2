from __future__ import annotations

from pathlib import Path

import pytest

from inventory.registers import MODELS
from tests.inventory import sites

WHOLE = {
    "registers__roster": "shifts:\n- {from: 2026-11-25 08:00, until: 2026-11-26 08:00, login: lan, deputy: hoa}\n",
    "registers__training": "trainings:\n- {title: Phishing, day: 2026-03-01, logins: [hoa, lan]}\n",
    "registers__level_decisions": (
        "decisions:\n- {system: edoc, level: 3, number: 12/QD, date: 2026-01-05, by: The chairman}\n"
    ),
    "registers__regulations": "regulations:\n- {title: Security, issued: 2025-12-01, approved: 2026-01-05}\n",
    "registers__inspections": "inspections:\n- {day: 2026-05-01, by: Somebody, systems: [edoc], surprise: true}\n",
    "registers__calendar": (
        "done:\n- {item: yearly_december_14, day: 2026-12-14, sent: 2026-12-10, by: hoa, receipt: no. 7}\n"
    ),
}


def test_all_registers_are_read(tmp_path: Path) -> None:
    found = sites.read(tmp_path / "site", **WHOLE).registers
    assert found.shifts[0].login == "lan"
    assert found.trainings[0].logins == ["hoa", "lan"]
    assert found.decisions[0].level == 3
    assert found.regulations[0].title == "Security"
    assert found.inspections[0].surprise
    assert found.done[0].receipt == "no. 7"
    assert set(found.documents) == set(MODELS)


@pytest.mark.parametrize(
    ("register", "change", "said"),
    [
        ("roster", ("login: lan", "login: lanh"), "registers/roster.yml:2: shifts.0.login: no login 'lanh'"),
        ("roster", ("deputy: hoa", "deputy: ho"), "shifts.0.deputy: no login 'ho'"),
        ("roster", ("until: 2026-11-26", "until: 2026-11-24"), "ends before it begins"),
        ("roster", ("from: 2026-11-25 08:00", "from: today"), "is no moment"),
        ("roster", ("from: 2026-11-25 08:00", "from: 2026-11-25T08:00+07:00"), "leave the zone out"),
        ("training", ("[hoa, lan]", "[hoa, ghost]"), "trainings.0.logins.1: no login 'ghost'"),
        ("training", ("[hoa, lan]", "[]"), "trainings.0.logins"),
        ("level_decisions", ("system: edoc", "system: edco"), "decisions.0.system: no system 'edco'"),
        ("level_decisions", ("level: 3", "level: 9"), "decisions.0.level"),
        ("regulations", ("issued: 2025-12-01", "issued: soon"), "regulations.0.issued"),
        ("inspections", ("[edoc]", "[moon]"), "inspections.0.systems.0: no system 'moon'"),
        ("calendar", ("yearly_december_14", "yearly_december_15"), "done.0.item: no calendar item"),
        ("calendar", ("by: hoa", "by: nobody"), "done.0.by: no login 'nobody'"),
        ("roster", ("shifts", "shift"), "unknown key"),
    ],
)
def test_what_does_not_fit_is_told_with_file_line_and_key(
    tmp_path: Path, register: str, change: tuple[str, str], said: str
) -> None:
    name = f"registers__{register}"
    told = sites.faults(tmp_path / "site", **WHOLE | {name: WHOLE[name].replace(*change)})
    assert any(said in line and line.startswith(f"registers/{register}.yml:") for line in told), told


def test_a_register_nobody_knows_is_a_fault_with_the_near_name(tmp_path: Path) -> None:
    (told,) = sites.faults(tmp_path / "site", registers__rooster="shifts: []\n")
    assert "no register 'rooster'" in told
    assert "roster" in told
