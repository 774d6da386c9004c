"""The stop without a session: end who holds the port, open it, send until zero is verified.

On the stop path.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from stimctl.errors import LinkError, NoDeviceError, PortBusyError, StimctlError
from stimctl.supervisor.holders import end_hidden_holders
from stimctl.supervisor.line_contract import LINES, P24_LINES, RESET_BY_DTR, Line
from stimctl.supervisor.runtime import PortLock
from stimctl.supervisor.stop_talk import (
    Naming,
    Patience,
    Resetting,
    Talk,
    detail_of,
    talk_of,
)
from stimctl.supervisor.twin import is_dead_twin

REPEAT_S = 0.05  # SAFETY K8
UNKNOWN_AFTER_S = 0.5  # shown to the operator; attempts go on
_FREE_WITHIN_S = 0.5  # what a process that was killed needs to let go of a port, at most
_CLOSED_WITHIN_S = 0.02  # what one that ends by itself needs
_NAME_WITHIN_S = 0.2
_SHARED = "Another program has this port, too: it can switch the output on again. End it."

Report = Callable[[str], None]


class StopPort(Protocol):
    """The line as a stop needs it."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes that arrived, or b"" after `timeout_s`. Raises `LinkError` for a lost line."""

    def write(self, data: bytes) -> int:
        """Hand over what fits now. Raises `LinkError` for a lost line."""

    def discard_output(self) -> None:
        """Drop what the system has not sent yet."""

    def pulse_dtr(self) -> None:
        """Drop DTR and raise it again."""

    def abort(self) -> None:
        """Let go."""


class Direct(NamedTuple):
    """How a stop through the port ended; `serial` is what the device calls itself."""

    verdict: str  # "verified", "unconfirmed" or "no-device"
    detail: str = ""
    serial: str = ""
    session: int = 0  # the process that had the port and was ended for that


class _Taken(NamedTuple):
    port: StopPort
    shared: bool
    session: int


def stop_directly(
    address: str,
    family: str,
    begun: float,
    deadline: float,
    report: Report,
    *,
    patient: bool = False,
) -> Direct:
    """Open the port and stop the device. Raises nothing that a device or the system can cause.

    patient: a stimctl that had the port was ended just now, and may need a moment to let go.
    """
    if is_dead_twin(address):
        return Direct("no-device", "the twin has ended")
    if _is_no_port(address):
        return Direct("no-device", "it is a file or a folder, not a port")
    try:
        port, shared, session = _take_port(address, family, patient=patient)
    except StimctlError as error:
        # Only what is not there is no device; what may not be opened may well be stimulating.
        if type(error) is NoDeviceError and not os.path.lexists(address):
            return Direct("no-device", str(error))
        report("unknown")
        return Direct("unconfirmed", str(error))
    lock = _lock_if_possible(address)  # after the port: that descriptor matters more
    talk, detail = talk_of(family), _SHARED if shared else ""
    try:
        if not stop_on(port, begun, deadline, report, talk):
            return Direct("unconfirmed", detail_of(talk) or detail, session=session)
        return Direct("verified", detail, _name_of(port, talk, deadline), session)
    except StimctlError as error:
        report("unknown")
        return Direct("unconfirmed", str(error), session=session)
    finally:
        port.abort()
        _release(lock)


def _is_no_port(address: str) -> bool:
    """A file or a folder: no stimulator can be behind it, so nothing is left unknown."""
    return os.path.isfile(address) or os.path.isdir(address)  # noqa: PTH112,PTH113 - never raise


def _lock_if_possible(address: str) -> PortLock | None:
    """So that a session, or a second stop, finds us here; a stop goes on without it."""
    try:
        lock = PortLock(address, "stop")
        lock.acquire()
    except (OSError, ValueError, StimctlError):
        return None
    return lock


def _release(lock: PortLock | None) -> None:
    if lock is not None:
        lock.release()


def _take_port(address: str, family: str, *, patient: bool) -> _Taken:
    """Open the port, and say whether it is shared, and whose it was.

    Another program that keeps it is not waited for: a stop may share a port, nothing else may.
    """
    lines, dtr = LINES.get(family, P24_LINES), family in RESET_BY_DTR
    begun = time.monotonic()
    session = 0
    while time.monotonic() - begun < (_FREE_WITHIN_S if patient else _CLOSED_WITHIN_S):
        try:
            return _Taken(_open(address, lines, dtr=dtr, alone=True), shared=False, session=session)
        except PortBusyError:
            hidden = end_hidden_holders(address)
            session = session or hidden.session
            patient |= hidden.worth_waiting
            time.sleep(0.005)
    return _Taken(_open(address, lines, dtr=dtr, alone=False), shared=True, session=session)


def _open(address: str, lines: tuple[Line, ...], *, dtr: bool, alone: bool) -> StopPort:
    if sys.platform == "linux":
        from stimctl.supervisor.bare_port import open_bare

        return open_bare(address, lines, dtr=dtr, alone=alone)
    from stimctl.supervisor.port import open_port  # knows the fast lines of other systems

    return open_port(address, lines, program="stop", dtr=dtr, alone=alone)


def stop_on(port: StopPort, begun: float, deadline: float, report: Report, talk: Talk) -> bool:
    """Send stop frames every 50 ms until the device reports zero; False at the deadline.

    Raises `LinkError` when the line is lost.
    """
    patience = Patience(talk, report, UNKNOWN_AFTER_S)
    next_burst = 0.0
    while (now := time.monotonic()) < deadline:
        if now >= next_burst:
            port.discard_output()
            port.write(talk.burst())
            next_burst = now + REPEAT_S
        if isinstance(talk, Resetting) and talk.reset_due(now - begun):
            port.pulse_dtr()
        patience.look(now - begun)
        if talk.receive(port.read(max(0.001, min(next_burst, deadline) - time.monotonic()))):
            return True
    return False


def _name_of(port: StopPort, talk: Talk, deadline: float) -> str:
    """What the device that was stopped calls itself; "" where it does not tell in time."""
    if not isinstance(talk, Naming):
        return ""
    until = min(deadline, time.monotonic() + _NAME_WITHIN_S)
    try:
        port.write(talk.ask_name())
        while not talk.name and (left := until - time.monotonic()) > 0:
            talk.receive(port.read(left))
    except LinkError:
        pass  # it has been stopped, and is gone now
    return talk.name
