from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.demo.services import base, documents
from cli.demo.services.base import AnswerError, Request
from cli.demo.services.documents import Documents


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Documents:
    documents.create(tmp_path, 3, 1000, seed=1)
    monkeypatch.setattr(base, "call", lambda *_, **__: (200, {"login": "anna"}))
    return Documents(tmp_path, "documents-1", "http://sso")


def ask(path: str, **body: Any) -> Request:
    return Request(path, dict(body), "127.0.0.1", 1, "token")


def test_filed_documents_are_listed_and_read_and_new_ones_can_be_filed(service: Documents) -> None:
    assert service.read(ask("/documents"))["documents"] == [1, 2, 3]
    assert service.read(ask("/documents/1"))["bytes"] > 0
    service.write(ask("/documents", content="memo"))
    assert service.health(ask("/health"))["documents"] == 4


def test_a_document_altered_behind_its_back_is_refused_and_logged_as_a_mismatch(
    service: Documents, tmp_path: Path
) -> None:
    for file in (tmp_path / "srv" / "edoc" / "files").rglob("dossier-*"):
        file.write_bytes(b"altered")
    with pytest.raises(AnswerError):
        service.read(ask("/documents/1"))
    last = json.loads((tmp_path / "var" / "log" / "documents.jsonl").read_text().splitlines()[-1])
    assert last["event"]["reason"] == "integrity-mismatch"
    assert last["event"]["outcome"] == "failure"


def test_without_sign_on_nobody_gets_in(service: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "call", lambda *_, **__: (0, {}))
    with pytest.raises(AnswerError) as caught:
        service.read(ask("/documents"))
    assert caught.value.status == 503
