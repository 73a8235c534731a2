from __future__ import annotations

from typing import Any

import pytest

from inventory import draft_parts as parts

TWO = ["db-1", "web-1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web-1", ("web-1", {})),
        ("web-1=192.0.2.7", ("web-1", {"ansible_host": "192.0.2.7", "ansible_user": "holdfast"})),
        ("web-1=2001:db8::7", ("web-1", {"ansible_host": "2001:db8::7", "ansible_user": "holdfast"})),
        ("here=local", ("here", {"ansible_connection": "local"})),
    ],
)
def test_a_host_is_a_name_with_its_address_or_this_machine(text: str, expected: Any) -> None:
    assert parts.host(text, "holdfast") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql:apis@db-1", {"postgresql": "apis", "host": "db-1"}),
        ("sqlite:/srv/a@b.db@db-1", {"sqlite": "/srv/a@b.db", "host": "db-1"}),
        ("files:/srv/a, /srv/b@web-1", {"files": ["/srv/a", "/srv/b"], "host": "web-1"}),
        ("/srv/a@web-1", {"files": ["/srv/a"], "host": "web-1"}),
    ],
)
def test_data_says_what_it_is_and_on_which_host(text: str, expected: Any) -> None:
    assert parts.data(text, TWO) == expected


def test_with_one_host_nobody_must_name_it() -> None:
    assert parts.data("/srv/a@b", ["web-1"]) == {"files": ["/srv/a@b"], "host": "web-1"}
    assert parts.log("journald:nginx", ["web-1"]) == {"host": "web-1", "journald": "nginx"}
    assert parts.normal("port:443", ["web-1"]) == {"port": 443, "host": "web-1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vault:main", {"vault": "main", "every": "6h"}),
        ("vault:main=1h", {"vault": "main", "every": "1h"}),
        ("media:weekly", {"media": "weekly", "every": "7d"}),
    ],
)
def test_a_copy_is_renewed_as_often_as_work_may_be_lost_and_a_medium_weekly(text: str, expected: Any) -> None:
    assert parts.copy(text, "6h") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://apis.example/health", {"http": "https://apis.example/health"}),
        ("command:systemctl is-active 'a b'@db-1", {"command": ["systemctl", "is-active", "a b"], "host": "db-1"}),
        ("sql:apis:select count(*) from d@db-1", {"sql": "apis", "host": "db-1", "query": "select count(*) from d"}),
        ("sql:/srv/x.db:select 1@db-1", {"sql": "/srv/x.db", "host": "db-1", "query": "select 1"}),
    ],
)
def test_a_test_of_its_own_is_an_address_a_port_a_command_or_a_query(text: str, expected: Any) -> None:
    assert parts.normal(text, TWO) == expected


@pytest.mark.parametrize("text", ["", "=192.0.2.1", "web-1="])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NAME=ADDRESS"):
        parts.host(text)


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (parts.data, "mysql:x@db-1", "postgresql:NAME@HOST"),
        (parts.data, "postgresql:apis", "on which host; end it with @HOST (db-1, web-1)"),
        (parts.data, "postgresql:", "cannot be read"),
        (parts.data, "whatever", "cannot be read"),
        (parts.log, "syslog:x@db-1", "journald:UNIT@HOST"),
        (parts.normal, "port:https@db-1", "no port"),
        (parts.normal, "sql:apis@db-1", "no query"),
        (parts.normal, "ping:x@db-1", "command:WORDS@HOST"),
        (parts.normal, "command:'open@db-1", "quotation"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_to_write_it(read: Any, text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        read(text, TWO)
    assert says in str(caught.value)


def test_an_unknown_place_for_copies_is_refused() -> None:
    with pytest.raises(ValueError, match="media:NAME=EVERY"):
        parts.copy("tape:x", "6h")
