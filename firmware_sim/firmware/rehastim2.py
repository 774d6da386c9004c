"""The RehaStim2 twin: a HASOMED RehaStim2 as a pure function of time and bytes.

Written from the ScienceMode 2 specification alone. Marked [POLICY] is what the vendor leaves open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .electrodes import Load, Loads, nominal_ohm
from .frames import Damage, Frame
from .machine import FramedMachine
from .outbox import Outbox
from .recorder import Recorder, Row
from .rehastim2_commands import (
    INIT,
    SILENT,
    STIMULATION_ERROR,
    UNKNOWN_COMMAND,
    Command,
    Event,
    Mode,
    Result,
    StimulationError,
    known,
)
from .rehastim2_stimulation import STIMULATING, Stimulation
from .sciencemode2_frames import FrameDecoder, encode

#: Repeated until a host accepts it [DOC][DEV].
INIT_EVERY_US = 500_000
VERSION = 1
#: The connection is lost after so long without a valid packet [DOC].
WATCHDOG_US = 1_200_000
#: From a command to its execution and its answer: the shortest of the documented 10..24 ms [DOC].
TURNAROUND_US = 10_000


class _Pending(NamedTuple):
    """A command that will be executed, and answered, at done_us."""

    done_us: int
    command: Command
    frame: Frame


class RehaStim2Twin(FramedMachine):
    """A RehaStim2 behind its serial line; `now_ns` is any integer clock in ns that never goes back.

    seed: packet number of the first Init, modulo 256; load_ohm: on all channels, None = open;
    turnaround_us: from a command to its execution and answer; sink: takes record rows one by one
    instead of having them kept; wiretap: record the bytes too.

    [POLICY] A command that comes while another is pending is answered "busy" at its own time. Stop
    is never busy: it takes the place of what is pending, which is answered "wrong mode".
    """

    family = "rehastim2"

    def __init__(
        self,
        seed: int = 0,
        load_ohm: int | None = 500,
        *,
        turnaround_us: int = TURNAROUND_US,
        sink: Callable[[Row], None] | None = None,
        wiretap: bool = False,
    ) -> None:
        if turnaround_us < 0:
            raise ValueError(f"turnaround {turnaround_us} us: it cannot be negative")
        super().__init__(Recorder(sink), Outbox(), FrameDecoder(), wiretap=wiretap)
        self._turnaround_us = turnaround_us
        self._loads = Loads(load_ohm)
        self._stimulation = Stimulation(self._loads, self.recorder, self._skin_test_failed)
        self._number = seed % 256
        self._pending: _Pending | None = None
        self._powered = True
        self._init_due_us: int | None = 0  # None while connected or without power
        self._valid_us = 0
        self._longest_gap_us = 0
        self._has_watchdog = True

    @property
    def mode(self) -> Mode:
        """The stimulation mode."""
        return self._stimulation.mode

    @property
    def connected(self) -> bool:
        """Whether a host has accepted the Init and not been silent since."""
        return self._powered and self._init_due_us is None

    @property
    def longest_gap_us(self) -> int:
        """The longest time between two valid packets of the host while it was connected."""
        return self._longest_gap_us

    @property
    def stimulating(self) -> bool:
        """Whether the device may put out current without another command."""
        return self.mode is Mode.STARTED or self._stimulation.player.busy

    def set_load(self, channel: int, load: Load) -> None:
        """Change the load of channel 1..8 now: ohm, None = open, or a model."""
        self._loads.set(channel, load)
        self.recorder.log(self._now, "load changed", channel=channel, ohm=nominal_ohm(load))
        self.load_moved(channel)

    def load(self, channel: int) -> Load:
        """What is on channel 1..8 now."""
        return self._loads[channel]

    def load_moved(self, channel: int) -> None:
        """Go on with a load that changed by itself."""
        self._stimulation.player.load_moved(self._now, channel)

    def set_emergency(self, pressed: bool) -> None:
        """Press (or pull out) the emergency switch now, or release it."""
        self.recorder.log(self._now, "emergency switch", pressed=pressed)
        self._stimulation.emergency = pressed
        if pressed:
            self._fail(StimulationError.EMERGENCY, Event.EMERGENCY)

    def fail_watchdog(self, *, broken: bool = True) -> None:
        """Have the watchdog cease to act, or act again."""
        self._has_watchdog = not broken

    def fail_open_detection(self, *, broken: bool = True) -> None:
        """Have the skin test cease to notice an open circuit, or notice it again."""
        self._loads.detects_open = not broken

    def fail_module(self) -> None:
        """Have a stimulation module fail now."""
        self._fail(StimulationError.MODULE, Event.MODULE)

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record, as when the device loses its supply."""
        self.advance(now_ns)
        self._pending = None
        self._stimulation.reset(self._now, Event.POWER_OFF)
        self._answers.clear()
        self._decoder.drop_partial()
        self._powered, self._init_due_us = False, None
        self.recorder.log(self._now, "power off")

    def power_on(self, now_ns: int) -> None:
        """Switch on again, in ScienceMode 2, with a packet counter of 0."""
        self.advance(now_ns)
        self._powered, self._init_due_us, self._number = True, self._now, 0
        self.recorder.log(self._now, "power on")

    # Time

    def _next_event(self) -> int | None:
        times = [self._stimulation.player.next_us(), self._init_due_us]
        if self.connected and self._has_watchdog:
            times.append(self._valid_us + WATCHDOG_US)
        if self._pending is not None:
            times.append(self._pending.done_us)
        return min((at_us for at_us in times if at_us is not None), default=None)

    def _happen(self, at_us: int) -> None:
        self._stimulation.player.settle(at_us)
        pending = self._pending
        if pending is not None and pending.done_us <= at_us:
            self._pending = None
            answer = self._stimulation.execute(at_us, pending.command, pending.frame.data)
            self._answer(at_us, pending.command, pending.frame.packet_number, answer)
        silent = self._has_watchdog and self._valid_us + WATCHDOG_US <= at_us
        if self.connected and silent:
            self._note_gap(at_us)
            self.recorder.log(at_us, "connection lost", gap_us=at_us - self._valid_us)
            self._init_due_us = at_us
            self._pending = None
            self._stimulation.reset(at_us, Event.LOST)
        if self._init_due_us is not None and self._init_due_us <= at_us:
            self._tell(at_us, INIT, VERSION)
            self._init_due_us = at_us + INIT_EVERY_US

    # Frames

    def _accept(self, at_us: int, item: Frame | Damage) -> None:
        if not self._powered:
            return
        command = known(item.command)
        if isinstance(item, Damage):
            self.recorder.log(at_us, "damaged frame", error=item.kind)
            number = item.packet_number
            if self.connected and command is not None and number is not None:
                self._refuse(at_us, command, number, Result.TRANSFER)
        elif command is Command.INIT_ACK:
            self._init_ack(at_us, item)
        elif not self.connected:
            self.recorder.log(at_us, "command before connection", command=item.command)
        else:
            self._note_gap(at_us)
            self._valid_us = at_us
            self._obey(at_us, command, item)

    def _note_gap(self, at_us: int) -> None:
        self._longest_gap_us = max(self._longest_gap_us, at_us - self._valid_us)

    def _init_ack(self, at_us: int, frame: Frame) -> None:
        fits = frame.packet_number == (self._number - 1) % 256
        if self.connected:
            self._note_gap(at_us)
            self._valid_us = at_us
            self.recorder.log(at_us, "InitAck while connected")
        elif frame.data != bytes((Result.OK,)):
            self.recorder.log(at_us, "InitAck refuses", hex=frame.data.hex())
        else:
            if not fits:
                self.recorder.log(at_us, "InitAck of another Init", number=frame.packet_number)
            self._init_due_us, self._valid_us = None, at_us
            self.recorder.log(at_us, "connected")

    def _obey(self, at_us: int, command: Command | None, frame: Frame) -> None:
        ready_us = at_us + self._turnaround_us
        if command is None:
            wire = encode(frame.packet_number, UNKNOWN_COMMAND, bytes((frame.command,)))
            self._answers.put(ready_us, wire)
        elif command is Command.WATCHDOG:
            if frame.data:
                self.recorder.log(at_us, "Watchdog with data", hex=frame.data.hex())
        elif self._pending is None:
            self._pending = _Pending(ready_us, command, frame)
        elif command is not Command.STOP_CHANNEL_LIST:
            self._refuse(at_us, command, frame.packet_number, Result.BUSY)
        elif self._pending.command is Command.STOP_CHANNEL_LIST:
            self._refuse(at_us, command, frame.packet_number, Result.OK)
        else:
            _, other, waiting = self._pending
            self._refuse(at_us, other, waiting.packet_number, Result.WRONG_MODE)
            self._pending = _Pending(ready_us, command, frame)

    def _answer(self, at_us: int, command: Command, number: int, data: bytes) -> None:
        self._answers.put(at_us, encode(number, command + 1, data))
        if self._stimulation.emergency and command in STIMULATING and data[0] == Result.OK:
            self._fail(StimulationError.EMERGENCY, Event.EMERGENCY)

    def _refuse(self, at_us: int, command: Command, number: int, result: Result) -> None:
        if command not in SILENT:
            wire = encode(number, command + 1, bytes((result.byte,)))
            self._answers.put(at_us + self._turnaround_us, wire)

    def _tell(self, at_us: int, command: int, value: int) -> None:
        self._answers.put(at_us, encode(self._number, command, bytes((value & 0xFF,))))
        self._number = (self._number + 1) % 256

    # Faults

    def _fail(self, error: StimulationError, event: Event) -> None:
        self._stimulation.reset(self._now, event)
        if self.connected:
            self._tell(self._now, STIMULATION_ERROR, error)
            self.recorder.log(self._now, "stimulation error", error=int(error))

    def _skin_test_failed(self, at_us: int, channel: int) -> None:
        self.recorder.log(at_us, "skin test failed", channel=channel)
        self._tell(at_us, STIMULATION_ERROR, StimulationError.ELECTRODE)
