"""The stop without a session: end who holds the port, open it, send until zero is verified.

On the stop path.
"""

from __future__ import annotations

import os
import sys
import time

from stimctl.devices.family import family_row, load
from stimctl.supervisor.stop_sessions import ANSWER_WITHIN_S, within

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple, Protocol

    from stimctl.devices.family import DeviceFamily
    from stimctl.supervisor.locks import PortLock
    from stimctl.supervisor.stop_sequence import Patience, StopSequence

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

else:
    from stimctl.light_tuple import NamedTuple

REPEAT_S = 0.05  # SAFETY K8
UNKNOWN_AFTER_S = 0.5  # shown to the operator; attempts go on
_FREE_WITHIN_S = 0.5  # what a process that was killed needs to let go of a port, at most
_CLOSED_WITHIN_S = 0.02  # what one that ends by itself needs
_NAME_WITHIN_S = 0.2
_SPARE_DESCRIPTORS = 8
_SHARED = "Another program has this port, too: it can switch the output on again. End it."


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
    if address.endswith(".pty") and _is_dead_twin(address):
        return Direct("no-device", "the twin has ended")
    if _is_no_port(address):
        return Direct("no-device", "it is a file or a folder, not a port")
    try:
        row = family_row(family)
        # Another process asks with other probes, at the same time too.
        sequence: StopSequence = load(row.stop)(
            time.monotonic_ns() // 1_000_000 + 7_919 * os.getpid()
        )
    except Exception as error:  # noqa: BLE001 - whatever it was, what stops this device is not known
        report("unknown")
        return Direct("unconfirmed", str(error))
    if not _has_room_to_load():
        _load_the_rest(sequence)
    try:
        port, shared, session = _take_port(address, row, patient=patient)
    except Exception as error:
        from stimctl.errors import NoDeviceError, StimctlError

        if not isinstance(error, StimctlError):
            raise
        # Only what is not there is no device; what may not be opened may well be stimulating.
        if type(error) is NoDeviceError and not os.path.lexists(address):
            return Direct("no-device", str(error))
        report("unknown")
        return Direct("unconfirmed", str(error))
    lock = _Lock(address)
    detail = _SHARED if shared else ""
    try:
        if not stop_on(port, begun, deadline, report, sequence, lock.take):
            told = str(getattr(sequence, "detail", ""))
            return Direct("unconfirmed", told or detail, session=session)
        return Direct("verified", detail, _name_of(port, sequence, deadline), session)
    except Exception as error:
        from stimctl.errors import StimctlError

        if not isinstance(error, StimctlError):
            raise
        report("unknown")
        return Direct("unconfirmed", str(error), session=session)
    finally:
        port.abort()
        lock.release()


def _has_room_to_load() -> bool:
    """Whether descriptors are left for reading modules beside the port and its locks."""
    spare: list[int] = []
    try:
        while len(spare) < _SPARE_DESCRIPTORS:
            spare.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        for fd in spare:
            os.close(fd)
    return True


def _load_the_rest(sequence: StopSequence) -> None:
    """Load now what is otherwise loaded after the first byte, while the port is open."""
    try:
        import stimctl.supervisor.holders
        import stimctl.supervisor.locks
        import stimctl.supervisor.stop_outcome
        import stimctl.supervisor.stop_sequence
        import stimctl.terminal_text  # noqa: F401

        if hasattr(sequence, "load_the_rest"):
            sequence.load_the_rest()
    except Exception:  # noqa: BLE001 - whatever it is: the port is still to be opened
        return


def _is_dead_twin(address: str) -> bool:
    from stimctl.supervisor.twin import is_dead_twin  # late: few ports have such a name

    return is_dead_twin(address)


def _is_no_port(address: str) -> bool:
    """A file or a folder: no stimulator can be behind it, so nothing is left unknown."""
    return os.path.isfile(address) or os.path.isdir(address)  # noqa: PTH112,PTH113 - never raise


class _Lock:
    """So that a session, or a second stop, finds us here; a stop goes on without it.

    Taken after the first byte, which matters more; a disk that does not answer holds up nothing.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock: PortLock | None = None
        self._over = False

    def take(self) -> None:
        """Take it where that is possible."""
        within(ANSWER_WITHIN_S, self._take)

    def _take(self) -> None:
        try:
            from stimctl.supervisor.locks import PortLock

            lock = PortLock(self._address, "stop")
            lock.acquire()
        except Exception:  # noqa: BLE001 - whatever it is: the device is still to be stopped
            return
        self._lock = lock
        if self._over:
            lock.release()

    def release(self) -> None:
        """Give it back, if it was taken."""
        self._over = True
        if self._lock is not None:
            self._lock.release()


def _take_port(address: str, family: DeviceFamily, *, patient: bool) -> _Taken:
    """Open the port, and say whether it is shared, and whose it was.

    Another program that keeps it is not waited for: a stop may share a port, nothing else may.
    """
    begun = time.monotonic()
    session = 0
    while time.monotonic() - begun < (_FREE_WITHIN_S if patient else _CLOSED_WITHIN_S):
        try:
            return _Taken(_open(address, family, alone=True), shared=False, session=session)
        except Exception as error:
            from stimctl.errors import PortBusyError

            if not isinstance(error, PortBusyError):
                raise
            from stimctl.supervisor.holders import end_hidden_holders

            hidden = end_hidden_holders(address)
            session = session or hidden.session
            patient |= hidden.worth_waiting
            time.sleep(0.005)
    return _Taken(_open(address, family, alone=False), shared=True, session=session)


def _open(address: str, family: DeviceFamily, *, alone: bool) -> StopPort:
    lines, dtr = family.lines, family.resets_by_dtr
    if sys.platform == "linux":
        from stimctl.supervisor.bare_port import open_bare

        return open_bare(address, lines, dtr=dtr, alone=alone)
    from stimctl.supervisor.port import open_port  # knows the fast lines of other systems

    return open_port(address, lines, program="stop", dtr=dtr, alone=alone)


def stop_on(
    port: StopPort,
    begun: float,
    deadline: float,
    report: Report,
    sequence: StopSequence,
    after_first: Callable[[], None] | None = None,
) -> bool:
    """Send stop frames every 50 ms until the device reports zero; False at the deadline.

    after_first: done once, when the first have been sent. Raises `LinkError` for a lost line.
    """
    patience: Patience | None = None
    next_burst = 0.0
    while (now := time.monotonic()) < deadline:
        if now >= next_burst:
            port.discard_output()
            port.write(sequence.next_bytes())
            next_burst = now + REPEAT_S
        if hasattr(sequence, "reset_due") and sequence.reset_due(now - begun):
            port.pulse_dtr()
        if after_first is not None:
            after_first()
            after_first = None
        if patience is None:
            from stimctl.supervisor.stop_sequence import Patience  # late: the first byte is out

            patience = Patience(sequence, report, UNKNOWN_AFTER_S)
        patience.look(now - begun)
        if sequence.receive(port.read(max(0.001, min(next_burst, deadline) - time.monotonic()))):
            return True
    return False


def _name_of(port: StopPort, sequence: StopSequence, deadline: float) -> str:
    """What the device that was stopped calls itself; "" where it does not tell in time.

    The question or its answer may be lost: it is asked again every 50 ms.
    """
    if not hasattr(sequence, "ask_name"):
        return ""
    from stimctl.errors import LinkError

    now = next_ask = time.monotonic()
    until = min(deadline, now + _NAME_WITHIN_S)
    try:
        while not getattr(sequence, "name", "") and now < until:
            if now >= next_ask:
                port.write(sequence.ask_name())
                next_ask = now + REPEAT_S
            sequence.receive(port.read(min(next_ask, until) - now))
            now = time.monotonic()
    except LinkError:
        pass  # it has been stopped, and is gone now
    return str(getattr(sequence, "name", ""))
