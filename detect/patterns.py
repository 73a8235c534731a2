"""Text matching: case folding, Sigma wildcards, and regular expressions that cannot run away.

Patterns of rules run on RE2, whose time grows with the text alone. One that RE2 cannot express (look-around,
back references) falls back to Python's engine over at most `FALLBACK_LIMIT` characters of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import re2  # type: ignore[import-untyped]

from detect.rule import Text, Wild

FALLBACK_LIMIT = 4096
LONGEST_PATTERN = 4096

Predicate = Callable[[str], bool]

_QUIET = re2.Options()
_QUIET.log_errors = False
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class PatternError(ValueError):
    """A regular expression no engine here can run."""


class _Folds(dict[int, str]):
    """Simple case folding, one character to one, so that `?` and positions keep their meaning."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = next((form for form in (char.casefold(), char.lower()) if len(form) == 1), char)
        self[code] = folded
        return folded


_FOLDS = _Folds()


def fold(text: str) -> str:
    """Return `text` with case removed, character by character (K and the Kelvin sign, sigma and final sigma alike)."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def wildcard(text: Text) -> Predicate:
    """Return the test for a Sigma text. Unless it is cased, the caller hands over values already folded."""
    parts = tuple(part if isinstance(part, Wild) or text.cased else fold(part) for part in text.parts)
    literals = [part for part in parts if isinstance(part, str)]
    shape = "".join("x" if isinstance(part, str) else part.value for part in parts)
    only = literals[0] if literals else ""
    match shape:
        case "" | "x":
            return lambda value: value == only
        case "*":
            return lambda _value: True
        case "x*":
            return lambda value: value.startswith(only)
        case "*x":
            return lambda value: value.endswith(only)
        case "*x*":
            return lambda value: only in value
        case _:
            found = re.compile(_glob(parts), re.DOTALL).fullmatch
            return lambda value: found(value) is not None


def _glob(parts: tuple[str | Wild, ...]) -> str:
    """Write wildcards as an expression without backtracking: each inner piece is taken where it first occurs.

    Taking the first place is right, because whatever follows a `*` can only have more room after it.
    """
    pieces = [""]
    for part in parts:
        if part is Wild.MANY:
            pieces.append("")
        else:
            pieces[-1] += "." if part is Wild.ONE else re.escape(str(part))
    if len(pieces) == 1:
        return pieces[0]
    inner = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{inner}.*{pieces[-1]}"


def expression(pattern: str, flags: str) -> Predicate:
    """Return the unanchored, case-sensitive search for a regular expression; `flags` are letters of `ims`.

    Raises:
        PatternError: too long, or no engine can run it.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"the regular expression is longer than {LONGEST_PATTERN} characters")
    prefix = f"(?{flags})" if flags else ""
    try:
        safe = re2.compile((prefix + pattern).encode(), _QUIET)
    except (re2.error, UnicodeEncodeError):
        return _fallback(pattern, flags)
    return lambda value: safe.search(value.encode("utf-8", "replace")) is not None


def _fallback(pattern: str, flags: str) -> Predicate:
    mode = re.ASCII
    for letter in flags:
        mode |= _FLAGS[letter]
    try:
        found = re.compile(pattern, mode).search
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"the regular expression cannot be run: {error}") from error
    return lambda value: found(value[:FALLBACK_LIMIT]) is not None
