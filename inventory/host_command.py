"""Commands of a system: what starts or stops it, and on which of its hosts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema


class HostCommand(BaseModel):
    """Words to run on a host; without a host it is the one that the system's `data` names first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Annotated[list[str], Field(min_length=1)]
    host: str = ""


def _from_yaml(value: Any) -> Any:
    """Take one command as a plain list of words, or several as `{host: …, run: […]}`."""
    if isinstance(value, list) and value and not any(isinstance(each, dict | HostCommand) for each in value):
        return [{"run": value}]
    return value


def _written(commands: list[HostCommand]) -> list[Any]:
    if len(commands) == 1 and not commands[0].host:
        return list(commands[0].run)
    return [each.model_dump(exclude_defaults=True) for each in commands]


_WORDS = {"type": "array", "items": {"type": "string"}}
_ONE = {
    "type": "object",
    "properties": {"host": {"type": "string"}, "run": _WORDS | {"minItems": 1}},
    "required": ["run"],
    "additionalProperties": False,
}

HostCommands = Annotated[
    list[HostCommand],
    BeforeValidator(_from_yaml),
    PlainSerializer(_written, return_type=list[Any]),
    WithJsonSchema({"anyOf": [_WORDS, {"type": "array", "items": _ONE}]}),
]
"""Written as a list of words (`[systemctl, start, web]`), or as `[{host: db, run: [systemctl, start, postgresql]}]`."""
