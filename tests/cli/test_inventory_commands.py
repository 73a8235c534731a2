from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli import app
from cli.inventory_commands import Schema
from incident.runbook import SHIPPED
from inventory import lines, parse, starter
from inventory.errors import ExitCode
from tests.cli import schemas
from tests.cli.district import asked
from tests.inventory import starting
from tests.inventory.test_registers import WHOLE as REGISTERS
from tests.inventory.test_waivers import GOOD as WAIVERS


@pytest.mark.parametrize("part", list(Schema))
def test_schema_is_a_json_schema(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema = asked(capsys, "inventory", "schema", part)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def sample(root: Path, part: str) -> list[Any]:
    """Return what the shipped sample province has written for one kind of file."""
    starter.make(root, name="Sample", login="minh", kind="sample", today=starting.TODAY)
    match part:
        case "system":
            systems = [lines.read(file).data for file in sorted((root / "inventory").glob("*.yml"))]
            return [group["vars"]["system"] for groups in systems for group in groups.values() if "vars" in group]
        case "runbook":
            return [lines.read(file).data for file in sorted(SHIPPED.glob("*.yml"))]
        case "settings" | "people":
            return [lines.read(root / {"settings": "holdfast.yml", "people": "people.yml"}[part]).data]
        case _:  # not in the sample: the texts the registers' and waivers' own tests start from
            text = WAIVERS if part == "waivers" else REGISTERS[f"registers__{part}"]
            (root / "one.yml").write_text(text)
            return [lines.read(root / "one.yml").data]


@pytest.mark.parametrize("part", list(Schema))
def test_what_is_shipped_fits_its_schema_and_a_misspelt_key_does_not(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = asked(capsys, "inventory", "schema", part)
    shipped = sample(tmp_path / "site", part)
    assert shipped
    for one in shipped:
        assert schemas.fits(one, schema, schema), one
        assert not schemas.fits(one | {"nmae": "x"}, schema, schema)


@pytest.mark.parametrize(
    ("part", "text", "fits"),
    [
        ("system", "name: X\nrto: 8h\ndata: [{files: [/x], host: h}, {sqlite: /x, host: h}]", True),
        ("system", "name: X\nrto: soon", False),
        ("system", "name: X\nlevel: 6", False),
        ("system", "name: X\ndata: [{files: [/x]}]", False),
        ("system", "rto: 8h", False),
        ("settings", "site: x\nnotifications: {a: {smtp: m, from: a@b, to: [c]}}", True),
        ("settings", "site: x\nnotifications: {a: {smtp: m, to: [c]}}", False),
        ("settings", "site: x\nlanguage: fr", False),
        ("settings", "site: Bad Name", False),
    ],
)
def test_a_schema_takes_what_we_take(part: str, text: str, fits: bool, capsys: pytest.CaptureFixture[str]) -> None:
    schema = asked(capsys, "inventory", "schema", part)
    assert schemas.fits(parse.build(text)[0], schema, schema) is fits


def test_without_a_site_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["inventory", "list"]) == ExitCode.USAGE
    assert "holdfast init DIR" in capsys.readouterr().err
