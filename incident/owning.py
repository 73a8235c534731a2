"""Own the recovery of an incident: one process at a time, recognised by the ledger's lease."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

from inventory.errors import HoldfastError
from ledger.ledger import Ledger
from ledger.owner import Lease

_LEASE = timedelta(minutes=2)
_RENEW_SECONDS = 30.0


class Owned(threading.Thread):
    """Own the recovery of an incident while the block runs; losing it is found by the next write, which is refused."""

    def __init__(self, ledger: Ledger, incident: str) -> None:
        super().__init__(daemon=True)
        self._ledger = ledger
        self._lease = ledger.own(f"recover:{incident}", length=_LEASE)
        self._over = threading.Event()

    def __enter__(self) -> Lease:
        self.start()
        return self._lease

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        with suppress(HoldfastError):
            self._ledger.disown(self._lease)

    def run(self) -> None:
        """Renew the lease until the block ends or somebody else has it."""
        while not self._over.wait(_RENEW_SECONDS):
            with suppress(HoldfastError):
                now = self._ledger.own(self._lease.name, length=_LEASE)
                if now != self._lease:  # it was somebody else's meanwhile: not ours to hold any more
                    self._ledger.disown(now)
                    return
