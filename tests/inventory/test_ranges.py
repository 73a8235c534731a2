from __future__ import annotations

import pytest

from inventory import ranges


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("web", ["web"], None),
        ("web[1:3]", ["web1", "web2", "web3"], None),
        ("web[01:03]", ["web01", "web02", "web03"], None),
        ("web[:2]", ["web0", "web1", "web2"], None),
        ("db-[a:c].example", ["db-a.example", "db-b.example", "db-c.example"], None),
        ("n[1:10:4]", ["n1", "n5", "n9"], None),
        ("n[08:12:2]", ["n08", "n10", "n12"], None),
        ("r[1:2]u[a:b]", ["r1ua", "r1ub", "r2ua", "r2ub"], None),
        ("n[x:Z]", ["nx", "ny", "nz", *(f"n{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")], None),
        ("web:2222", ["web"], 2222),
        ("web[1:2]:2222", ["web1", "web2"], 2222),
        ("10.0.0.1:22", ["10.0.0.1"], 22),
        ("[web]:22", ["web"], 22),
        ("web-:22", ["web-:22"], None),
        ("2001:db8::1", ["2001:db8::1"], None),
    ],
)
def test_a_pattern_stands_for_its_hosts(pattern: str, names: list[str], port: int | None) -> None:
    assert ranges.expand(pattern) == (names, port)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("n[1]", "is written"),
        ("n[1:]", "is written"),
        ("n[1:2", "is written"),
        ("n[1:2:3:4]", "is written"),
        ("n[01:1]", "equally long"),
        ("n[c:a]", "empty"),
        ("n[3:1]", "empty"),
        ("n[1:5:0]", "from number to number"),
        ("n[1:c]", "from number to number"),
        ("n[1:2:x]", "from number to number"),
        ("n[1:999999999]", "more than 100000 hosts"),
        ("n[1:999][1:999]", "more than 100000 hosts"),
    ],
)
def test_what_is_no_range_is_told(pattern: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        ranges.expand(pattern)
