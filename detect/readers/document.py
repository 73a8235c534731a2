"""Files that hold JSON over several lines: one pretty-printed object after another, or an array of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LARGEST = 256_000_000
_GAP = re.compile(r"[\s,\[\]]*")


def is_document(first_line: str) -> bool:
    """Tell whether a file's first line only begins a JSON value: `{` or `[` and no end."""
    text = first_line.strip().lstrip("\ufeff")
    if text[:1] not in ("{", "["):
        return False
    if text in ("{", "["):
        return True
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


def objects(text: str) -> Iterator[tuple[int, Any]]:
    """Yield every JSON value of a text, those of arrays one by one, with the line it begins on.

    What is no JSON is yielded as the error it gives, and ends the reading: where the next value would begin is unknown.
    """
    decoder = json.JSONDecoder()
    at, line = 0, 1
    while True:
        gap = _GAP.match(text, at)
        start = gap.end() if gap else at
        line += text.count("\n", at, start)
        if start >= len(text):
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            yield line, error
            return
        yield line, value
        line += text.count("\n", start, end)
        at = end
