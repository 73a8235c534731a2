"""The door to `ansible-inventory`: what Ansible makes of inventories, asked once and kept by content.

An answer is kept under a hash of every file that can change it (mode 0700, in the user's cache directory). What a
program says can change without any file changing, so such an answer is believed for `LONGEST_BELIEVED` only. Kept is
who belongs where and how hosts are reached; no other variable leaves Ansible's answer.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inventory import ansible_failure, connection, mirror, reach, sources
from inventory.errors import HoldfastError
from inventory.lines import Document
from inventory.parse import Unsafe, Vaulted
from inventory.sources import Source
from inventory.tree import Setting, Tree

LONGEST_BELIEVED = timedelta(minutes=5)
LIMIT_SECONDS = 120.0

_FORMAT = "1"
_MOST_KEPT = 20
_LARGEST_ANSWER = 500_000_000
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Answer:
    """What Ansible says: each group's own hosts and children, each host's connection variables.

    `with_system` are hosts that some group of theirs gives a `system` variable.
    """

    groups: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    hosts: Mapping[str, Mapping[str, Any]]
    with_system: frozenset[str] = frozenset()

    def tree(self, source: Path) -> Tree:
        """Return the answer as groups and hosts; `source` is the file to name when a variable is at fault."""
        document = Document(source, None)
        tree = Tree()
        for name, (hosts, children) in self.groups.items():
            tree.group(name)
            for child in children:
                tree.group(child)
                tree.groups[name].children[child] = None
            for host in hosts:
                tree.add_host(name, host)
        for host, variables in self.hosts.items():
            tree.hosts[host] = {
                name: Setting(_value(value), document, (host, name)) for name, value in variables.items()
            }
        return tree


def _value(value: Any) -> Any:
    match value:
        case {"__ansible_vault": secret}:
            return Vaulted(secret)
        case {"__ansible_unsafe": text}:
            return Unsafe(text)
        case _:
            return value


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where answers are kept."""
    home = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/")) / ".cache")
    return Path(home) / "holdfast" / "inventory"


@dataclass
class Ansible:
    """Asks Ansible, and remembers.

    `now` is when the question is asked; without it what a program said before is never believed. `fresh` believes
    nothing that was kept.
    """

    cache: Path | None = None
    now: datetime | None = None
    fresh: bool = False
    limit: float = LIMIT_SECONDS
    _said: dict[tuple[Path, ...], Answer] = field(default_factory=dict)

    def __call__(self, inventories: Sequence[Path], foreign: Sequence[Source]) -> Answer:
        """Return what Ansible makes of `inventories` together; `foreign` are the files among them only it can read.

        Raises:
            SiteError: Ansible cannot read a file that is no program.
            HoldfastError: a program among them failed or did not end in time, or Ansible cannot be run.
        """
        key = tuple(inventories)
        if key not in self._said:
            self._said[key] = self._kept_or_asked(inventories, foreign)
        return self._said[key]

    def _kept_or_asked(self, inventories: Sequence[Path], foreign: Sequence[Source]) -> Answer:
        changing = any(source.kind == "dynamic" for source in foreign)
        file = None
        if self.cache is not None:
            file = self.cache / f"{sources.digest(inventories, (_FORMAT, version('ansible-core')))}.json"
        if file is not None and not self.fresh and (kept := self._kept(file, changing=changing)) is not None:
            return kept
        answer = ask(inventories, foreign, self.limit)
        if file is not None:
            with suppress(OSError):
                self._keep(file, answer)
        return answer

    def _kept(self, file: Path, *, changing: bool) -> Answer | None:
        """Return a kept answer, or None: none is there, it is too old, it is not ours, it is damaged."""
        try:
            if not _is_private(file.parent):
                return None
            found = json.loads(file.read_text(encoding="utf-8"))
            if changing:
                age = None if self.now is None else self.now - datetime.fromisoformat(found["asked"])
                if age is None or not timedelta() <= age <= LONGEST_BELIEVED:
                    return None
            return _answer(found["answer"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, file: Path, answer: Answer) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_private(file.parent):
            return
        text = json.dumps({"asked": "" if self.now is None else self.now.isoformat(), "answer": _written(answer)})
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            new.write(text)
        Path(new.name).replace(file)
        newest_first = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[_MOST_KEPT:]:
            old.unlink(missing_ok=True)


def _is_private(directory: Path) -> bool:
    """Tell whether only we can have written there: an answer decides which machines commands are sent to."""
    status = directory.stat()
    return status.st_uid == os.getuid() and status.st_mode & 0o022 == 0


def ask(inventories: Sequence[Path], foreign: Sequence[Source], limit: float = LIMIT_SECONDS) -> Answer:
    """Run `ansible-inventory --list` over all inventories and return what it says.

    Without `--export`: that one lists variables before their precedence is applied. Files of variables that are
    encrypted as a whole are left out, as in our own reading.

    Raises:
        SiteError: Ansible cannot read a file that is no program.
        HoldfastError: a program among them failed or did not end in time, or Ansible cannot be run.
    """
    program = Path(sys.executable).parent / "ansible-inventory"
    if not program.is_file():
        raise HoldfastError(f"{program} is missing, so Ansible cannot be asked", hint="install Holdfast again")
    directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
    try:
        seen = mirror.without_encrypted(inventories, directory / "seen")
        output = directory / "answer.json"
        argv = [str(program), "--list", "--output", str(output)]
        for place in seen:
            argv += ["-i", str(place)]
        command = reach.Command(tuple(argv), env=_environment(directory), cwd=_empty(directory), limit=limit)
        try:
            outcome = reach.run(command)
        except reach.TimeLimitError as error:
            raise ansible_failure.too_slow(foreign, limit) from error
        if outcome.exit_code != 0 or not output.is_file():
            said = outcome.stderr
            for place, inventory in zip(seen, inventories, strict=True):
                said = said.replace(str(place), str(inventory))
            raise ansible_failure.named(said, foreign)
        return read(output)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _empty(directory: Path) -> Path:
    """Return an empty working directory: Ansible also reads group_vars beside where it is started."""
    (directory / "empty").mkdir()
    return directory / "empty"


def _environment(directory: Path) -> dict[str, str]:
    (directory / "ansible.cfg").touch()
    return {
        "PATH": f"{Path(sys.executable).parent}:{_SYSTEM_PATH}",
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
    }


def read(file: Path) -> Answer:
    """Read the JSON of `ansible-inventory --list`.

    Raises:
        HoldfastError: it is not that.
    """
    try:
        if file.stat().st_size > _LARGEST_ANSWER:
            raise HoldfastError(f"ansible-inventory said more than {_LARGEST_ANSWER} bytes")
        said = json.loads(file.read_text(encoding="utf-8"))
        variables = said.pop("_meta")["hostvars"]
        return _answer(
            {
                "groups": {
                    name: [list(group.get("hosts", ())), list(group.get("children", ()))]
                    for name, group in said.items()
                },
                "hosts": {
                    host: {name: value for name, value in own.items() if name in connection.NAMES}
                    for host, own in variables.items()
                },
                "with_system": [host for host, own in variables.items() if "system" in own],
            }
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HoldfastError("ansible-inventory said something that is no inventory", hint=f"it was: {error}") from error


def _answer(found: Mapping[str, Any]) -> Answer:
    groups = {str(name): (_names(hosts), _names(children)) for name, (hosts, children) in found["groups"].items()}
    hosts: dict[str, dict[str, Any]] = {host: {} for direct, _ in groups.values() for host in direct}
    hosts |= {str(host): dict(variables) for host, variables in found["hosts"].items()}
    return Answer(groups, hosts, frozenset(_names(found["with_system"])))


def _names(found: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, found))


def _written(answer: Answer) -> dict[str, Any]:
    return {
        "groups": answer.groups,
        "hosts": answer.hosts,
        "with_system": sorted(answer.with_system),
    }
