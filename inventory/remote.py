"""Run one program on a host through its keeper: the same process across lost connections, nothing twice, nothing lost.

The order goes to the host again with every connection; only the first one begins the run (`inventory/onhost`).
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import suppress
from typing import Any

from inventory import order, verdict
from inventory.command import Command, Outcome
from inventory.errors import HoldfastError
from inventory.onhost.frames import CHUNK, OFFSET, OFFSETS, Kind, pack
from inventory.order import Run, Way
from inventory.pipes import Ear, Listener
from inventory.verdict import HostRestartedError, KeeperGoneError, NoSuchRunError
from inventory.wire import Connection

_INPUT_WINDOW = 1 << 20
_ACK_BYTES = 1 << 18
_ACK_SECONDS = 0.2
_FIRST_PATIENCE = 60.0
_STOP_SECONDS = 20.0
_FORGET_SECONDS = 5.0
_PAUSES = (0.1, 0.3, 0.5, 1.0, 2.0)


class Session:
    """One attachment to one run, over as many connections as it takes."""

    def __init__(self, way: Way, run: Run, command: Command, ears: tuple[Ear, Ear]) -> None:
        self._way, self._run, self._command = way, run, command
        self._client, self._attempt = secrets.token_hex(8), 0
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._listeners = [Listener(ear, self._on_progress) for ear in ears]
        self._received, self._acked, self._fresh_from = [0, 0], [0, 0], [0, 0]
        self._input = memoryview(command.stdin or b"")
        self._input_sent = self._input_acked = 0
        self._input_ended = False
        self._connection: Connection | None = None
        self._boot = ""
        self._result: dict[str, Any] | None = None
        self._stopping = self._stop_sent = self._delivered = self._gave_up = self._restarted = False
        now = time.monotonic()
        self._lost_at, self._next_dial, self._pinged, self._acked_at = now, now, now, now
        self._failures = 0

    def run(self) -> Outcome:
        """Follow the run to its end."""
        try:
            for listener in self._listeners:
                listener.start()
            while self._result is None:
                self._turn_or_give_up()
                self._raise_failure()
            self._settle()
            self._raise_failure()
        except BaseException as cause:
            self._stop(cause)
            raise
        finally:
            self._let_go()
        tails = [listener.ear.tail() for listener in self._listeners]
        return verdict.outcome(self._result, self._received, self._way.host, tails, restarted=self._restarted)

    # --- one turn ---------------------------------------------------------------------------------------------------

    def _turn_or_give_up(self) -> None:
        try:
            self._turn()
        except HoldfastError:
            self._gave_up = True
            raise

    def _turn(self) -> None:
        now = time.monotonic()
        if self._connection is None:
            if now >= self._next_dial:
                self._dial(now)
            else:
                time.sleep(min(0.05, self._next_dial - now))
            return
        connection = self._connection
        self._speak(connection, now)
        try:
            for kind, content in connection.turn(_ACK_SECONDS, self._woken):
                self._take(connection, kind, content)
        except (ValueError, TypeError, KeyError) as error:
            raise verdict.not_a_keeper(self._way.host, error) from error
        limit = self._way.ssh.silence + (0 if connection.welcomed else self._way.ssh.connect)
        if self._result is None and (connection.ended or time.monotonic() - connection.heard > limit):
            self._lose(connection)

    def _dial(self, now: float) -> None:
        self._attempt += 1
        asked = order.attach(self._run, self._way.ssh, self._client, self._attempt, self._received)
        if self._run.may_begin and not self._stopping:
            asked |= order.begin(self._command)
        self._connection = Connection(self._way.dial(), self._way.preface + pack(Kind.ORDER, order.write(asked)))
        self._pinged, self._stop_sent = now, False

    def _speak(self, connection: Connection, now: float) -> None:
        """Say what is due: a ping, a stop, what was handed over, more input."""
        if now - self._pinged > self._way.ssh.silence / 7:
            self._pinged = now
            connection.send(pack(Kind.PING))
        if not connection.welcomed:
            return
        if self._stopping and not self._stop_sent:
            self._stop_sent = True
            connection.send(pack(Kind.STOP))
        handled = self._received if self._stopping else self._handled()
        behind = sum(handled) - sum(self._acked)
        if behind > _ACK_BYTES or (behind and now - self._acked_at > _ACK_SECONDS):
            self._acked, self._acked_at = list(handled), now
            connection.send(pack(Kind.ACK, OFFSETS.pack(*handled)))
        self._feed(connection)

    def _handled(self) -> list[int]:
        return [base + listener.handled for base, listener in zip(self._fresh_from, self._listeners, strict=True)]

    def _feed(self, connection: Connection) -> None:
        if self._command.stdin is None or self._input_ended:
            return
        while self._input_sent < min(len(self._input), self._input_acked + _INPUT_WINDOW):
            piece = self._input[self._input_sent : self._input_sent + CHUNK]
            connection.send(pack(Kind.INPUT, OFFSET.pack(self._input_sent) + piece))
            self._input_sent += len(piece)
        if self._input_sent == len(self._input):
            self._input_ended = True
            connection.send(pack(Kind.INPUT_END, OFFSET.pack(self._input_sent)))

    # --- what comes -------------------------------------------------------------------------------------------------

    def _take(self, connection: Connection, kind: bytes, content: bytes) -> None:
        match kind:
            case Kind.OUT:
                self._hear(0, content)
            case Kind.ERR:
                self._hear(1, content)
            case Kind.INPUT_ACK:
                self._input_acked = max(self._input_acked, OFFSET.unpack(content)[0])
            case Kind.HELLO:
                self._welcome(connection, json.loads(content))
            case Kind.DONE:
                self._result = verdict.checked(json.loads(content))
            case Kind.NO:
                raise verdict.problem(json.loads(content), self._way.host, self._command)
            case Kind.PONG:
                pass
            case _:
                raise ValueError(f"a frame of kind {kind!r}")

    def _welcome(self, connection: Connection, hello: dict[str, Any]) -> None:
        self._restarted = bool(self._boot) and hello["boot"] != self._boot  # a result outlives that
        self._input_sent, self._input_ended = int(hello["input"]), False
        self._input_acked = max(self._input_acked, self._input_sent)
        for index in (0, 1):
            sent, acked = int(hello["sent"][index]), int(hello["acked"][index])
            if not self._delivered:  # a run that others have heard before begins here for us
                self._received[index] = sent
                self._acked[index] = self._fresh_from[index] = max(sent, acked)
            elif self._stopping:
                self._received[index] = sent
            elif sent != self._received[index]:
                raise ValueError("output is missing")
        self._boot, self._delivered = self._boot or str(hello["boot"]), True
        connection.welcomed = True
        self._failures = 0

    def _hear(self, index: int, content: bytes) -> None:
        (offset,), data = OFFSET.unpack_from(content), content[OFFSET.size :]
        if offset != self._received[index]:
            raise ValueError("output came out of order")
        self._received[index] += len(data)
        if self._stopping:
            return
        listener = self._listeners[index]
        known = max(0, self._fresh_from[index] - offset)  # handed over by an earlier session
        listener.ear.keep(data[:known])
        if new := data[known:]:
            listener.put(new)

    # --- when the connection goes -----------------------------------------------------------------------------------

    def _lose(self, connection: Connection) -> None:
        code, now = connection.close(), time.monotonic()
        self._connection = None
        if connection.welcomed:
            self._lost_at = max(connection.heard, self._lost_at)
        else:
            error, certain = self._way.explain(code, connection.complaints, connection.began)
            if verdict.is_final(error, delivered=self._delivered) or (
                certain and not self._delivered and self._attempt == 1
            ):
                raise error
            patience = self._way.ssh.patience
            if now - self._lost_at > (patience if self._delivered else min(patience, _FIRST_PATIENCE)):
                raise verdict.lost(self._command, self._way.host, now - self._lost_at, patience, error) from error
        self._next_dial = now + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1

    def _stop(self, cause: BaseException) -> None:
        """See to it that nothing of the run is left on the host, whatever made us stop."""
        for listener in self._listeners:
            listener.mute()
        if self._result is not None or self._attempt == 0 or self._gave_up:
            return
        self._stopping = True
        if self._connection is not None and not isinstance(cause, Exception):
            self._connection.close()  # an interruption may have come between two halves of a word
            self._connection, self._next_dial = None, time.monotonic()
        until = time.monotonic() + _STOP_SECONDS
        unsure = verdict.not_stopped(self._command, self._way.host, self._way.ssh.patience, cause)
        try:
            while self._result is None and time.monotonic() < until:
                self._turn()
        except (HostRestartedError, KeeperGoneError, NoSuchRunError):  # nothing of it is left there
            return
        except HoldfastError as error:
            raise unsure from error
        if self._is_left():
            raise unsure from cause

    def _is_left(self) -> bool:
        return self._result is None or bool(self._result["left"])

    def _settle(self) -> None:
        """Wait until everything has been handed over."""
        for listener in self._listeners:
            listener.finish()
        while any(listener.is_alive() for listener in self._listeners):
            self._listeners[0].join(0.05)
            self._listeners[1].join(0.05)

    def _raise_failure(self) -> None:
        for listener in self._listeners:
            if listener.ear.failure is not None:
                raise listener.ear.failure

    def _let_go(self) -> None:
        """Give up the connection, and the result with it unless it stays."""
        for listener in self._listeners:
            listener.abandon()
        connection = self._connection
        if connection is not None:
            if self._result is not None and not self._run.stays:
                connection.send(pack(Kind.FORGET))
                until = time.monotonic() + _FORGET_SECONDS
                while not connection.ended and time.monotonic() < until:
                    with suppress(ValueError):
                        connection.turn(_ACK_SECONDS, self._woken)
            connection.close()
        os.close(self._woken)
        os.close(self._wake)

    def _on_progress(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake, b"!")
