"""What a host's answer means: how a program ended there, or why that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from inventory import duration
from inventory.command import Command, Outcome, missing, past_limit
from inventory.errors import ExitCode, HoldfastError, RefusedError
from inventory.ssh import HostKeyChangedError, NotPreparedError, plain

Json = dict[str, Any]
STOPPED_WITH_KEEPER = "stopped with its keeper"


class InDoubtError(HoldfastError):
    """A program was begun on a host, and how it ended is not known. It is never run again by itself (exit 3)."""


class EndedError(InDoubtError):
    """A program ended without a result: nothing of it is left, and it is not known how far it came (exit 3)."""


class HostRestartedError(EndedError):
    """The host was started anew while the program ran on it: the program ended with it (exit 3)."""


class KeeperGoneError(EndedError):
    """What watched over the program ended without a result; nothing of the program is left (exit 3)."""


class LostError(InDoubtError):
    """The connection stayed away longer than the program is kept alive without one (exit 3)."""


class AbandonedError(LostError, EndedError):
    """The same, and its host has ended it (exit 3)."""


class NoSuchRunError(HoldfastError):
    """The host knows no run of this name (any more) (exit 3)."""


class StillRunningError(HoldfastError):
    """A program was to be ended, and the host does not confirm that nothing of it is left (exit 3)."""


class InterruptedStillRunningError(StillRunningError):
    """The same, after Ctrl-C (exit 130)."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERRUPTED


def checked(answer: Json) -> Json:
    """Return a host's last word, its shape checked.

    Raises:
        ValueError: it has another shape.
    """
    if not isinstance(answer["exit_code"], int | None) or not isinstance(answer["why"], str):
        raise ValueError("the end of a run has another shape")  # noqa: TRY004  (the host's fault, not a caller's)
    ends, left = [int(end) for end in answer["ends"]], [int(pid) for pid in answer["left"]]
    shown = {name: plain(str(answer.get(name, ""))) for name in ("error", "program")}
    limit = None if answer["limit"] is None else float(answer["limit"])
    return {**answer, **shown, "ends": ends, "left": left, "seconds": float(answer["seconds"]), "limit": limit}


def outcome(
    result: Json, received: Sequence[int], host: str, tails: Sequence[str], *, restarted: bool = False
) -> Outcome:
    """Turn a host's last word into an outcome.

    Raises:
        TimeLimitError: the program's limit passed.
        InDoubtError: it was ended because nobody was connected, or with its host.
        HoldfastError: it could not be started, or could not be ended.
    """
    name, place = result["program"], f" on {host}"
    command = Command((name,), limit=result["limit"])
    if result["error"]:
        if result.get("missing"):
            raise missing(name, place)
        raise HoldfastError(f"{name} could not be started{place}: {result['error']}")
    if result["left"]:
        raise StillRunningError(
            f"{name} could not be ended{place}: {len(result['left'])} of its processes remain",
            hint=f"look for process {result['left'][0]}{place}",
        )
    if result["why"] == "limit":
        raise past_limit(command, place)
    if result["why"] == "abandoned":
        raise AbandonedError(
            f"{name} was ended{place}: the connection was gone for longer than it may be",
            hint=f"look at what {name} left{place}, then run the command again",
        )
    if restarted and (result["exit_code"] or 0) < 0:
        raise problem({"problem": "restarted"}, host, command)
    if result["why"] or result["exit_code"] is None:
        raise EndedError(
            f"{name} was ended{place} from outside",
            hint=f"look at what {name} left{place}, then run the command again",
        )
    if list(received) != result["ends"]:
        raise not_a_keeper(host, ValueError("output is missing"))
    return Outcome(result["exit_code"], tails[0], tails[1], result["seconds"])


def problem(answer: Json, host: str, command: Command) -> HoldfastError:
    """Turn a keeper's refusal into a named error."""
    name, text = command.title, plain(str(answer.get("text", "")))
    look = f"look at what {name} left on {host}, then decide whether to run the command again"
    prepare = f"holdfast inventory host prepare {host}"
    known: dict[str, tuple[type[HoldfastError], str, str]] = {
        "restarted": (HostRestartedError, f"{host} was restarted while {name} ran on it: the run ended with it", look),
        "lost": (
            KeeperGoneError,
            f"what watched over {name} on {host} is gone without a result; what was left of {name} was ended",
            look,
        ),
        "unknown": (NoSuchRunError, f"{host} knows no run of this name", f"look on {host} for what the run was to do"),
        "over": (NoSuchRunError, f"the result of this run was given up on {host}", "holdfast ledger show"),
        "version": (NotPreparedError, f"the keeper on {host} is of another version of Holdfast", prepare),
        "refused": (RefusedError, f"{host} refuses to run {name}: {text}", prepare),
        "disk": (HoldfastError, f"{host} cannot keep a run: {text}", f"make room in the login's home on {host}"),
    }
    if answer["problem"] not in known:
        return not_a_keeper(host, ValueError("an unknown answer"))
    kind, message, hint = known[answer["problem"]]
    return kind(message, hint=hint)


def not_a_keeper(host: str, error: Exception) -> HoldfastError:
    """Return the error for an answer that no keeper gives."""
    return InDoubtError(
        f"{host} answers what Holdfast does not understand: {plain(str(error))}",
        hint=f"check what the login on {host} starts, and that the host is what it should be",
    )


def lost(command: Command, host: str, seconds: float, patience: float, error: HoldfastError) -> LostError:
    """Return the error for a connection that did not come back."""
    return LostError(
        f"{host} has not been reached for {duration.show(seconds)} while {command.title} ran there; how it ended is "
        f"not known ({error.message})",
        hint=f"{host} ends it by itself after {duration.show(patience)} without connection; look there what it left",
    )


def not_stopped(command: Command, host: str, patience: float, cause: BaseException) -> StillRunningError:
    """Return the error for a program that was told to stop and may still be running."""
    kind = InterruptedStillRunningError if isinstance(cause, KeyboardInterrupt) else StillRunningError
    because = f" ({cause})" if isinstance(cause, HoldfastError) else ""
    return kind(
        f"{host} does not confirm that {command.title} was stopped{because}",
        hint=f"it is ended there by itself within {duration.show(patience)}; look at {host} before going on",
    )


def is_final(error: HoldfastError, *, delivered: bool) -> bool:
    """Tell whether trying again is no use: another key is never a passing fault, a missing Python not at first."""
    return isinstance(error, HostKeyChangedError) or (isinstance(error, NotPreparedError) and not delivered)
