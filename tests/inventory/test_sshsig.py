from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import keys, sshsig
from inventory.sshsig import SignatureError
from tests.inventory import signing


def test_a_signature_tells_whose_key_made_it_and_what_for(tmp_path: Path) -> None:
    private = signing.key(tmp_path, "hoa")
    text = signing.sign_text(private, b"hello\n", tmp_path / "x", "some-purpose").read_bytes()
    read = sshsig.take_apart(text)
    assert read.key == keys.parse(signing.public(private))
    assert read.namespace == "some-purpose"
    assert read.text == text.decode()
    assert sshsig.take_apart(text.replace(b"\n", b"\r\n")) == read


@given(st.binary(max_size=400))
def test_any_other_bytes_are_no_signature(data: bytes) -> None:
    with pytest.raises(SignatureError):
        sshsig.take_apart(data)


@given(st.text("ABCDEFabcdef0123456789+/=\n ", max_size=300))
def test_any_other_letters_between_the_lines_are_no_signature(body: str) -> None:
    with pytest.raises(SignatureError):
        sshsig.take_apart(f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n".encode())


def test_a_text_far_too_large_is_not_even_looked_at() -> None:
    with pytest.raises(SignatureError, match="larger than"):
        sshsig.take_apart(b"-" * (sshsig.LARGEST + 1))
