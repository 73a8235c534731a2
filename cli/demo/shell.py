"""The demo's shell: runs commands as a user would type them, shows them, keeps everything they print."""

from __future__ import annotations

import os
import shlex
import sys
import time

from cli import output
from cli.demo.district import District
from inventory import reach
from inventory.errors import ExitCode, HoldfastError

_ALL = -1


class Shell:
    """Commands of one demo; `surprises` are those that ended otherwise than expected."""

    def __init__(self, world: District, *, step: bool, quiet: bool, full: bool = False) -> None:
        self._world = world
        self._full = full
        self._step = step
        self._quiet = quiet
        self._started = time.monotonic()
        self._runs = 0
        self.surprises: list[str] = []
        (world.home / "log").mkdir()

    def holdfast(self, *words: str, expect: tuple[int, ...] = (0,), head: int = _ALL, tail: int = _ALL) -> None:
        """Run one command as a user would, showing it and what it prints; note an end that was not expected.

        With `head` or `tail` only so many first or last lines are shown; the whole lies in the demo's `log/`.
        """
        shown = shlex.join(words)
        name = "-".join(word for word in words[:3] if word.isalpha())
        argv = (sys.executable, "-P", "-m", "cli.app", *words)
        code = self.run(argv, f"$ holdfast {shown}", name, head=head, tail=tail)
        if code not in expect:
            self.surprises.append(f"holdfast {shown} ended with {code}")

    def capture(self, *words: str) -> str:
        """Run one command, show it, and return its output.

        Raises:
            HoldfastError: it did not end well.
        """
        self.say(f"$ holdfast {shlex.join(words)}")
        outcome = reach.run(self._command((sys.executable, "-P", "-m", "cli.app", *words)))
        if outcome.exit_code not in (ExitCode.DONE, ExitCode.FINDINGS):
            raise HoldfastError(f"holdfast {words[0]} failed: {outcome.stderr.strip()}")
        return outcome.stdout

    def run(self, argv: tuple[str, ...], shown: str, name: str, *, head: int = _ALL, tail: int = _ALL) -> int:
        """Run any program, showing it as `shown` and keeping its output under `name`; return its exit code."""
        if self._full:
            head = tail = _ALL
        self.say(shown)
        said: list[str] = []

        def hear(line: str) -> None:
            said.append(line)
            if tail == _ALL and (head == _ALL or len(said) <= head):
                self.say(f"  {line}")

        code = reach.run(self._command(argv), on_stdout=hear, on_stderr=hear).exit_code
        self._runs += 1
        log = self._world.home / "log" / f"{self._runs:02d}-{name}.txt"
        log.write_text(f"{shown}\n" + "\n".join(said) + f"\n(exit {code})\n")
        for line in said[-tail:] if tail != _ALL else ():
            self.say(f"  {line}")
        if head not in (_ALL, 0) and len(said) > head:
            self.say(f"  … {len(said) - head} more lines")
        return code

    def _command(self, argv: tuple[str, ...]) -> reach.Command:
        env = {"HOLDFAST_SITE": str(self._world.site), "COLUMNS": "150"}
        if "HOLDFAST_RESTIC" in os.environ:
            env["HOLDFAST_RESTIC"] = os.environ["HOLDFAST_RESTIC"]
        return reach.Command(argv, env=env, cwd=self._world.home, limit=600)

    def background(self, module: str, *words: str) -> reach.Background:
        """Start one of the demo's own programs and let it go on."""
        command = reach.Command((sys.executable, "-P", "-m", module, *words))
        return reach.Background(command, self._world.home / "run" / f"{module}.out")

    def title(self, number: int, words: str) -> None:
        """Begin a step; who wants only data still sees on stderr how far it is."""
        if self._step and sys.stdin.isatty():
            output.wait(f"\n[Enter] for step {number}: {words}")
        title = f"── {number}/7  {words}  ({time.monotonic() - self._started:.0f} s)"
        if self._quiet:
            output.note(title)
        else:
            self.say(f"\n{title}")

    def say(self, text: str) -> None:
        """Tell the one who watches."""
        if not self._quiet:
            output.line(text)
            output.flush()
