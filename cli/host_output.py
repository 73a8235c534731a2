"""What `inventory host prepare` and `forget` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import output, plan_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playbooks.forget import Forgotten
    from playbooks.plan import Outcome
    from playbooks.prepare import Prepared
    from playbooks.proof import Proof

_WORDS = {True: "yes", False: "NO", None: "not seen"}


def warn_of_rights(name: str, *, hardening: bool) -> None:
    """Say what the account may do, before anybody agrees to it."""
    output.note(
        f"The account holdfast on {name} may have the programs of /etc/holdfast/allowed run as root, nothing else. "
        "restic is one of them: whoever holds the site's SSH key can read and replace every file there."
    )
    if hardening:
        output.note(f"WITH --hardening THE ACCOUNT IS ROOT on {name}: sudo lets it do anything.")


def warn_of_detached(name: str) -> None:
    """Say what cannot be shown when the account takes itself away."""
    output.note(
        f"You come in as holdfast itself: {name} takes everything away seconds after the connection has ended, "
        "and nobody can look whether it is gone. Better: --as another administrator."
    )


def prepared(done: Prepared) -> None:
    """Show what was changed, what lies on the host now, and what was tried."""
    _changed(done.outcome, done.host, "changed")
    for path, digest in done.hashes.items():
        output.line(f"  {path}  SHA-256 {digest}")
    _proofs(done.proofs)
    if done.exit_code == 0:
        output.line(
            f"{done.host} is prepared; let its ansible_user be holdfast in the inventory, and name no key there"
        )
    else:
        output.line(f"{done.host} is NOT prepared")


def forgotten(done: Forgotten) -> None:
    """Show what was taken away and what was seen to be gone."""
    _changed(done.outcome, done.host, "taken away")
    _proofs(done.proofs)
    for fingerprint in done.keys:
        output.line(f"  taken out of known_hosts: {fingerprint}")
    unseen = [proof.what for proof in done.proofs if proof.holds is None]
    if done.exit_code == 0:
        output.line(f"{done.host} is forgotten: all of it was seen to be gone")
    elif done.exit_code == 1:
        output.line(f"{done.host}: NOT SEEN: {'; '.join(unseen)}")
    else:
        output.line(f"{done.host} is NOT forgotten")


def _changed(outcome: Outcome, host: str, word: str) -> None:
    output.line(f"{host}: {plan_output.many(len(outcome.changes), 'thing')} {word}")
    for text in plan_output.troubles(outcome):
        output.line(text)


def _proofs(proofs: Sequence[Proof]) -> None:
    if proofs:
        output.table(("looked at", "so", "found"), [(each.what, _WORDS[each.holds], each.found) for each in proofs])
