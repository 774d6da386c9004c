"""A device behind its supervisor, as the procedure drives it: the Python API, on a bench session.

What is put out passes clearance, engine and supervisor as in every session; nothing is written to
the line here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from stimctl.api import Device
from stimctl.commission.bench_protocol import AREA, protocol_id, protocol_text
from stimctl.commission.rig import Found, Seen
from stimctl.commission.settings import Setting
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LinkError, NoDeviceError, StateError, StimctlError
from stimctl.records.devices import names_of
from stimctl.session.row_base import Kind
from stimctl.stimulus.level import Level
from stimctl.supervisor.port_facts import usb_identity

T = TypeVar("T")
HOLD: Final = "10 s"
_RENEW_S: Final = 2.0
_BEFORE_KILL_S: Final = 1.0
_STOP_WITHIN_S: Final = 5.0
_KILL_WITHIN_S: Final = 120.0
_OVER: Final = ("stopped", "fault", "unknown", "closed")


@dataclass(frozen=True, slots=True)
class Bench:
    """What is known of the bench. `folder`: for protocols and captures of this commissioning."""

    device: str
    ohm: int
    nobody: str
    folder: Path
    journal: Path | None = None
    operator: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the process that is killed."""
        return {
            "device": self.device, "ohm": self.ohm, "nobody": self.nobody,
            "folder": str(self.folder), "journal": str(self.journal) if self.journal else "",
            "operator": self.operator,
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Bench:
        """The same, in that process."""
        journal = Path(told["journal"]) if told["journal"] else None
        return cls(told["device"], told["ohm"], told["nobody"], Path(told["folder"]), journal,
                   told["operator"])  # fmt: skip


class BenchDevice(Device):
    """A session on a resistor: no person, the list of the bench."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(
            bench.device, person="", journal=bench.journal, single_pulses=False,
            operator=bench.operator, bench=True,
        )  # fmt: skip

    @property
    def supervisor(self) -> int:
        """The process id of its supervisor."""
        return self._client.pid

    @property
    def address(self) -> str:
        """Where the device is."""
        return self._client.address

    @property
    def line(self) -> Mapping[str, Any]:
        """How the port was opened."""
        return dict(self._view.model.line)

    def prepare_bench(self, bench: Bench) -> None:
        """Hand in what the list of the bench asks for."""
        self._ask("prepare", load_ohm=bench.ohm, nobody=bench.nobody)

    def try_stop(self) -> None:
        """Ask for a stop while nothing is on, and see it end at verified zero."""
        self.stop()
        give_up = time.monotonic() + _STOP_WITHIN_S
        while self._view.model.stopping_ns is not None:
            if time.monotonic() > give_up:
                raise self._view.not_confirmed()
            time.sleep(0.02)

    def unlock(self, channel: int) -> None:
        """Open the lock that 20 s without a raise have closed."""
        self._ask("unlock", channel=channel)


class SessionRig:
    """A `Rig`. `ask_stop`: lets a person, where there is one, ask for the stop that is tried."""

    def __init__(
        self, bench: Bench, sheet: CapabilitySheet, ask_stop: Callable[[], None] = lambda: None
    ) -> None:
        self._bench = bench
        self._ask_stop = ask_stop
        self._sheet = sheet
        self._device: BenchDevice | None = None
        self._seen: list[Seen] = []
        self.sessions: list[str] = []
        self.simulation: bool | None = None
        self.address = ""

    # -- a session --------------------------------------------------------------------------------

    def connect(self) -> Found:
        """Begin one. Everything that the list of the bench asks for is handed in at once."""
        self.close()
        self._seen = []
        device = BenchDevice(self._bench)
        device.__enter__()
        self._device = device
        if not self.sessions:
            self._ask_stop()
        device.try_stop()
        self.address = device.address
        self._collect()
        told = next(one.data for one in self._seen if one.kind == Kind.IDENTITY)
        serial = str(told["serial"])
        return Found(
            str(told["family"]), serial, str(told["firmware"]), str(told["protocol"]),
            names_of(serial, usb_identity(str(device.line.get("device", self.address)))),
            device.line,
        )  # fmt: skip

    def check(self, setting: Setting) -> str:
        """Load a plan; its session tests the watchdog first, unless it has."""
        try:
            load_setting(self._session, self._bench, self._sheet, setting)
        except StimctlError:
            self._collect()
            if self._outcomes()[-1:] == ["failed"]:
                return "failed"
            raise
        self._collect()
        return next(reversed(self._outcomes()), "not due")

    def _outcomes(self) -> list[str]:
        return [str(one.data["outcome"]) for one in self._seen if one.kind == Kind.DEAD_MAN]

    def begin(self, setting: Setting) -> None:
        """Load, hand in, arm, start."""
        if self._device is None:
            self.connect()
        begin_setting(self._session, self._bench, self._sheet, setting)
        self._collect()

    def raise_to(self, channel: int, level: int) -> None:
        """By the API, one step after another."""
        raise_session(self._session, self._sheet, channel, level)
        self._collect()

    def hold(self, work: Callable[[], T]) -> T:
        """The hold of the program is renewed while the work goes on in a thread."""
        done: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(work())
            except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
                failed.append(error)

        time.sleep(_BEFORE_KILL_S)
        thread = threading.Thread(target=run, name="reading", daemon=True)
        thread.start()
        while thread.is_alive():
            if self._session.state == "running":
                self._session.hold(HOLD)
            thread.join(_RENEW_S)
        if failed:
            raise failed[0]
        return done[0]

    def stop(self) -> int | None:
        """Stop; zero is verified."""
        self._session.stop()
        self._collect()
        zero = [one for one in self._seen if one.kind == Kind.ZERO_VERIFIED]
        return int(zero[-1].data["after_us"]) if zero else None

    def fault_within(self, seconds: float) -> str:
        """Wait for the session to stop by itself; the hold is renewed."""
        give_up = time.monotonic() + seconds
        while self._session.state == "running" and time.monotonic() < give_up:
            with contextlib.suppress(StateError):
                self._session.hold(HOLD)
            time.sleep(0.1)
        if self._session.state == "running":
            return ""
        self._collect()
        stops = [one for one in self._seen if one.kind == Kind.STOPPING]
        return str(stops[-1].data.get("code", "")) if stops else ""

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def events(self) -> Sequence[Seen]:
        """Those of the present session."""
        self._collect()
        return tuple(self._seen)

    def close(self) -> None:
        """End the session at verified zero."""
        device, self._device = self._device, None
        if device is not None:
            device.__exit__(None, None, None)

    @property
    def _session(self) -> BenchDevice:
        if self._device is None:
            raise LinkError("there is no session")
        return self._device

    def _collect(self) -> None:
        for row in self._session.events():
            kind = str(row["kind"])
            self._seen.append(Seen(int(row.get("mono_ns", 0)), kind, row))
            if kind == Kind.JOURNAL:
                self.sessions.append(str(row["session"]))
            if kind == Kind.LINE_KIND:
                self.simulation = bool(row["simulation"])

    # -- the host is killed -----------------------------------------------------------------------

    def host_kill(self, setting: Setting, level: int) -> tuple[Sequence[Seen], int]:
        """A process of its own runs a session; that and its supervisor are killed at once."""
        self.close()
        told = {"bench": self._bench.as_json(), "family": self._sheet.family, "level": level,
                "channel": setting.channel, "most": setting.most,
                "frequency_mhz": setting.frequency_mhz}  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stimctl.commission.killed_host", json.dumps(told)],
            stdout=subprocess.PIPE,
        )
        try:
            first = _line_of(process)
            time.sleep(_BEFORE_KILL_S)
            # Stopped first, both at once: neither sees the other die.
            for pid in (process.pid, int(first["supervisor"])):
                os.kill(pid, signal.SIGSTOP)
            killed_ns = time.monotonic_ns()
            for pid in (int(first["supervisor"]), process.pid):
                os.kill(pid, signal.SIGKILL)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.sessions.append(str(first["session"]))
        seen = [Seen(int(row["mono_ns"]), str(row["kind"]), row) for row in first["events"]]
        return seen, killed_ns


def load_setting(session: Device, bench: Bench, sheet: CapabilitySheet, setting: Setting) -> None:
    """Compile the plan of a setting on the device's session."""
    current = sheet.current is not None
    folder = bench.folder / "protocols"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{protocol_id(setting, current=current)}.toml"
    path.write_text(protocol_text(setting, setting.most, current=current), encoding="utf-8")
    level = {setting.channel: str(Level(sheet.scale, setting.most))}
    kind: dict[str, Any] = {"amplitudes": level} if current else {"intensities": level}
    session.load(path, areas={setting.channel: AREA}, acknowledge=["L-ATT"], **kind)


def begin_setting(
    session: BenchDevice, bench: Bench, sheet: CapabilitySheet, setting: Setting
) -> None:
    """Load, hand in, arm and start at zero."""
    load_setting(session, bench, sheet, setting)
    session.prepare_bench(bench)
    session.arm()
    session.start(HOLD, start_from="beginning")


def raise_session(session: BenchDevice, sheet: CapabilitySheet, channel: int, level: int) -> None:
    """Raise to a level; a lock that was closed while somebody read is opened."""
    session.hold(HOLD)
    with contextlib.suppress(StateError):
        session.unlock(channel)
    session.raise_to(channel, str(Level(sheet.scale, level)))


def _line_of(process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
    """What the killed host tells when its output is on."""
    assert process.stdout is not None
    lines: list[bytes] = []

    def read() -> None:
        assert process.stdout is not None
        lines.append(process.stdout.readline())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(_KILL_WITHIN_S)
    if not lines or not lines[0].endswith(b"\n"):
        raise NoDeviceError(
            "the session that was to be killed did not begin",
            why=f"nothing was told within {_KILL_WITHIN_S:.0f} s",
        )
    told: Mapping[str, Any] = json.loads(lines[0])
    if "error" in told:
        raise NoDeviceError("the session that was to be killed did not begin", why=told["error"])
    return told
