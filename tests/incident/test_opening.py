from __future__ import annotations

import pytest

from incident import opening
from inventory.errors import UsageError
from ledger import alerts
from tests.incident import making
from tests.incident.district import District


def test_affected_are_the_named_those_in_alerts_and_those_whose_own_tests_fail(district: District) -> None:
    (district.host("documents-1") / "up").unlink()
    alerts.raise_alerts(district.ledger, [making.alert("a1", system="sso"), making.alert("a2", system="elsewhere")])
    made = opening.open_now(district.ledger, district.site, "Unreadable", named=[], from_alerts=True)
    assert set(made.systems) == {"sso", "edoc"}
    assert made.alerts == ("a1", "a2")
    (record,) = district.ledger.read(kinds=("incident.opened",))
    assert list(record.body["failing"]) == ["edoc"]


def test_alerts_are_left_alone_unless_asked_for(district: District) -> None:
    alerts.raise_alerts(district.ledger, [making.alert("a1")])
    made = opening.open_now(district.ledger, district.site, "A cable", named=["edoc"], from_alerts=False)
    assert (made.systems, made.alerts) == (("edoc",), ())
    assert [each.state for each in alerts.listed(district.ledger)] == [alerts.OPEN]


def test_where_nothing_is_affected_nothing_is_opened(district: District) -> None:
    with pytest.raises(UsageError, match="no system is affected"):
        opening.open_now(district.ledger, district.site, "Nothing", named=[], from_alerts=True)
    assert list(district.ledger.read()) == []


def test_a_system_that_is_unknown_or_not_ours_is_named(district: District) -> None:
    (district.root / "site" / "inventory" / "ndb.yml").write_text(
        "ndb: {vars: {system: {name: National databases, external: true}}}\n"
    )
    with pytest.raises(UsageError, match="'edco'"):
        opening.open_now(district.ledger, district.site, "x", named=["edco"], from_alerts=False)
    with pytest.raises(UsageError, match="ndb is not ours") as caught:
        opening.open_now(district.ledger, district.site, "x", named=["ndb"], from_alerts=False)
    assert "edoc" in caught.value.hint
