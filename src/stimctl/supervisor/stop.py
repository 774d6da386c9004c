"""The stop path: brings a device to verified zero from any process, without its session.

It asks every supervisor that holds the port, by its name or by the device behind it; one that gives
no answer in 100 ms is ended. What no session stops it stops itself. No folder, lock or variable has
to be there for that. First byte within 60 ms of process start, so nothing heavy is imported: no
pydantic, no dataclasses, no command-line framework.
"""

from __future__ import annotations

import os
import sys
import time

from stimctl import supervisor
from stimctl.supervisor.device_names import FAMILIES, TWIN, parse_device
from stimctl.supervisor.port_names import device_key, port_keys
from stimctl.supervisor.stop_direct import UNKNOWN_AFTER_S, stop_directly
from stimctl.supervisor.stop_sessions import find

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple, TextIO

    from stimctl.supervisor.asked_session import Session
    from stimctl.supervisor.lock_files import Holder
    from stimctl.supervisor.stop_direct import Report
    from stimctl.supervisor.stop_outcome import StopOutcome
    from stimctl.supervisor.stop_sessions import Found
else:
    from stimctl.light_tuple import NamedTuple

GIVE_UP_AFTER_S = 3.0  # past the longest watchdog of a device we drive (P24: 2 s)
_STARTING = "The device was restarted, which ends its output; waiting until it is heard.\n"
_KNOWN = (*FAMILIES, TWIN)
_USAGE = "usage: stimctl stop DEVICE [--json]"


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
        tasks = [self._stopping(one) for one in targets.values()]
        if living:
            tasks.append(lambda: self._follow(living))
        together(tasks)
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
                ended = not one.ended and _end_session(one)
                self._add(targets, one.node, _Target("", one.pid, ended or one.ended))
        return targets

    def _add(self, targets: dict[str, _Target], node: str, target: _Target) -> None:
        key = device_key(node) if node else self._here
        place = self._place if key == self._here else node
        targets[key] = target._replace(address=place)

    def _follow(self, living: Sequence[Session]) -> None:
        """What the sessions say; one that ends before it has verified is stood in for."""
        from stimctl.supervisor.asked_session import listen

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

    def _stopping(self, target: _Target) -> Callable[[], None]:
        return lambda: self._stop(target)

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
        from stimctl.supervisor.stop_outcome import StopOutcome

        elapsed_ms = int((time.monotonic() - self._begun) * 1000)
        self.outcomes.append(
            StopOutcome(self._address, verdict, by, elapsed_ms, detail, node, serial, session)
        )


def stop_named(
    address: str,
    family: str,
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
    family: str,
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
    from stimctl.supervisor.stop_outcome import StopOutcome

    return StopOutcome(device, "unconfirmed", "port", 0, f"The stop failed: {error!r}.")


def end_holder(holder: Holder) -> bool:
    """As `holders.end_holder`, which is loaded where there is one."""
    from stimctl.supervisor import holders

    return holders.end_holder(holder)


def _end_session(session: Session) -> bool:
    from stimctl.supervisor.holders import end_process
    from stimctl.supervisor.lock_files import start_time_of

    return end_process(session.pid, start_time_of(session.pid))


def together(tasks: Sequence[Callable[[], None]]) -> None:
    """Do them at once, in threads as far as there are any; returns when all are done."""
    left = list(tasks)
    if len(left) == 1:
        left[0]()
        return
    import threading  # late: most stops have one thing to do

    threads = []
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
    if text.partition(":")[0] not in _KNOWN:
        from stimctl.supervisor.stop_row import recall  # late: a driver of another package

        recall(text)
    device = parse_device(text)
    try:
        addresses = [device.address] if device.address else _running_twins(device.family)
    except Exception as error:  # noqa: BLE001 - whatever it was, nothing is confirmed
        return [_failed(text, error)]
    if not addresses:
        from stimctl.supervisor.stop_outcome import StopOutcome

        return [StopOutcome(text, "no-device", "port", 0, "No twin of this kind is running.")]
    outcomes: list[StopOutcome] = []

    def stopping(address: str) -> Callable[[], None]:
        return lambda: outcomes.extend(stop_named(address, device.family, report=report))

    together([stopping(address) for address in addresses])
    # A twin that was on the list and has ended since is no device that could not be found.
    return [one for one in outcomes if device.address or one.verdict != "no-device"] or outcomes


def _running_twins(family: str) -> list[str]:
    from stimctl.supervisor.twin import running_twins  # late: only `sim:` needs it

    return running_twins(family)


def stop_main(argv: list[str]) -> int:
    """`stimctl stop DEVICE [--json]`; exit code 0 verified, 6 not confirmed, 3 no device."""
    as_json = "--json" in argv
    names = [a for a in argv if a != "--json"]
    if names in (["-h"], ["--help"]):
        sys.stdout.write(f"{_USAGE}\n\nStops the device at once and waits for verified zero.\n")
        return 0
    try:
        if len(names) != 1 or names[0].startswith("-"):
            raise _wrong_usage()
        if not supervisor.RUNS_HERE:
            from stimctl.supervisor.platform_support import UNTOUCHED, need_session

            need_session("stimctl stop", first=UNTOUCHED)
        outcomes = stop_device(names[0], _tell)
    except KeyboardInterrupt:
        _put(sys.stderr, "stimctl: interrupted. OUTPUT UNKNOWN: pull the electrode cable\n")
        return 6  # ExitCode.NOT_CONFIRMED_ZERO
    except Exception as error:  # noqa: BLE001 - what is not refused is raised again there
        return _refuse(error, as_json=as_json)
    from stimctl.supervisor import stop_outcome

    for outcome in outcomes:
        _put(sys.stdout, f"{stop_outcome.as_json(outcome) if as_json else outcome}\n")
    return int(stop_outcome.worst_of(outcomes))


def _wrong_usage() -> Exception:
    from stimctl.errors import UsageError

    return UsageError("stop takes one device", what_to_do=_USAGE)


def _refuse(error: Exception, *, as_json: bool) -> int:
    from stimctl.errors import StimctlError
    from stimctl.supervisor.stop_outcome import error_as_json

    if not isinstance(error, StimctlError):
        raise error
    _put(sys.stderr, f"stimctl: {error}\n")
    if as_json:
        _put(sys.stdout, f"{error_as_json(error)}\n")
    return int(error.exit_code)


def _tell(state: str) -> None:
    from stimctl.supervisor.stop_outcome import UNKNOWN

    _put(sys.stderr, _STARTING if state == "starting" else f"{UNKNOWN} Still trying.\n")


def _put(stream: TextIO, text: str) -> None:
    """Write it if anybody can read it: the exit code says the same, and the stop comes first."""
    from stimctl.terminal_text import printable

    try:
        encoding = stream.encoding or "ascii"
        stream.write(printable(text).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (OSError, ValueError):
        try:
            # Or Python would try again at its end, and change the exit code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except (OSError, ValueError):
            pass
