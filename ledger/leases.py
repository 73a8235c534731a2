"""Ownership of named things, with an epoch that fences off whoever lost it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from inventory import clock as clocks
from ledger import owner as owners
from ledger.connection import Connection
from ledger.errors import LeaseLostError
from ledger.owner import Lease


def acquire(
    connection: Connection, name: str, holder: str, now: datetime, until: datetime, is_dead: Callable[[str], bool]
) -> Lease:
    """Become the owner of `name`, or prolong one's own ownership.

    An owner whose time has run out, or who `is_dead`, gives way. `connection` must hold the head row's lock.

    Raises:
        LeaseLostError: somebody else owns it, lives, and it has not run out.
    """
    row = connection.one("SELECT holder, epoch, until FROM leases WHERE name = ?", (name,))
    if row is None:
        first = (name, holder, clocks.to_text(until))
        connection.run("INSERT INTO leases (name, holder, epoch, until) VALUES (?, ?, 1, ?)", first)
        return Lease(name, holder, 1)
    known, epoch, ends = row
    if known != holder and ends > clocks.to_text(now) and not is_dead(known):
        raise LeaseLostError(
            f"{name} is being worked on by {owners.words(known)} until {ends}",
            hint="wait for it to end, or end that process; ownership runs out by itself",
        )
    epoch += known != holder
    new = (holder, epoch, clocks.to_text(until), name)
    connection.run("UPDATE leases SET holder = ?, epoch = ?, until = ? WHERE name = ?", new)
    return Lease(name, holder, epoch)


def release(connection: Connection, lease: Lease) -> None:
    """Give up ownership; a lease already lost stays lost."""
    mine = (lease.name, lease.epoch)
    connection.run("UPDATE leases SET until = '', holder = '' WHERE name = ? AND epoch = ?", mine)


def require(connection: Connection, lease: Lease) -> None:
    """Refuse a write of somebody who is not the owner any more; asked inside the very transaction of the write.

    Raises:
        LeaseLostError: the lease has another owner or none.
    """
    row = connection.one("SELECT holder, epoch FROM leases WHERE name = ?", (lease.name,))
    if row is None or tuple(row) != (lease.holder, lease.epoch):
        raise LeaseLostError(
            f"{lease.name} has another owner now; this write was refused",
            hint="look at it with `holdfast recover status` before going on",
        )
