from __future__ import annotations

from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.cli.district import asked


@pytest.mark.parametrize("part", ["system", "settings", "people"])
def test_schema_is_a_json_schema(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema = asked(capsys, "inventory", "schema", part)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_without_a_site_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["inventory", "list"]) == ExitCode.USAGE
    assert "holdfast init DIR" in capsys.readouterr().err
