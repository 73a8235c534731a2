from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from inventory.fields import Duration

DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def test_a_duration_is_read_from_text_and_written_so_that_it_is_read_back() -> None:
    read = DURATION.validate_python("1d12h")
    assert read == timedelta(hours=36)
    assert DURATION.validate_json(DURATION.dump_json(read)) == read


def test_what_is_no_duration_is_refused_with_how_to_write_one() -> None:
    with pytest.raises(ValidationError, match="write it like 90s"):
        DURATION.validate_python("soon")
