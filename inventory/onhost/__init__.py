"""What runs on the hosts: the keeper, put together from the files here into one that needs nothing but Python 3.9.

The files import each other here, so that they are checked and tested like any other; on a host they are one text.
"""

from __future__ import annotations

import base64
import zlib
from functools import cache
from pathlib import Path

INSTALLED = "/usr/local/lib/holdfast/keeper"
"""Where a prepared host has it, root's and behind one sudo rule."""

BOOTSTRAP = 'import base64,zlib;exec(zlib.decompress(base64.b64decode(open(0,"rb",0,closefd=False).readline())))'
"""The Python program that reads the keeper as one line of its input and becomes it."""

PARTS = ("frames.py", "program.py", "runs.py", "keeper.py", "login.py")


@cache
def source() -> bytes:
    """Return the keeper as one file, as it is installed on hosts."""
    lines = [
        "#!/usr/bin/python3 -I",
        "# Holdfast's keeper, put together from inventory/onhost/. See docs/remote.md.",
        "",
    ]
    lines.append("from __future__ import annotations")
    for name in PARTS:
        lines += _without_our_imports((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return ("\n".join(lines) + "\n").encode()


def _without_our_imports(text: str) -> list[str]:
    import ast  # here: only the first run on a host needs it

    lines = text.splitlines()
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("inventory.", "__future__")):
            del lines[node.lineno - 1 : node.end_lineno]
    return lines


@cache
def line() -> bytes:
    """Return the keeper as the one line that `BOOTSTRAP` reads."""
    return base64.b64encode(zlib.compress(source(), 9)) + b"\n"
