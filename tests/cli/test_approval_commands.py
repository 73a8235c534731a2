from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli import app
from inventory.approval import Request
from inventory.errors import ExitCode
from tests.inventory import signing

Capture = pytest.CaptureFixture[str]
REQUEST = Request("haichau", "recover inc-1-r1 edoc/clean-target", "ab" * 32, "is spare-1 clean?")


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site, folder = tmp_path / "site", tmp_path / "keys"
    (site / "inventory").mkdir(parents=True)
    (site / "holdfast.yml").write_text("site: haichau\n")
    key = signing.public(signing.key(folder, "hoa"))
    (site / "people.yml").write_text(f"people:\n- {{name: Hoa, login: hoa, roles: [approver], key: {key}}}\n")
    monkeypatch.setenv("HOLDFAST_SITE", str(site))
    return folder


def test_a_text_to_sign_is_shown_with_the_line_that_signs_it_and_needs_no_site(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "it.approval"
    file.write_bytes(REQUEST.text())
    assert app.run(["approval", "show", str(file)]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "what:    is spare-1 clean?" in said
    assert f"ssh-keygen -Y sign -n holdfast-approval -f ~/.ssh/id_ed25519 {file}" in said
    assert app.run(["approval", "show", str(file), "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["plan"] == "ab" * 32
    file.write_bytes(REQUEST.text().replace(b"clean", b"c\x1b[2Jlean"))
    assert app.run(["approval", "show", str(file)]) == ExitCode.REFUSED


def test_a_signature_is_told_with_its_person_and_what_it_approves(keys: Path, capsys: Capture) -> None:
    signature = signing.sign(keys / "hoa", REQUEST)
    assert app.run(["approval", "check", str(signature), "--json"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["person"], found["this_site"], found["action"]) == ("Hoa", True, REQUEST.action)
    assert app.run(["approval", "check", str(signature)]) == ExitCode.DONE
    assert "signed by Hoa (hoa), SHA256:" in capsys.readouterr().out


def test_a_signature_for_another_site_is_a_finding_and_a_strangers_is_refused(keys: Path, capsys: Capture) -> None:
    elsewhere = signing.sign(keys / "hoa", replace(REQUEST, site="danang"))
    assert app.run(["approval", "check", str(elsewhere)]) == ExitCode.FINDINGS
    assert "NOT for this site" in capsys.readouterr().out
    thief = signing.sign(signing.key(keys, "thief"), REQUEST)
    assert app.run(["approval", "check", str(thief)]) == ExitCode.REFUSED
    assert "a key of nobody" in capsys.readouterr().err
