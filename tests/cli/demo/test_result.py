from __future__ import annotations

from cli.demo.result import Result
from ledger.chain import Verdict


def test_an_unanchored_ledger_is_told_as_not_verified() -> None:
    verdict = Verdict(records=5, head="ab", faults=(), anchored=0)
    result = Result(False, "/demo", None, [], [], verdict, [])
    assert result.as_json()["ledger"] == {"records": 5, "verified": False}
    assert result.as_json()["ok"] is False
