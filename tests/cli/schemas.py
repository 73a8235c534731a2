"""The part of JSON Schema that our schemas use, strict about everything else: what it does not know is an error."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_NOTES = {"$schema", "$defs", "title", "description", "default", "examples", "format", "discriminator"}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Tell whether a value is what a schema describes."""
    return all(_holds(value, keyword, wanted, schema, root) for keyword, wanted in schema.items())


def _holds(value: Any, keyword: str, wanted: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:  # noqa: C901
    match keyword:
        case "$ref":
            return fits(value, root["$defs"][wanted.removeprefix("#/$defs/")], root)
        case "type":
            return isinstance(value, _TYPES[wanted]) and (not isinstance(value, bool) or wanted == "boolean")
        case "anyOf":
            return any(fits(value, one, root) for one in wanted)
        case "oneOf":
            return sum(fits(value, one, root) for one in wanted) == 1
        case "const":
            return bool(value == wanted)
        case "enum":
            return value in wanted
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            return not isinstance(value, int | float) or _within(value, keyword, wanted)
        case "minLength" | "minItems" | "minProperties":
            return not hasattr(value, "__len__") or len(value) >= wanted
        case "required":
            return not isinstance(value, dict) or set(wanted) <= value.keys()
        case "properties":
            return not isinstance(value, dict) or all(
                fits(inner, wanted[key], root) for key, inner in value.items() if key in wanted
            )
        case "additionalProperties" | "propertyNames" | "patternProperties":
            return not isinstance(value, dict) or _others(value, keyword, wanted, schema, root)
        case "items":
            return not isinstance(value, list) or all(fits(one, wanted, root) for one in value)
        case _:
            assert keyword in _NOTES, f"no such keyword: {keyword}"
            return True


def _within(value: float, keyword: str, wanted: float) -> bool:
    match keyword:
        case "minimum":
            return value >= wanted
        case "exclusiveMinimum":
            return value > wanted
        case "maximum":
            return value <= wanted
        case _:
            return value < wanted


def _others(value: dict[str, Any], keyword: str, wanted: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if keyword == "propertyNames":
        return all(fits(key, wanted, root) for key in value)
    if keyword == "patternProperties":
        return all(
            fits(inner, one, root)
            for pattern, one in wanted.items()
            for key, inner in value.items()
            if re.search(pattern, key)
        )
    patterns = schema.get("patternProperties", {})
    others = [
        inner
        for key, inner in value.items()
        if key not in schema.get("properties", {}) and not any(re.search(pattern, key) for pattern in patterns)
    ]
    return not others if wanted is False else wanted is True or all(fits(one, wanted, root) for one in others)
