from __future__ import annotations

import pytest

from inventory import size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (20_512, "20.5 kB"),
        (999_960, "1.0 MB"),
        (48_473_718, "48.5 MB"),
        (3 * 10**12, "3.0 TB"),
        (5 * 10**18, "5000.0 PB"),
    ],
)
def test_a_size_is_written_with_the_unit_that_fits(count: int, shown: str) -> None:
    assert size.show(count) == shown
