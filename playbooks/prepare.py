"""Prepare a host: the account, the keeper and one sudo rule, restic, copies; then log in as the account and try all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory import keys, onhost, sitekey
from inventory.errors import ExitCode, HoldfastError
from inventory.errors import worst as worst_of
from inventory.site import Site
from ledger import durable
from ledger.ledger import Ledger
from playbooks import ansible, proof
from playbooks.ansible import TaskResult
from playbooks.plan import Outcome, outcome
from playbooks.program import Program
from playbooks.proof import Proof
from playbooks.scan import Runner, Told
from playbooks.way import Way

PREPARED = "host.prepared"
PLAYBOOK = ansible.CONTENT / "prepare.yml"
_READ_BACK = "Read back what was installed"


@dataclass(frozen=True)
class Wanted:
    """What a host is to get: who may come in (one line, a public key), the files of the keeper and of copies, restic.

    With `hardening` the account may become root for anything.
    """

    public_key: str
    keeper: Path
    copies: Path
    restic: Program
    hardening: bool = False

    def variables(self) -> dict[str, Any]:
        """Return the role's variables."""
        return {
            "prepare_account": sitekey.ACCOUNT,
            "prepare_public_key": self.public_key,
            "prepare_keeper": str(self.keeper),
            "prepare_copies": str(self.copies),
            "prepare_restic": str(self.restic.path.resolve()),
            "prepare_restic_sha256": self.restic.sha256,
            "prepare_restic_machine": self.restic.machine,
            "prepare_restic_glibc": self.restic.glibc,
            "prepare_hardening": self.hardening,
        }


@dataclass(frozen=True)
class Prepared:
    """What came of it: what was changed, the files' SHA-256 as the host reads them, what was shown to work."""

    host: str
    outcome: Outcome
    hashes: Mapping[str, str]
    proofs: tuple[Proof, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 when Ansible did not finish or the account does not work, else 0."""
        return worst_of([self.outcome.exit_code, proof.worst(self.proofs)])

    def document(self) -> dict[str, Any]:
        """Return what `inventory host prepare --json` prints."""
        return {
            "host": self.host,
            "changes": self.outcome.document()["changes"],
            "failed": dict(self.outcome.failed),
            "unreached": dict(self.outcome.unreached),
            "hashes": dict(self.hashes),
            "proofs": [each.document() for each in self.proofs],
        }


def wanted(state: Path, restic: Program, copies: bytes, *, hardening: bool) -> Wanted:
    """Gather what a host is to get; the site's SSH key is made now if there is none. `copies` is that program.

    Raises:
        HoldfastError: the state directory cannot be written.
    """
    folder = state / "onhost"
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        for name, content in (("keeper", onhost.source()), ("copies", copies)):
            durable.write(folder / name, content)
    except OSError as error:
        raise HoldfastError(f"{folder} cannot be written: {error.strerror}", hint=f"ls -ld {state}") from error
    return Wanted(sitekey.public(state), folder / "keeper", folder / "copies", restic, hardening)


def plan(site: Site, way: Way, what: Wanted, *, runner: Runner = ansible.run, told: Told = lambda _: None) -> Outcome:
    """Return what preparing would change, in check mode."""
    return outcome(_run(site, way, what, runner, told, check=True), [way.host.name])


def prepare(
    site: Site,
    state: Path,
    way: Way,
    what: Wanted,
    *,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
) -> Prepared:
    """Change the host, then log in as the account. A host Ansible did not finish on is not logged in to."""
    results = _run(site, way, what, runner, told, check=False)
    done = outcome(results, [way.host.name])
    proofs: list[Proof] = []
    if done.exit_code is ExitCode.DONE:
        told(f"{way.host.name}: a new login as {sitekey.ACCOUNT}")
        proofs = proof.works(site, state, way.host, hardening=what.hardening)
    return Prepared(way.host.name, done, _hashes(results), tuple(proofs))


def record(ledger: Ledger, way: Way, what: Wanted, done: Prepared) -> None:
    """Record what was done on the host, and what was shown."""
    ledger.append(
        PREPARED,
        {
            "host": done.host,
            "account": sitekey.ACCOUNT,
            "came_in_as": way.login,
            "key": keys.parse(what.public_key).fingerprint,
            "hardening": what.hardening,
            "changed": len(done.outcome.changes),
            "failed": [*done.outcome.failed.values(), *done.outcome.unreached.values()],
            "hashes": dict(done.hashes),
            "proofs": [each.document() for each in done.proofs],
        },
    )


def _run(site: Site, way: Way, what: Wanted, runner: Runner, told: Told, *, check: bool) -> Sequence[TaskResult]:
    play = way.play(site, PLAYBOOK, what.variables(), check=check)
    return runner(play, lambda result: told(f"{result.host}: {result.task}"))


def _hashes(results: Sequence[TaskResult]) -> dict[str, str]:
    """Return the files' hashes as the host reads them."""
    said = [str(result.result.get("stdout", "")) for result in results if result.task == _READ_BACK]
    pairs = [line.split("  ", 1) for text in said for line in text.splitlines()]
    return {path: digest for digest, path in (pair for pair in pairs if len(pair) == 2)}
