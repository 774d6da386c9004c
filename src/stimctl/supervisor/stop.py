"""The stop path: brings a device to verified zero from any process, without its session.

It asks every supervisor that holds the port, by its name or by the device behind it; one that gives
no answer in 100 ms is ended. What no session stops it stops itself. No folder, lock or variable has
to be there for that. First byte within 60 ms of process start, so nothing heavy is imported: no
pydantic, no dataclasses, no command-line framework.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TextIO

from stimctl.errors import ExitCode, StimctlError, UsageError
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.holders import end_holder, end_process
from stimctl.supervisor.port_names import device_key, port_keys
from stimctl.supervisor.runtime import start_time_of
from stimctl.supervisor.stop_direct import UNKNOWN_AFTER_S, Report, stop_directly
from stimctl.supervisor.stop_sessions import Found, Session, find, listen
from stimctl.supervisor.twin import running_twins
from stimctl.terminal_text import printable

GIVE_UP_AFTER_S = 3.0  # past the longest watchdog of a device we drive (P24: 2 s)
_UNKNOWN = "OUTPUT UNKNOWN: pull the electrode cable or switch off the device."
_STARTING = "The device was restarted, which ends its output; waiting until it is heard.\n"
_USAGE = "usage: stimctl stop DEVICE [--json]"


class StopOutcome(NamedTuple):
    """How an attempt to stop one device ended."""

    device: str
    verdict: str  # "verified", "unconfirmed" or "no-device"
    by: str  # "supervisor" or "port": who sent the frames
    elapsed_ms: int
    detail: str
    node: str = ""  # the device node that was stopped
    serial: str = ""  # what the device there calls itself
    session: int = 0  # the process of the session that held it; 0: no session did

    @property
    def exit_code(self) -> ExitCode:
        """0 verified, 6 not confirmed, 3 no device."""
        return {
            "verified": ExitCode.DONE,
            "no-device": ExitCode.NO_DEVICE,
        }.get(self.verdict, ExitCode.NOT_CONFIRMED_ZERO)

    def __str__(self) -> str:
        said = {
            "verified": f"{self.device}: output off, zero verified after {self.elapsed_ms} ms.",
            "no-device": f"{self.device}: no device.",
        }.get(self.verdict, f"{self.device}: {_UNKNOWN}")
        return " ".join(part for part in (said, self._what_it_was(), self.detail) if part)

    def _what_it_was(self) -> str:
        """Which device that was: a name alone may have been led to another one."""
        if self.verdict == "no-device":
            return ""
        parts = [f"Session {self.session} held it" if self.session else "No session held it"]
        parts += [f"device node {self.node}"] if self.node and self.node != self.device else []
        parts += [f"serial number {self.serial}"] if self.serial else []
        return f"{', '.join(parts)}."


class _Target(NamedTuple):
    """A device to be stopped through its port."""

    address: str
    session: int = 0  # the process that had it until now
    patient: bool = False  # it was ended just now, and may need a moment to let go


class _Stop:
    """One attempt at everything that one name may mean."""

    def __init__(
        self, address: str, family: str, node: str, give_up_after_s: float, report: Report
    ) -> None:
        self._address, self._family, self._report = address, family, report
        self._begun = time.monotonic()
        self._deadline = self._begun + give_up_after_s
        self._keys = tuple(dict.fromkeys(port_keys(address) + (port_keys(node) if node else ())))
        self._here = device_key(node or address)
        self._place = node if node and device_key(address) != self._here else address
        self.outcomes: list[StopOutcome] = []

    def run(self) -> list[StopOutcome]:
        """Stop all of it; returns when each part is done or given up."""
        found = find(self._keys)
        living = [session for session in found.sessions if session.answered]
        targets = self._left_by_the_silent(found)
        held = set().union(*(one.keys for one in living), targets)
        if self._here not in held and (self._here or not (living or targets)):
            targets[self._here] = _Target(self._place)
        tasks = [partial(self._stop, one) for one in targets.values()]
        together([*tasks, partial(self._follow, living)] if living else tasks)
        for session in found.sessions:
            session.close()
        return self.outcomes

    def _left_by_the_silent(self, found: Found) -> dict[str, _Target]:
        """End whoever holds it and does not answer; what they held, by the device's key."""
        answering = {one.pid for one in found.sessions if one.answered} | {os.getpid()}
        targets: dict[str, _Target] = {}
        for holder in found.holders:
            if holder.pid not in answering:
                answering.add(holder.pid)
                ended = end_holder(holder)
                if holder.program != "stop":
                    self._add(targets, holder.node, _Target("", holder.pid, ended))
        for one in found.sessions:
            if one.pid not in answering and not one.answered:
                ended = not one.ended and end_process(one.pid, start_time_of(one.pid))
                self._add(targets, one.node, _Target("", one.pid, ended or one.ended))
        return targets

    def _add(self, targets: dict[str, _Target], node: str, target: _Target) -> None:
        key = device_key(node) if node else self._here
        place = self._place if key == self._here else node
        targets[key] = target._replace(address=place)

    def _follow(self, living: Sequence[Session]) -> None:
        """What the sessions say; one that ends before it has verified is stood in for."""
        listen(living, min(self._deadline, self._begun + UNKNOWN_AFTER_S))
        if not all(session.is_over for session in living):
            self._report("unknown")
            listen(living, self._deadline)
        for session in living:
            if session.ended and not session.verified:
                here = self._here in session.keys or not session.node
                place = self._place if here else session.node
                self._stop(_Target(place, session.pid, patient=True))
            else:
                verdict = "verified" if session.verified else "unconfirmed"
                self._put(verdict, "supervisor", node=session.node, session=session.pid)

    def _stop(self, target: _Target) -> None:
        node = os.path.realpath(target.address) if target.address.startswith("/") else ""
        try:
            done = stop_directly(
                target.address, self._family, self._begun, self._deadline, self._report,
                patient=target.patient,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is confirmed
            self._put("unconfirmed", "port", repr(error), node=node, session=target.session)
        else:
            self._put(
                done.verdict, "port", done.detail,
                node=node, serial=done.serial, session=target.session or done.session,
            )  # fmt: skip

    def _put(
        self, verdict: str, by: str, detail: str = "", *, node: str, session: int, serial: str = ""
    ) -> None:
        elapsed_ms = int((time.monotonic() - self._begun) * 1000)
        self.outcomes.append(
            StopOutcome(self._address, verdict, by, elapsed_ms, detail, node, serial, session)
        )


def stop_named(
    address: str,
    family: str = "p24",
    *,
    node: str = "",
    give_up_after_s: float = GIVE_UP_AFTER_S,
    report: Report = lambda _state: None,
) -> list[StopOutcome]:
    """Stop every device of `family` that `address` names, whoever holds it, and verify zero.

    That is the device behind the name now, and each that a living session opened by this name.
    `node` is for a face: the node that its session opened, which counts where the name has moved.
    `report` is called with "unknown" once zero has not been verified for 500 ms. Never raises, and
    takes at most `give_up_after_s` (and up to 0.7 s to find sessions and free the port).
    """
    try:
        outcomes = _Stop(address, family, node, give_up_after_s, report).run()
    except Exception as error:  # noqa: BLE001 - whatever it was, nothing is confirmed
        outcomes = [_failed(address, error)]
    return outcomes or [_failed(address, RuntimeError("nothing could be tried"))]


def stop_port(
    address: str,
    family: str = "p24",
    *,
    node: str = "",
    give_up_after_s: float = GIVE_UP_AFTER_S,
    report: Report = lambda _state: None,
) -> StopOutcome:
    """As `stop_named`; of several outcomes the worst."""
    outcomes = stop_named(
        address, family, node=node, give_up_after_s=give_up_after_s, report=report
    )
    return min(
        outcomes, key=lambda one: ("unconfirmed", "no-device", "verified").index(one.verdict)
    )


def _failed(device: str, error: Exception) -> StopOutcome:
    return StopOutcome(device, "unconfirmed", "port", 0, f"The stop failed: {error!r}.")


def together(tasks: Sequence[Callable[[], None]]) -> None:
    """Do them at once, in threads as far as there are any; returns when all are done."""
    threads = []
    left = list(tasks)
    while len(left) > 1:
        thread = threading.Thread(target=left[0])
        try:
            thread.start()
        except RuntimeError:  # the system has no more of them
            break
        threads.append(thread)
        del left[0]
    for task in left:
        task()
    for thread in threads:
        thread.join()


def stop_device(text: str, report: Report = lambda _state: None) -> list[StopOutcome]:
    """Stop the device that `text` names (`sim:p24`: all running P24 twins of this user).

    Raises `UsageError` for a name that is none, and nothing else.
    """
    device = parse_device(text)
    try:
        addresses = [device.address] if device.address else running_twins(device.family)
    except Exception as error:  # noqa: BLE001 - whatever it was, nothing is confirmed
        return [_failed(text, error)]
    if not addresses:
        return [StopOutcome(text, "no-device", "port", 0, "No twin of this kind is running.")]
    outcomes: list[StopOutcome] = []

    def stop(address: str) -> None:
        outcomes.extend(stop_named(address, device.family, report=report))

    together([partial(stop, address) for address in addresses])
    # A twin that was on the list and has ended since is no device that could not be found.
    return [one for one in outcomes if device.address or one.verdict != "no-device"] or outcomes


def stop_main(argv: list[str]) -> int:
    """`stimctl stop DEVICE [--json]`; exit code 0 verified, 6 not confirmed, 3 no device."""
    as_json = "--json" in argv
    names = [a for a in argv if a != "--json"]
    if names in (["-h"], ["--help"]):
        sys.stdout.write(f"{_USAGE}\n\nStops the device at once and waits for verified zero.\n")
        return int(ExitCode.DONE)
    try:
        if len(names) != 1 or names[0].startswith("-"):
            raise UsageError("stop takes one device", what_to_do=_USAGE)
        outcomes = stop_device(names[0], _tell)
    except StimctlError as error:
        _put(sys.stderr, f"stimctl: {error}\n")
        if as_json:
            _put(sys.stdout, f"{_error_as_json(error)}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        _put(sys.stderr, "stimctl: interrupted. OUTPUT UNKNOWN: pull the electrode cable\n")
        return int(ExitCode.NOT_CONFIRMED_ZERO)
    for outcome in outcomes:
        _put(sys.stdout, f"{_as_json(outcome) if as_json else outcome}\n")
    codes = {outcome.exit_code for outcome in outcomes}
    worst = (ExitCode.NOT_CONFIRMED_ZERO, ExitCode.NO_DEVICE, ExitCode.DONE)
    return int(next(code for code in worst if code in codes))


def _tell(state: str) -> None:
    _put(sys.stderr, _STARTING if state == "starting" else f"{_UNKNOWN} Still trying.\n")


def _put(stream: TextIO, text: str) -> None:
    """Write it if anybody can read it: the exit code says the same, and the stop comes first."""
    try:
        encoding = stream.encoding or "ascii"
        stream.write(printable(text).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            # Or Python would try again at its end, and change the exit code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _error_as_json(error: StimctlError) -> str:
    import json

    return json.dumps({"schema": "stimctl.error/1", **error.as_dict()})


def _as_json(outcome: StopOutcome) -> str:
    import json

    told = {"schema": "stimctl.stop/1", **outcome._asdict(), "exit_code": int(outcome.exit_code)}
    return json.dumps(told)
