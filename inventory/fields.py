"""Fields of models that several of them share, as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

from inventory.duration import parse, write


def _from_yaml(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_from_yaml),
    PlainSerializer(write, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+[smhdw])+$", "examples": ["8h", "1d12h"]}),
]
"""A duration, written like `90s`, `15m`, `8h`, `7d` or `1d12h`."""

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that says something: not empty, not only spaces."""
