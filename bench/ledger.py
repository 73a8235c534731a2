"""How long one durable append takes beside SQLite's own, and how many records a second `ledger verify` walks."""

from __future__ import annotations

import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import result
from ledger import record
from ledger.ledger import Ledger
from ledger.record import Record
from ledger.store import add

APPENDS = 2000
RECORDS = 500_000
LIMIT_APPEND_SECONDS = 0.0005
LIMIT_RECORDS_A_SECOND = 300_000
BODY = {
    "status": "complete",
    "snapshots": ["3f9ac1d27b8e40f5a6c19d82e7b35f04c8d1e96a2b47f3058c6d9e1fa0b72c43"],
    "files": 12840,
    "bytes": 734003200,
    "seconds": 41.8,
    "problems": [],
}


class Clock:
    """This machine's time."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def timed(call: Any) -> float:
    """Run something and return its wall seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def appends(folder: Path) -> tuple[float, float, float]:
    """Append in turns with a bare insert of the same size; return the medians and the 95th percentile of ours."""
    ledger = Ledger.open(folder, Clock(), "bench")
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as bare:
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            bare.execute(f"PRAGMA {setting}")
        bare.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY, payload BLOB)")
        payload = b"x" * len(ledger.append("backup.finished", BODY, system="sso").payload)
        ours, theirs = [], []
        for _ in range(APPENDS):
            ours.append(timed(lambda: ledger.append("backup.finished", BODY, system="sso")))
            theirs.append(timed(lambda: bare.execute("INSERT INTO rows (payload) VALUES (?)", (payload,))))
    ledger.close()
    return statistics.median(ours), statistics.median(theirs), statistics.quantiles(ours, n=20)[-1]


def filled(folder: Path) -> Ledger:
    """Return a ledger of many records, made at once."""
    ledger = Ledger.open(folder, Clock(), "bench")
    previous, made, now = record.GENESIS, list[Record](), Clock().now()
    for seq in range(1, RECORDS + 1):
        made.append(record.seal(seq, now, "backup.finished", "sso", "bench", BODY, previous))
        previous = made[-1].hash
    with ledger.store.write() as connection:
        add(connection, made)
    return ledger


def cpu_seconds() -> float:
    """Return what this process and its ended children used of the processors."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    """Measure, print and keep the figures; 1 when a limit is broken."""
    with tempfile.TemporaryDirectory(dir=result.RESULTS.parent) as folder:
        ours, bare, worst = appends(Path(folder) / "appends")
        ledger = filled(Path(folder) / "verify")
        cpu = cpu_seconds()
        seconds = [timed(ledger.verify) for _ in range(3)]
        cpu = (cpu_seconds() - cpu) / len(seconds)
        assert ledger.verify().whole
        ledger.close()
    rate = RECORDS / statistics.median(seconds)
    kept = {"append": ours <= LIMIT_APPEND_SECONDS, "verify": rate >= LIMIT_RECORDS_A_SECOND}
    load = os.getloadavg()[0]
    print(
        f"append: {ours * 1000:.2f} ms median, {worst * 1000:.2f} ms for 19 of 20 (a bare insert of SQLite's: "
        f"{bare * 1000:.2f} ms); the limit of {LIMIT_APPEND_SECONDS * 1000:.1f} ms is "
        f"{'kept' if kept['append'] else 'BROKEN'}"
    )
    print(
        f"verify: {rate:,.0f} records/s, {cpu / RECORDS * 1e6:.1f} µs of processor a record; the limit of "
        f"{LIMIT_RECORDS_A_SECOND:,} records/s is {'kept' if kept['verify'] else 'BROKEN'} (load {load:.1f})"
    )
    figures = {
        "measured": "median wall seconds of durable appends, in turns with a bare insert; records/s of Ledger.verify",
        "appends": APPENDS,
        "append_seconds": round(ours, 6),
        "append_seconds_95": round(worst, 6),
        "bare_sqlite_seconds": round(bare, 6),
        "append_limit_seconds": LIMIT_APPEND_SECONDS,
        "records": RECORDS,
        "records_a_second": round(rate),
        "processor_seconds_a_record": round(cpu / RECORDS, 9),
        "records_a_second_limit": LIMIT_RECORDS_A_SECOND,
        "kept": all(kept.values()),
    }
    result.keep("ledger", figures)
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
