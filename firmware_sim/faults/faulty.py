"""A twin behind a line, both with faults, in the shape of a twin."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from firmware_sim.body.body import Body
from firmware_sim.body.worn import WearableTwin, WornTwin
from firmware_sim.firmware.electrodes import Load
from firmware_sim.firmware.recorder import Recorder, Row
from firmware_sim.twin import LocalTwin, WornDevice

from .clips import Clips
from .link import Link
from .model import Fault, FaultError, Place
from .registry import begin_of, checked, spec_of
from .running import Action, Running, Stage
from .wires import wire_of

if TYPE_CHECKING:
    from firmware_sim.firmware.p24_faulty import FaultyFirmware


class FaultyTwin:
    """A twin and the line to it, with faults at their times; without faults, the twin itself.

    device: the twin behind the line, at its time 0, as `firmware_sim.devices.make_twin` gives it.
    Faults of the line need to know its wire by its `family`, those of the firmware need one that
    was made to be faulty, those of electrodes one that can be worn. seed: seeds all chance of the
    faults. body: who is at the leads instead of the load; its events are rows of the record.
    Raises FaultError for a fault that cannot be.

    The record has a row of kind "fault" for each fault that begins or ends, and for the plug.
    """

    def __init__(
        self,
        faults: Sequence[Fault] = (),
        *,
        device: LocalTwin,
        seed: int = 0,
        body: Body | None = None,
    ) -> None:
        self.link = Link()
        self.family = str(getattr(device, "family", ""))
        able = hasattr(device, "misbehaviours")
        self._firmware = cast("FaultyFirmware", device) if able else None
        worn = device if isinstance(device, WornDevice) else None
        if body is not None:
            if worn is None:
                raise FaultError("nobody can be at the leads of this device")
            device = WornTwin(cast("WearableTwin", device), body, record_events=True)
        self.device: LocalTwin = device
        self._clips = None if worn is None else Clips(device, worn)
        self._now = 0
        self._out = bytearray()
        self._timetable: list[tuple[int, int, Action]] = []
        self._order = count()
        self._seed = seed
        self._running: list[Running] = []
        for fault in faults:
            self.add(fault)

    # -- faults

    def add(self, fault: Fault) -> None:
        """Have one more fault; one whose time has passed begins at once."""
        spec = spec_of(checked(fault).name)
        if self._clips is None and spec.place not in (Place.LINK, Place.BENCH):
            raise FaultError(f"{fault.name}: this device can only have faults of its line")
        wire = wire_of(self)
        if (why := wire.lacks.get(fault.name)) is not None:
            raise FaultError(f"{fault.name}: this device cannot have it: {why}")
        if self._firmware is None and spec.place is Place.DEVICE:
            raise FaultError(
                f"{fault.name}: a fault of the firmware, which this device was not made to have"
            )

        def log(row: Mapping[str, Any]) -> None:
            self.recorder.add({"kind": "fault", "at_us": self._now, "fault": fault.name, **row})

        stage = Stage(
            self.link,
            self.device,
            lambda: self._now,
            self._at,
            log,
            self._firmware,
            self._clips,
            wire,
        )
        running = Running(fault, spec, stage, f"{self._seed}/{len(self._running)}/{fault.name}")
        self._running.append(running)
        self._at(max(fault.at_us, self._now), lambda: self._begin(running))

    @property
    def changes(self) -> tuple[tuple[Fault, int], ...]:
        """Each fault and how often it has changed bytes, a timer, the output or the load so far."""
        return tuple((running.fault, running.changed) for running in self._running)

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that have begun and not ended."""
        return tuple(running.fault for running in self._running if running.active)

    @property
    def plugged(self) -> bool:
        """Whether the port is there; where not, a host's port calls fail."""
        return self.link.plugged

    @property
    def place(self) -> int:
        """How often the port has come back under another name."""
        return self.link.place

    @property
    def reading(self) -> bool:
        """Whether the device takes bytes; where not, a host's writes soon block."""
        return self.link.reading

    def waited(self, number: int) -> None:
        """A host tells that so many bytes had to wait because the device takes none."""
        self.link.waited(number)

    # -- the shape of a twin

    @property
    def now_us(self) -> int:
        """The latest time the twin was told, in us."""
        return max(self._now, self.device.now_us)

    @property
    def stimulating(self) -> bool:
        """Whether the device may put out current without another command."""
        return self.device.stimulating

    @property
    def recorder(self) -> Recorder:
        """Where the rows go."""
        return self.device.recorder

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""
        self.advance(now_ns)
        if self.link.idle:
            self.device.receive(now_ns, data)
        elif data:
            self.link.to_device.send(self._now, data)
            self._settle()
        else:
            self.device.receive(now_ns, b"")

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns, in the order of its time."""
        now = max(now_ns // 1000, self._now)
        while True:
            if self.link.idle:
                due = self._timetable[0][0] if self._timetable else None
            else:
                due = self._next_us()
            if due is None or due > now:
                break
            self._step(due)
        self._now = now
        self.device.advance(now * 1000)

    def transmit(self) -> bytes:
        """Return the bytes that are due for the host."""
        if self.link.idle:
            self._out += self.device.transmit()
        out = bytes(self._out)
        self._out.clear()
        return out

    def deadline(self) -> int | None:
        """Return when to be woken next, in ns; None when nothing will happen by itself."""
        if self._out:
            return self._now * 1000
        due = self._next_us()
        return None if due is None else due * 1000

    def records(self) -> list[Row]:
        """Return the record rows held so far."""
        return self.device.records()

    def drain(self) -> list[Row]:
        """Return the record rows held so far, and forget them."""
        return self.device.drain()

    def set_load(self, channel: int, load: Load) -> None:
        """Put another load on a channel now: ohm, None = open, or a model.

        Where a fault has put something there, it counts when that ends.
        """
        if self._clips is None:
            self.device.set_load(channel, load)
        else:
            self._clips.set_below(channel, load)

    def line_lost(self) -> None:
        """Forget what is under way to the device: the host went away."""
        self.link.to_device.clear()
        self.device.line_lost()

    def reset(self, now_ns: int) -> None:
        """Pulse the line that restarts the device; one that has none goes on."""
        self.advance(now_ns)
        restart = getattr(self.device, "reset", None)
        if restart is not None:
            restart(now_ns)

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record; faults that would begin later never do."""
        self.advance(now_ns)
        self._timetable.clear()
        self.device.power_off(now_ns)

    # -- time

    def _at(self, at_us: int, action: Action) -> None:
        heapq.heappush(self._timetable, (at_us, next(self._order), action))

    def _next_us(self) -> int | None:
        times = [self.link.next_us()]
        if self._timetable:
            times.append(self._timetable[0][0])
        if (deadline := self.device.deadline()) is not None:
            times.append(deadline // 1000)
        return min((at_us for at_us in times if at_us is not None), default=None)

    def _step(self, at_us: int) -> None:
        """Everything of one time: faults first, then the line and the device."""
        at_us = max(at_us, self._now)
        if self._timetable and self._timetable[0][0] <= at_us:
            self._up_to(at_us - 1)  # what came before the fault came without it
            self._now = at_us
            self.device.advance(at_us * 1000)  # a fault acts on the device as it is now
            while self._timetable and self._timetable[0][0] <= at_us:
                heapq.heappop(self._timetable)[2]()
        self._now = at_us
        self._settle()

    def _up_to(self, at_us: int) -> None:
        if at_us > self._now:
            self._now = at_us
            self._settle()

    def _settle(self) -> None:
        """Move what is due now: to the device, through it, to the host."""
        link, now_ns = self.link, self._now * 1000
        for data in link.to_device.arrived(self._now):
            self.device.receive(now_ns, data)
        self.device.advance(now_ns)
        if out := self.device.transmit():
            if link.idle:
                self._out += out
            else:
                link.to_host.send(self._now, out)
        for data in link.to_host.arrived(self._now):
            self._out += data

    def _begin(self, running: Running) -> None:
        running.begun = True
        self.recorder.add(
            {
                "kind": "fault",
                "at_us": self._now,
                "fault": running.fault.name,
                "event": "begins",
                "parameters": dict(running.parameters),
            }
        )
        begin_of(running.fault.name)(running)
        if lasts_us := running.parameters.get("for_us", 0):
            self._at(self._now + lasts_us, lambda: self._end(running))

    def _end(self, running: Running) -> None:
        running.end()
        self.recorder.add(
            {
                "kind": "fault",
                "at_us": self._now,
                "fault": running.fault.name,
                "event": "ends",
                "changed": running.changed,
            }
        )
