"""The stop path: brings a device to verified zero from any process, without its session.

It asks the supervisor that holds the port; without an answer in 100 ms it ends that process, opens
the port and stops the device itself. First byte within 60 ms of process start, so nothing heavy is
imported: no pydantic, no dataclasses, no command-line framework.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

from stimctl.errors import ExitCode, NoDeviceError, PortBusyError, StimctlError, UsageError
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.line_contract import LINES, P24_LINES, RESET_BY_DTR
from stimctl.supervisor.port import Port, open_port
from stimctl.supervisor.runtime import read_holder, socket_path
from stimctl.supervisor.stop_talk import Resetting, Talk, talk_of
from stimctl.supervisor.twin import is_dead_twin, running_twins
from stimctl.terminal_text import printable

ANSWER_WITHIN_S = 0.1  # ARCHITECTURE: a supervisor that does not answer by then is taken for dead
REPEAT_S = 0.05  # SAFETY K8
UNKNOWN_AFTER_S = 0.5  # shown to the operator; attempts go on
GIVE_UP_AFTER_S = 3.0  # past the longest watchdog of a device we drive (P24: 2 s)
_PORT_FREE_WITHIN_S = 0.5
_UNKNOWN = "OUTPUT UNKNOWN: pull the electrode cable or switch off the device."
_USAGE = "usage: stimctl stop DEVICE [--json]"

Report = Callable[[str], None]


class StopOutcome(NamedTuple):
    """How an attempt to stop one device ended."""

    device: str
    verdict: str  # "verified", "unconfirmed" or "no-device"
    by: str  # "supervisor" or "port": who sent the frames
    elapsed_ms: int
    detail: str

    @property
    def exit_code(self) -> ExitCode:
        """0 verified, 6 not confirmed, 3 no device."""
        return {
            "verified": ExitCode.DONE,
            "no-device": ExitCode.NO_DEVICE,
        }.get(self.verdict, ExitCode.NOT_CONFIRMED_ZERO)

    def __str__(self) -> str:
        return {
            "verified": f"{self.device}: output off, zero verified after {self.elapsed_ms} ms",
            "no-device": f"{self.device}: no device. {self.detail}",
        }.get(
            self.verdict,
            f"{self.device}: {_UNKNOWN} {self.detail}",
        )


def stop_port(
    address: str,
    family: str = "p24",
    *,
    give_up_after_s: float = GIVE_UP_AFTER_S,
    report: Report = lambda _state: None,
) -> StopOutcome:
    """Stop the device of `family` at `address`, whoever holds it, and verify zero.

    `report` is called with "unknown" once zero has not been verified for 500 ms. Never raises for
    anything a device or another process does; takes at most `give_up_after_s` (and up to 0.6 s to
    free the port).
    """
    begun = time.monotonic()
    deadline = begun + give_up_after_s
    asked = _ask_supervisor(address, begun, deadline, report)
    if asked is None:
        verdict, by, detail = _stop_it_ourselves(address, family, begun, deadline, report)
    else:
        verdict, by, detail = asked, "supervisor", ""
    return StopOutcome(address, verdict, by, int((time.monotonic() - begun) * 1000), detail)


def _ask_supervisor(address: str, begun: float, deadline: float, report: Report) -> str | None:
    """The verdict of the supervisor that holds the port, or None if none answers in 100 ms."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_WITHIN_S)
        try:
            line.connect(os.fspath(socket_path(address)))
            line.sendall(b'{"do":"stop"}\n')
            heard = line.recv(4096)
        except (OSError, StimctlError):
            return None
        if not heard:
            return None
        unknown = False
        while time.monotonic() < deadline:
            if _says_verified(heard):
                return "verified"
            if not unknown and time.monotonic() - begun >= UNKNOWN_AFTER_S:
                unknown = True
                report("unknown")
            try:
                more = line.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return None
            if not more:  # it ended before it could verify: its port is free now
                return None
            heard += more
    return "unconfirmed"


def _says_verified(heard: bytes) -> bool:
    import json  # 4 ms that a stop without a supervisor does not pay

    rows = heard.split(b"\n")[:-1]  # what follows the last newline has not come whole
    try:
        return any(json.loads(row).get("kind") == "zero_verified" for row in rows)
    except (ValueError, AttributeError):
        return False


def _stop_it_ourselves(
    address: str, family: str, begun: float, deadline: float, report: Report
) -> tuple[str, str, str]:
    if is_dead_twin(address):
        return "no-device", "port", "the twin has ended"
    if _is_no_port(address):
        return "no-device", "port", "it is a file or a folder, not a port"
    try:
        port = _take_port(address, family)
    except StimctlError as error:
        # Only what is not there is no device; what may not be opened may well be stimulating.
        if type(error) is NoDeviceError and not Path(address).exists():
            return "no-device", "port", str(error)
        report("unknown")
        return "unconfirmed", "port", str(error)
    try:
        verified = stop_on(port, begun, deadline, report, talk_of(family))
        return ("verified" if verified else "unconfirmed"), "port", ""
    except StimctlError as error:
        report("unknown")
        return "unconfirmed", "port", str(error)
    finally:
        port.abort()


def _is_no_port(address: str) -> bool:
    """A file or a folder: no stimulator can be behind it, so nothing is left unknown."""
    path = Path(address)
    return path.is_file() or path.is_dir()


def _take_port(address: str, family: str) -> Port:
    """Open the port, ending the stimctl that holds it.

    Another program that keeps it is not waited for: a stop may share a port, nothing else may.
    `PortBusyError` where the system refuses even that.
    """
    give_up = time.monotonic() + _PORT_FREE_WITHIN_S
    end_holder(address)
    lines, dtr = LINES.get(family, P24_LINES), family in RESET_BY_DTR
    while time.monotonic() < give_up:
        try:
            return open_port(address, lines, program="stop", dtr=dtr)
        except PortBusyError:
            time.sleep(0.005)
    return open_port(address, lines, program="stop", dtr=dtr, alone=False)


def end_holder(address: str) -> None:
    """Kill the process that the lock file of `address` names, if exactly that process still runs.

    Another `stimctl stop` is given the time to finish: it does what we came for.
    """
    holder = read_holder(address)
    patience = time.monotonic() + _PORT_FREE_WITHIN_S
    while holder is not None and holder.program == "stop" and time.monotonic() < patience:
        time.sleep(0.01)
        holder = read_holder(address)
    if holder is None or holder.pid == os.getpid():
        return
    try:
        if sys.platform == "linux":  # a pidfd stays with this process even if its pid is given away
            pidfd = os.pidfd_open(holder.pid)
            try:
                if holder.is_alive():
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            finally:
                os.close(pidfd)
        elif holder.is_alive():
            os.kill(holder.pid, signal.SIGKILL)
    except OSError:
        pass  # it is gone, or not ours: opening the port will tell


def stop_on(port: Port, begun: float, deadline: float, report: Report, talk: Talk) -> bool:
    """Send stop frames every 50 ms until the device reports zero; False at the deadline.

    Raises `LinkError` when the line is lost.
    """
    unknown = False
    next_burst = 0.0
    while (now := time.monotonic()) < deadline:
        if now >= next_burst:
            port.discard_output()
            port.write(talk.burst())
            next_burst = now + REPEAT_S
        if isinstance(talk, Resetting) and talk.reset_due(now - begun):
            port.pulse_dtr()
        if not unknown and now - begun >= UNKNOWN_AFTER_S:
            unknown = True
            report("unknown")
        if talk.receive(port.read(max(0.001, min(next_burst, deadline) - time.monotonic()))):
            return True
    return False


def stop_device(text: str, report: Report = lambda _state: None) -> list[StopOutcome]:
    """Stop the device that `text` names (`sim:p24`: all running P24 twins of this user).

    Raises `UsageError` for a name that is none.
    """
    device = parse_device(text)
    addresses = [device.address] if device.address else running_twins(device.family)
    if not addresses:
        return [StopOutcome(text, "no-device", "port", 0, "No twin of this kind is running.")]
    outcomes: list[StopOutcome] = []
    threads = [
        threading.Thread(
            target=lambda a=a: outcomes.append(stop_port(a, device.family, report=report))
        )
        for a in addresses[1:]
    ]
    for thread in threads:
        thread.start()
    outcomes.append(stop_port(addresses[0], device.family, report=report))
    for thread in threads:
        thread.join()
    return outcomes


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
        outcomes = stop_device(names[0], _tell_unknown)
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


def _tell_unknown(_state: str) -> None:
    _put(sys.stderr, f"{_UNKNOWN} Still trying.\n")


def _put(stream: TextIO, text: str) -> None:
    """Write it if anybody can read it: the exit code says the same, and the stop comes first."""
    try:
        stream.write(printable(text))
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
