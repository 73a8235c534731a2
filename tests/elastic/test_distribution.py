from __future__ import annotations

from pathlib import Path

import pytest

from tests.elastic import distribution
from tests.elastic.distribution import ElasticError


def program(directory: Path, name: str, script: str) -> None:
    (directory / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (directory / name).chmod(0o755)


def test_a_machine_without_java_or_with_an_old_one_is_told_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "sudo apt-get install default-jre-headless maven" in distribution.missing({})
    program(tmp_path, "java", """echo 'openjdk version "11.0.2"' >&2""")
    assert "needs Java 17 or newer" in distribution.missing({})
    program(tmp_path, "java", """echo 'openjdk version "21.0.2"' >&2""")
    assert "needs Maven" in distribution.missing({"HOME": str(tmp_path)})


def test_an_archive_with_another_hash_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    program(tmp_path, "mvn", f"/bin/mkdir deep; echo other >deep/elasticsearch-{distribution.VERSION}.zip")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ElasticError, match="is not Elasticsearch"):
        distribution.fetch({"HOLDFAST_ELASTICSEARCH_CACHE": str(cache)})
    assert list(cache.iterdir()) == []


def test_what_maven_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "mvn", "echo '[INFO] x'; echo '[ERROR] no such artifact'; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ElasticError, match=r"could not fetch .*: \[ERROR\] no such artifact"):
        distribution.fetch({"HOLDFAST_ELASTICSEARCH_CACHE": str(tmp_path / "cache")})
