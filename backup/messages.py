"""What restic says, line by line, as typed values. Pure; a type it does not know is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backup.errors import AnswerError


@dataclass(frozen=True)
class Progress:
    """How far a run is: share done (0..1), files and bytes so far."""

    share: float
    files: int
    bytes: int


@dataclass(frozen=True)
class ItemProblem:
    """One file or folder restic could not handle."""

    item: str
    text: str


@dataclass(frozen=True)
class BackupSummary:
    """The end of a backup: full snapshot id (empty: none was made), files and bytes read, bytes added, seconds."""

    snapshot: str
    files: int
    bytes: int
    added: int
    seconds: float


@dataclass(frozen=True)
class RestoreSummary:
    """The end of a restore: items and bytes brought back."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Made:
    """A repository was made; its id."""

    repository: str


@dataclass(frozen=True)
class Fatal:
    """Why restic gave up."""

    code: int
    text: str


@dataclass(frozen=True)
class Text:
    """A line that is no message: a warning or a notice in plain words."""

    text: str


Message = Progress | ItemProblem | BackupSummary | RestoreSummary | Made | Fatal | Text


def parse(line: str) -> Message:
    """Read one line of restic's output, from either stream.

    Raises:
        AnswerError: a JSON message of a type, or with a content, this version does not know.
    """
    if not line.lstrip().startswith("{"):
        return Text(line)
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Text(line)
    if not isinstance(content, dict) or "message_type" not in content:
        raise AnswerError(
            f"restic said something unknown: {line[:200]}", hint="use a restic this version was tried with"
        )
    try:
        return _typed(content)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise AnswerError(f"restic's answer cannot be read ({error!r}): {line[:200]}") from error


def _typed(content: Mapping[str, Any]) -> Message:
    match content["message_type"]:
        case "status" | "verbose_status":
            return _progress(content)
        case "error":
            return ItemProblem(str(content.get("item") or ""), _reason(content))
        case "summary" if "total_files_processed" in content:
            return BackupSummary(
                snapshot=str(content.get("snapshot_id") or ""),
                files=int(content["total_files_processed"]),
                bytes=int(content["total_bytes_processed"]),
                added=int(content.get("data_added_packed") or content.get("data_added") or 0),
                seconds=float(content.get("total_duration") or 0),
            )
        case "summary" if "total_files" in content:
            return RestoreSummary(int(content.get("files_restored") or 0), int(content.get("bytes_restored") or 0))
        case "initialized":
            return Made(str(content["id"]))
        case "exit_error":
            return Fatal(int(content["code"]), str(content["message"]))
        case other:
            raise ValueError(f"unknown message type {other!r}")


def _progress(content: Mapping[str, Any]) -> Progress:
    share = min(1.0, max(0.0, float(content.get("percent_done") or 0)))
    files = content.get("files_done") or content.get("files_restored") or 0
    done = content.get("bytes_done") or content.get("bytes_restored") or 0
    return Progress(share, int(files), int(done))


def _reason(content: Mapping[str, Any]) -> str:
    error = content.get("error")
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("Err") or json.dumps(error))
    return str(error or "unknown reason")


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a repository.

    `id` and `original` are full ids; `original` is the id it was copied from (its own id if it was not copied).
    """

    id: str
    original: str
    time: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def system(self) -> str:
        """Return the system it is tagged with, or an empty text."""
        return next((tag.removeprefix("system=") for tag in self.tags if tag.startswith("system=")), "")


def snapshots(text: str) -> list[Snapshot]:
    """Read the answer of `restic snapshots --json`, oldest first.

    Raises:
        AnswerError: it is not a list of snapshots.
    """
    try:
        found = [
            Snapshot(
                id=str(item["id"]),
                original=str(item.get("original") or item["id"]),
                time=str(item["time"]),
                paths=tuple(item.get("paths") or ()),
                tags=tuple(item.get("tags") or ()),
            )
            for item in json.loads(text) or ()
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AnswerError(f"restic's list of snapshots cannot be read: {error!r}") from error
    return sorted(found, key=lambda snapshot: snapshot.time)


@dataclass(frozen=True)
class Lock:
    """One lock of a repository, and who made it: host name, process id, time (RFC 3339)."""

    id: str
    host: str
    user: str
    pid: int
    time: str
    exclusive: bool


def lock(id_: str, text: str) -> Lock:
    """Read the answer of `restic cat lock ID`.

    Raises:
        AnswerError: it is not a lock.
    """
    try:
        content = json.loads(text)
        return Lock(
            id=id_,
            host=str(content["hostname"]),
            user=str(content.get("username") or ""),
            pid=int(content["pid"]),
            time=str(content["time"]),
            exclusive=bool(content.get("exclusive")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnswerError(f"the lock {id_[:8]} cannot be read: {error!r}") from error
