"""The P24 twin: a HASOMED P24 as a pure function of time and bytes.

Written from the ScienceMode 4 specification alone. Marked [POLICY] is what the vendor leaves open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .electrodes import Load, Loads, nominal_ohm
from .machine import FramedMachine
from .p24_answers import Answers
from .p24_commands import (
    TRANSITIONS,
    Command,
    Event,
    Result,
    State,
    known,
)
from .p24_fields import LowLevelInit, LowLevelPulse, read_ll_channel_config, read_ll_init
from .p24_general import fixed_answers
from .p24_low_level import LowLevel
from .p24_mid_level import MidLevel
from .recorder import Recorder, Row
from .sciencemode4_frames import Damage, Frame, FrameDecoder

#: Switching the high voltage takes about 40 ms, twice that for Ml_init [IFU].
SWITCH_US = 40_000
ML_INIT_SWITCH_US = 80_000
#: Typical turnaround over USB [IFU].
TURNAROUND_US = 1_000
#: Commands that may wait while the high voltage switches; more are answered "busy" [POLICY].
WAITING_LENGTH = 256
HIGH_VOLTAGE_OFF = 1
HIGH_VOLTAGE_150V = 6


class P24Twin(FramedMachine):
    """A P24 behind its serial line; `now_ns` is any integer clock in ns that does not go back.

    seed: names the device (nothing in it is random); load_ohm: on all channels, None = open;
    turnaround_us: from a command to its answer where nothing else takes time; sink: takes record
    rows one by one instead of having them kept; wiretap: record the bytes too.

    [POLICY] Commands are executed in order; while the high voltage switches, later ones wait.
    Output ends when a stop, an init or a reset is executed, not when it is answered. Pulses that
    wait then are answered "not initialised". Waiting pulses delay no other command.
    """

    _answers: Answers
    answers = Answers
    low_level = LowLevel
    mid_level = MidLevel

    family = "p24"

    def __init__(
        self,
        seed: int = 0,
        load_ohm: int | None = 500,
        *,
        turnaround_us: int = TURNAROUND_US,
        sink: Callable[[Row], None] | None = None,
        wiretap: bool = False,
    ) -> None:
        answers = self.answers(turnaround_us)
        super().__init__(Recorder(sink), answers, FrameDecoder(), wiretap=wiretap)
        self._loads = Loads(load_ohm)
        acknowledge = self._acknowledge_pulse
        self._low = self.low_level(self._loads, self.recorder, acknowledge, turnaround_us)
        self._mid = self.mid_level(self._loads, self.recorder)
        self._state = State.NOTHING
        self._high_voltage = HIGH_VOLTAGE_OFF
        self._waiting: deque[Frame | Damage] = deque()
        self._switching: tuple[int, Event, int] | None = None  # until when, what then, high voltage
        self._fixed = self._told_of_itself(seed)
        self._handlers: dict[Command, Callable[[int, Frame], None]] = {
            Command.LL_INIT: self._ll_init,
            Command.LL_CHANNEL_CONFIG: self._ll_channel_config,
            Command.LL_STOP: self._stop,
            Command.ML_INIT: self._ml_init,
            Command.ML_UPDATE: self._ml_update,
            Command.ML_STOP: self._stop,
            Command.ML_GET_CURRENT_DATA: self._ml_get_current_data,
            Command.GET_STIM_STATUS: self._get_stim_status,
            Command.RESET: self._reset,
        }

    def _told_of_itself(self, seed: int) -> dict[Command, bytes]:
        """The answers that never change."""
        return fixed_answers(seed)

    def _known(self, number: int | None) -> Command | None:
        """The command of that number, None if this device knows none."""
        return known(number)

    @property
    def state(self) -> State:
        """The stimulation status."""
        return self._state

    @property
    def stimulating(self) -> bool:
        """Whether the device may put out current without another command."""
        return self._state is State.RUNNING or self._low.busy

    def set_load(self, channel: int, load: Load) -> None:
        """Change the load of channel 1..8 now (the latest time told): ohm, None = open, a model."""
        self._loads.set(channel, load)
        self.recorder.log(self._now, "load changed", channel=channel, ohm=nominal_ohm(load))
        self.load_moved(channel)

    def load(self, channel: int) -> Load:
        """What is on channel 1..8 now."""
        return self._loads[channel]

    def fail_open_detection(self, *, broken: bool = True) -> None:
        """Have the device cease to notice an open circuit, or notice it again."""
        self._loads.detects_open = not broken

    def load_moved(self, channel: int) -> None:
        """Go on with a load that changed by itself."""
        self._mid.load_changed(channel, self._now)

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record, as when the device loses its supply."""
        self.advance(now_ns)
        self._lose_power(self._now)

    def _lose_power(self, at_us: int) -> None:
        self._begin_anew(at_us)
        self.recorder.log(at_us, "power off")

    def _begin_anew(self, at_us: int) -> None:
        """End all output, and forget everything that is not yet done or said."""
        self._halt(at_us)
        self._waiting.clear()
        self._answers.clear()
        self._switching = None
        self._move(at_us, Event.RESET, HIGH_VOLTAGE_OFF)

    def _next_event(self) -> int | None:
        first = self._mid.next_us()
        for at_us in (self._low.next_us(), self._switching and self._switching[0]):
            if at_us is not None and (first is None or at_us < first):
                first = at_us
        return first

    def _happen(self, at_us: int) -> None:
        self._mid.settle(at_us)
        self._low.settle(at_us)
        if self._mid.expire(at_us):
            self.recorder.log(at_us, "keep-alive expired")
            self._move(at_us, Event.EXPIRED, self._high_voltage)
        if self._switching is not None and self._switching[0] <= at_us:
            _, event, high_voltage = self._switching
            self._switching = None
            self._move(at_us, event, high_voltage)
            while self._waiting and self._switching is None:
                self._execute(at_us, self._waiting.popleft())

    def _accept(self, at_us: int, item: Frame | Damage) -> None:
        if self._switching is None:
            self._execute(at_us, item)
        elif len(self._waiting) < WAITING_LENGTH:
            self._waiting.append(item)
        elif isinstance(item, Frame) and (command := self._known(item.command)) is not None:
            self._answers.refuse(at_us, command, item.packet_number, Result.BUSY, item.data)

    def _execute(self, at_us: int, item: Frame | Damage) -> None:
        command = self._known(item.command)
        if isinstance(item, Damage):
            self._complain(at_us, item, command)
        elif command is None:
            self._answers.unknown_command(at_us, item)
        elif self._state not in self._answers.rules[command].allowed:
            result = Result.NOT_INITIALISED
            self._answers.refuse(at_us, command, item.packet_number, result, item.data)
        elif len(item.data) < self._answers.rules[command].least_data:
            self._answers.refuse(at_us, command, item.packet_number, Result.PARAMETER)
        elif command in self._handlers:
            self._handlers[command](at_us, item)
        else:
            self._answers.give(at_us, command, item.packet_number, self._fixed[command])

    def _complain(self, at_us: int, damage: Damage, command: Command | None) -> None:
        self.recorder.log(at_us, "damaged frame", error=damage.kind)
        if command is not None and damage.packet_number is not None:
            self._answers.refuse(at_us, command, damage.packet_number, Result.TRANSFER)
        else:
            self._answers.general_error(at_us, Result.TRANSFER)

    def _acknowledge_pulse(self, ready_us: int, number: int, data: bytes) -> None:
        self._answers.give_at(ready_us, Command.LL_CHANNEL_CONFIG, number, data)

    def _move(self, at_us: int, event: Event, high_voltage: int) -> None:
        state = TRANSITIONS[event][self._state]
        if (state, high_voltage) == (self._state, self._high_voltage):
            return
        self._state, self._high_voltage = state, high_voltage
        self.recorder.add(
            {
                "kind": "state",
                "at_us": at_us,
                "state": int(state),
                "high_voltage": high_voltage,
                "event": event.value,
            }
        )

    def _halt(self, at_us: int) -> None:
        self._mid.stop(at_us)
        self._low.stop(at_us)

    # Handlers: only called in a state that allows them, with enough data

    def _switch(self, at_us: int, frame: Frame, event: Event, high_voltage: int) -> None:
        takes_us = ML_INIT_SWITCH_US if event is Event.MID_READY else SWITCH_US
        done_us = at_us + takes_us
        self._switching = (done_us, event, high_voltage)
        command = Command(frame.command)
        self._answers.give_at(done_us, command, frame.packet_number, bytes((Result.OK,)))

    def _read_init(self, data: bytes) -> LowLevelInit | None:
        return read_ll_init(data)

    def _read_pulse(self, data: bytes) -> LowLevelPulse | None:
        return read_ll_channel_config(data)

    def _ll_init(self, at_us: int, frame: Frame) -> None:
        init = self._read_init(frame.data)
        if init is None:
            self._answers.refuse(at_us, Command.LL_INIT, frame.packet_number, Result.PARAMETER)
            return
        self._halt(at_us)
        self._low.initialise(init)
        self._switch(at_us, frame, Event.LOW_READY, self._low.high_voltage)

    def _ll_channel_config(self, at_us: int, frame: Frame) -> None:
        pulse = self._read_pulse(frame.data)
        if pulse is None:
            refusal = Result.PARAMETER
        elif self._low.enqueue(at_us, frame.packet_number, pulse):
            return  # answered when executed
        else:
            refusal = Result.BUSY
        command = Command.LL_CHANNEL_CONFIG
        self._answers.refuse(at_us, command, frame.packet_number, refusal, frame.data)

    def _ml_init(self, at_us: int, frame: Frame) -> None:
        self._halt(at_us)
        self._mid.initialise(frame.data)
        self._switch(at_us, frame, Event.MID_READY, HIGH_VOLTAGE_150V)

    def _ml_update(self, at_us: int, frame: Frame) -> None:
        result = self._mid.update(at_us, frame.data)
        if result is Result.OK:
            event = Event.TRAINS if self._mid.running else Event.NO_TRAINS
            self._move(at_us, event, self._high_voltage)
        self._answers.give(at_us, Command.ML_UPDATE, frame.packet_number, bytes((result,)))

    def _ml_get_current_data(self, at_us: int, frame: Frame) -> None:
        data = self._mid.current_data(at_us, frame.data)
        self._answers.give(at_us, Command.ML_GET_CURRENT_DATA, frame.packet_number, data)

    def _stop(self, at_us: int, frame: Frame) -> None:
        self._halt(at_us)
        self._switch(at_us, frame, Event.STOPPED, HIGH_VOLTAGE_OFF)

    def _get_stim_status(self, at_us: int, frame: Frame) -> None:
        data = bytes((Result.OK, self._state, self._high_voltage))
        self._answers.give(at_us, Command.GET_STIM_STATUS, frame.packet_number, data)

    def _reset(self, at_us: int, frame: Frame) -> None:
        self._halt(at_us)
        self._move(at_us, Event.RESET, HIGH_VOLTAGE_OFF)
        self._answers.give(at_us, Command.RESET, frame.packet_number, bytes((Result.OK,)))
