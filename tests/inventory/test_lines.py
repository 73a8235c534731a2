from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import lines
from inventory.lines import SiteError
from inventory.system import System


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "x.yml"
    file.write_text(text)
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(SiteError) as caught:
        lines.validate(lines.read(file), System)
    return [str(problem).removeprefix(str(file)) for problem in caught.value.problems]


def test_every_key_remembers_its_line(tmp_path: Path) -> None:
    document = lines.read(written(tmp_path, "a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n"))
    assert document.lines[("a", "b")] == 2
    assert document.lines[("a", "c", 1, "d")] == 5
    assert document.line(("a", "c", 1, "d", "not", "written")) == 5


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [1\nb: 2", "not valid YAML"),
        ("a: 1\nb: 2\na: 3", "written twice"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: *nowhere", "not valid YAML"),
        ("? [a]\n: 1", "not valid YAML"),
        ("a: !python/object:os.system x", "not valid YAML"),
        ("a: \x07", "not valid YAML"),
        ("a: &x [*x]", "not valid YAML"),
        ("[" * 3000, "not valid YAML"),
    ],
)
def test_what_is_not_good_yaml_is_told_with_its_file(tmp_path: Path, text: str, what: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SiteError, match=what) as caught:
        lines.read(file)
    assert str(file) in str(caught.value)


def test_a_key_written_twice_is_told_with_its_second_line(tmp_path: Path) -> None:
    with pytest.raises(SiteError) as caught:
        lines.read(written(tmp_path, "a:\n  b: 1\n  b: 2\n"))
    assert str(caught.value.problems[0]).endswith("x.yml:3: a.b: written twice (keep one of them)")


def test_aliases_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(SiteError, match="more than"):
        lines.read(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="cannot be read: No such file"):
        lines.read(tmp_path / "missing.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SiteError, match="not UTF-8"):
        lines.read(tmp_path / "binary.yml")


@pytest.mark.timeout(20)
def test_a_pipe_or_a_giant_is_refused_with_file_reason_and_hint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    with (tmp_path / "giant.yml").open("wb") as stream:
        stream.truncate(300_000_000)
    for name, told in (("pipe.yml", "no regular file but a named pipe"), ("giant.yml", "it is 300.0 MB, and at most")):
        with pytest.raises(SiteError) as caught:
            lines.read(tmp_path / name)
        (problem,) = caught.value.problems
        assert problem.file == tmp_path / name
        assert told in problem.what
        assert problem.hint


def test_an_empty_file_is_empty_data(tmp_path: Path) -> None:
    assert lines.read(written(tmp_path, "# only a comment\n")).data is None


def test_what_ansible_keeps_encrypted_is_left_alone(tmp_path: Path) -> None:
    text = "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nother: !unsafe '{{ x }}'\nday: 2026-01-31\n"
    data = lines.read(written(tmp_path, text)).data
    assert data["password"].startswith("$ANSIBLE_VAULT")
    assert data["other"] == "{{ x }}"
    assert data["day"] == "2026-01-31"


def test_every_fault_is_told_at_once_with_its_line_and_key(tmp_path: Path) -> None:
    file = written(tmp_path, "level: 9\nrto: soon\ndepends: [x]\ndata:\n  - files: [relative]\n    host: h\n")
    assert problems(file) == [
        ":1: name is missing",
        ":1: level: must be less than or equal to 5",
        ":2: rto: 'soon' is not a duration; write it like 90s, 15m, 8h, 7d or 1d12h",
        ":5: data.0.files.0: 'relative' must be an absolute path without '..'",
        ":3: depends: unknown key (did you mean depends_on?)",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data: [{file: /x, host: h}]", ":2: data.0: needs one of the keys files, sqlite"),
        ("data: [/x]", ":2: data.0: needs one of the keys files, sqlite"),
        ("data: [{files: [/x]}]", ":2: data.0: host is missing"),
        ("data: [{sqlite: x.db, host: h}]", ":2: data.0.sqlite: 'x.db' must be an absolute path without '..'"),
        ("copies: [{vault: main, evry: 6h, every: 6h}]", ":2: copies.0.evry: unknown key"),
        ("copies: [{vault: main, every: often}]", ":2: copies.0.every: 'often' is not a duration"),
        ("copies: [{media: weekly}]", ":2: copies.0: every is missing"),
        ("copies: [{tape: weekly}]", ":2: copies.0: needs one of the keys vault, media"),
        ("normal_when: [{port: 99999, host: h}]", ":2: normal_when.0.port: must be less than or equal to 65535"),
        ("normal_when: [{http: ftp://x}]", ":2: normal_when.0.http: 'ftp://x' does not fit (it must match"),
        ("normal_when: [{command: [], host: h}]", ":2: normal_when.0.command: is empty"),
        ("normal_when: [{ping: h}]", ":2: normal_when.0: needs one of the keys http, sql, port, command"),
        ("logs: [{host: h, file: /x, format: xml}]", ":2: logs.0.format: must be 'auto', 'jsonl'"),
        ("rto: 25h", ":1: rto above 24h needs rto_reason and rto_approver"),
        ("data:", ":2: data: must be a list"),
    ],
)
def test_a_fault_in_a_union_gives_one_clear_message(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems(written(tmp_path, f"name: X\n{text}\n"))
    assert problem.startswith(told)


@pytest.mark.parametrize("name", ["''", "'  '"])
def test_a_system_without_a_word_for_a_name_is_a_fault(tmp_path: Path, name: str) -> None:
    assert problems(written(tmp_path, f"level: 3\nname: {name}\n")) == [":2: name: is empty (say what it is)"]


@given(st.text(max_size=300))
def test_no_text_brings_the_reader_down(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as directory:
        file = Path(directory) / "x.yml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            lines.validate(lines.read(file), System)
        except SiteError as error:
            assert error.problems


def test_a_hint_names_what_was_meant_or_a_few_of_those_there_are() -> None:
    assert lines.near("databse", ["web", "database"], "groups") == "did you mean database?"
    assert lines.near("x", [], "hosts") == "hosts: none"
    many = [f"h{number}" for number in range(20)]
    assert lines.near("zzz", many, "hosts").endswith("h10, h11, and 8 more")


def test_a_key_in_the_wrong_place_is_not_said_to_be_meant_as_itself(tmp_path: Path) -> None:
    text = "name: x\nlevel: 3\ncopies: [{vault: main, media: weekly, every: 1h}]\nnormal_when: [{http: 'ftp://x'}]\n"
    file = written(tmp_path, text)
    with pytest.raises(SiteError) as caught:
        lines.validate(lines.read(file), System)
    told = str(caught.value)
    assert "does not belong here" in told
    assert "did you mean media?" not in told
    assert "'ftp://x' does not fit (it must match ^https?://)" in told
