from __future__ import annotations

from cli.clock import SystemClock
from incident import assess
from tests.incident import making
from tests.incident.district import District


def test_every_system_is_asked_and_what_fails_is_said_in_words(district: District) -> None:
    (district.host("documents-1") / "up").unlink()
    found = assess.assess(district.site.own, district.site.hosts, SystemClock())
    assert {key: each.normal for key, each in found.items()} == {"sso": True, "edoc": False}
    assert found["sso"].failing == []
    (words,) = found["edoc"].failing
    assert words.startswith("test -f up ends with 0: ended with 1")


def test_a_system_without_tests_is_not_normal_and_says_why() -> None:
    found = assess.assess_one("sso", making.system(), {}, SystemClock())
    assert not found.normal
    assert "no tests of its own" in found.failing[0]
