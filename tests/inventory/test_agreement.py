from __future__ import annotations

from inventory.agreement import differences
from inventory.ansible_inventory import Answer
from inventory.system import Host

ANSWER = Answer(
    {"all": ((), ("ungrouped", "web")), "web": (("w1", "w2"), ())},
    {"w1": {"ansible_port": 2201, "ansible_user": "op"}, "w2": {"ansible_host": {"__ansible_vault": "x"}}},
)
MEMBERS = {"all": ("w1", "w2"), "web": ("w2", "w1"), "ungrouped": (), "empty": ()}
HOSTS = {
    "w1": Host(name="w1", address="w1", port=2201, user="op"),
    "w2": Host(name="w2", address="w2", unclear=("ansible_host is encrypted (a.yml:1)",)),
}


def told(members: dict[str, tuple[str, ...]], hosts: dict[str, Host]) -> list[str]:
    return [str(one) for one in differences(members, hosts, ANSWER)]


def test_the_same_reading_differs_in_nothing() -> None:
    assert told(MEMBERS, HOSTS) == []


def test_hosts_only_one_of_us_sees_in_a_group_are_named() -> None:
    found = told(MEMBERS | {"web": ("w1", "w3"), "ghost": ("w1",)}, HOSTS)
    assert found == [
        "hosts of group ghost: we read also w1, Ansible no others",
        "hosts of group web: we read also w3, Ansible also w2",
    ]


def test_a_connection_read_otherwise_is_named_by_its_variable() -> None:
    found = told(MEMBERS, HOSTS | {"w1": Host(name="w1", address="w1", port=22, user="op")})
    assert found == ["ansible_port of host w1: we read 22, Ansible 2201"]


def test_what_only_one_of_us_finds_clear_is_told() -> None:
    (line,) = told(MEMBERS, HOSTS | {"w2": Host(name="w2", address="w2")})
    assert line == (
        "what is unclear about host w2: we read nothing, Ansible ansible_host is encrypted (ansible-inventory:1)"
    )


def test_of_many_hosts_a_few_are_named() -> None:
    many = tuple(f"x{number}" for number in range(9))
    (line,) = told(MEMBERS | {"web": ("w1", "w2", *many)}, HOSTS)
    assert "also x0, x1, x2, x3, x4 and 4 more" in line
