from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory import vaults
from inventory.vaults import VaultPlace

PLACES = [
    VaultPlace(path=Path("/srv/vault")),
    VaultPlace(
        None, "https://vault:8000/", "holdfast", Path("/etc/p"), ("pass", "vault"), "vault", Path("/etc/ca.pem")
    ),
    VaultPlace(rest="http://vault:8000/x/"),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_read_back_as_it_was(place: VaultPlace) -> None:
    again = vaults.from_json(json.loads(json.dumps(place.as_json())))
    assert again == place


def test_only_what_goes_over_a_network_without_tls_can_be_read_on_the_way() -> None:
    assert [place.encrypted for place in PLACES] == [True, True, False]
