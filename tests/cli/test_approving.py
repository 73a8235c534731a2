from __future__ import annotations

from pathlib import Path

import pytest

from cli import approving
from cli.context import Context
from inventory import people
from inventory.approval import ApprovalError, Request, Rule
from tests.inventory import signing

REQUEST = Request("haichau", "ledger erase object 1a2b", "ab" * 32, "erase the excerpt of alert a1")


@pytest.fixture
def here(tmp_path: Path) -> Context:
    """A site of whoever runs the tests and of Hoa and Lan, who sign."""
    site = tmp_path / "site"
    (site / "inventory").mkdir(parents=True)
    (site / "holdfast.yml").write_text("site: haichau\nstate: ../state\n")
    lines = [f"people:\n- {{name: Me, login: {people.current_login()}, roles: [operator]}}"]
    for name in ("hoa", "lan"):
        key = signing.public(signing.key(tmp_path / "keys", name))
        lines.append(f"- {{name: {name.title()}, login: {name}, roles: [approver], key: {key}}}")
    (site / "people.yml").write_text("\n".join(lines))
    return Context(site)


def test_without_a_signature_the_text_to_sign_is_written_and_the_line_that_signs_it_told(here: Context) -> None:
    with pytest.raises(
        ApprovalError, match=r"approval of somebody \(approver or head\); the text to sign is"
    ) as caught:
        approving.obtain(here, REQUEST, Rule(), [])
    file = here.state / "approvals" / REQUEST.file_name
    assert file.read_bytes() == REQUEST.text()
    assert f"ssh-keygen -Y sign -n holdfast-approval -f ~/.ssh/id_ed25519 {file}" in caught.value.hint
    assert f"--approval {file}.sig" in caught.value.hint


def test_two_people_sign_and_the_command_goes_on(here: Context, tmp_path: Path) -> None:
    files = [signing.sign(tmp_path / "keys" / name, REQUEST) for name in ("hoa", "lan")]
    found = approving.obtain(here, REQUEST, Rule(people=2, another=True), files)
    assert [(each.person, each.signed) for each in found] == [("Hoa", True), ("Lan", True)]
    for wrong in ([files[0]], [files[0], files[0]]):
        with pytest.raises(ApprovalError):
            approving.obtain(here, REQUEST, Rule(people=2), wrong)
