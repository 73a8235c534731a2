from __future__ import annotations

from incident import opening
from incident.watch import outlook
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident.district import District


def test_the_outlook_has_copies_media_and_deadlines_in_one_order(district: District, clock: FakeClock) -> None:
    ledger = Ledger.open(district.state, clock, "lan")
    opening.open_now(ledger, district.site, "Documents unreadable", named=["edoc"], from_alerts=False)
    found = outlook.outlook(district.site, ledger, district.state, 7)
    assert {"vault", "clock"} <= {each.kind for each in found.ahead}
    assert [each.at for each in found.ahead] == sorted(each.at for each in found.ahead)
    shape = found.as_json()
    assert (shape["set_up"], shape["silence"], shape["parts"]) == (False, "", [])
    [clock_line] = [each for each in shape["ahead"] if "first feedback" in each["what"]]
    assert clock_line["at"] == "2026-11-23T07:10:00.000000Z"
    assert len(outlook.outlook(district.site, ledger, district.state, 1).ahead) < len(found.ahead)
    ledger.close()
