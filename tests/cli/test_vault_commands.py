from __future__ import annotations

import shutil

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.backup.world import SYSTEM, World


@pytest.mark.restic
def test_a_lost_vault_is_given_up_and_the_next_backup_begins_anew(
    backed_up: World, capsys: pytest.CaptureFixture[str]
) -> None:
    site = ["--site", str(backed_up.root / "site"), "backup"]
    renew = [*site, "vault", "renew", "main", "--reason", "destroyed"]
    assert app.run(renew) == ExitCode.REFUSED
    shutil.rmtree(backed_up.vault)
    backed_up.vault.mkdir()
    assert app.run([*site, "run", SYSTEM]) == ExitCode.UNFINISHED
    assert "holdfast backup vault renew main" in capsys.readouterr().err
    assert app.run(renew) == ExitCode.DONE
    assert app.run([*site, "run", SYSTEM]) == ExitCode.DONE
