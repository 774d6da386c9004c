"""What a RehaStim2 does with its stimulation commands: modes, channel lists, single pulses."""

from __future__ import annotations

from collections.abc import Callable

from .electrodes import Loads
from .recorder import Recorder
from .rehastim2_commands import RULES, TRANSITIONS, Command, Event, Mode, Result
from .rehastim2_fields import Setup, programme, read_setup, read_single, read_wants
from .rehastim2_list import ListPlayer

STIMULATING = frozenset({Command.START_CHANNEL_LIST, Command.SINGLE_PULSE})
_OK = bytes((Result.OK,))
_PARAMETER = bytes((Result.PARAMETER.byte,))


class Stimulation:
    """The stimulation modes of a RehaStim2; times in us of the twin's clock.

    fault: told (time, channel) when a skin test fails.
    """

    def __init__(self, loads: Loads, recorder: Recorder, fault: Callable[[int, int], None]) -> None:
        self.player = ListPlayer(loads, recorder, fault)
        #: While the emergency switch is pressed no pulse is begun.
        self.emergency = False
        self._recorder = recorder
        self._mode = Mode.START
        self._setup: Setup | None = None
        self._handlers: dict[Command, Callable[[int, bytes], bytes]] = {
            Command.GET_STIMULATION_MODE: lambda *_: bytes((Result.OK, self._mode)),
            Command.GET_MOTOMED_MODE: lambda *_: bytes((Result.OK, 0xFF)),  # -1: no MOTOmed
            Command.INIT_CHANNEL_LIST: self._init_list,
            Command.START_CHANNEL_LIST: self._start_list,
            Command.STOP_CHANNEL_LIST: lambda at_us, _: self._stop_list(at_us),
            Command.SINGLE_PULSE: self._single_pulse,
        }

    @property
    def mode(self) -> Mode:
        """The stimulation mode."""
        return self._mode

    def execute(self, at_us: int, command: Command, data: bytes) -> bytes:
        """Execute a command that is answered; return the data of the answer."""
        rule = RULES.get(command)
        if rule is None:
            return bytes((Result.MOTOMED.byte,))
        if rule.size is not None and len(data) != rule.size:
            return _PARAMETER
        if self._mode not in rule.allowed:
            return bytes((Result.WRONG_MODE.byte,))
        return self._handlers[command](at_us, data)

    def reset(self, at_us: int, event: Event) -> None:
        """End all output and go where the event leads, which is the start mode."""
        self.player.stop(at_us)
        self._setup = None
        self._move(at_us, event)

    def _move(self, at_us: int, event: Event) -> None:
        mode = TRANSITIONS[event][self._mode]
        if mode is self._mode:
            return
        self._mode = mode
        self._recorder.add(
            {"kind": "state", "at_us": at_us, "state": int(mode), "event": event.value}
        )

    # Handlers: only called in a mode that allows them, with the right amount of data

    def _init_list(self, at_us: int, data: bytes) -> bytes:
        setup = read_setup(data)
        if setup is None:
            return _PARAMETER
        self._setup = setup
        self._move(at_us, Event.INITIALISED)
        return _OK

    def _start_list(self, at_us: int, data: bytes) -> bytes:
        setup = self._setup
        assert setup is not None
        wants = read_wants(data, setup.channels)
        if wants is None:
            return _PARAMETER
        order = programme(setup, wants)
        if (order.pulse_gap_us, order.main_us) != (setup.pulse_gap_us, setup.main_us):
            raised = {"main_us": order.main_us, "pulse_gap_us": order.pulse_gap_us}
            self._recorder.log(at_us, "intervals raised", **raised)
        self._move(at_us, Event.STARTED)
        if not self.emergency:
            self.player.play(at_us, order)
        return _OK

    def _stop_list(self, at_us: int) -> bytes:
        self.reset(at_us, Event.STOPPED)
        return _OK

    def _single_pulse(self, at_us: int, data: bytes) -> bytes:
        order = read_single(data)
        if order is None:
            return _PARAMETER
        if not self.emergency:
            self.player.play(at_us, order)
        return _OK
