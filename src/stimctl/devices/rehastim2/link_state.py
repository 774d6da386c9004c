"""The state of an exchange with a RehaStim2: connection, channel list, stops, and what it says.

Every result of every acknowledgement is looked at here and in `stimctl.devices.exchange`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stimctl.devices import exchange_rules
from stimctl.devices.events import (
    DeviceError,
    Doing,
    Identified,
    Ready,
    Rejected,
    StatusRead,
    StoppedAtDevice,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.devices.exchange import Exchange
from stimctl.devices.exchange_rules import SUCCESS, Results, Rules, StopRounds
from stimctl.devices.framed_line import Wire
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.pairing import Transmission
from stimctl.devices.pending_request import PendingRequest
from stimctl.devices.rehastim2.output import (
    NOTHING,
    OFF,
    ChannelOutput,
    Frame,
    Setup,
    frame_for,
    make_frame,
)
from stimctl.devices.rehastim2.sheet import FAMILY, REHASTIM2_SHEET, WATCHDOG_US
from stimctl.devices.rehastim2.table import CALLS, EXPECTED_MODES, WORKING, State
from stimctl.wire.sciencemode2 import messages as sm2
from stimctl.wire.sciencemode2.framing import (
    HIGHEST_PACKET_NUMBER,
    FrameDecoder,
    RawFrame,
    encode_frame,
    signed,
)
from stimctl.wire.sciencemode2.values import (
    result_name,
    stimulation_error_name,
    stimulation_mode_name,
)

POLL_NS = 700_000_000
"""With the first keep-alive after so long the mode is asked: at least once a second [POLICY]."""
MAX_REFUSED = 10
"""So often may the device call one request damaged or itself busy [POLICY]."""
INCOMPATIBLE = -5
DAMAGED = -1
WRONG_MODE = -3
BUSY = -8
UNKNOWN_COMMAND = -128
"""Stands for the answer UnknownCommand, which has no result; no code of the wire."""
EMERGENCY = -1
_WATCHDOG_NS = WATCHDOG_US * 1_000
# What a MOTOmed trainer on the same device says by itself [DOC]; nothing of it is ours.
_TRAINER = frozenset({58, 60, 89, 90})


def _result_name(result: int) -> str:
    return "unknown command" if result == UNKNOWN_COMMAND else result_name(result)


RULES = Rules(
    calls=CALLS,
    wire=Wire(FrameDecoder, encode_frame, HIGHEST_PACKET_NUMBER, sm2.UnknownCmd.command),
    results=Results(
        read=signed,
        name=_result_name,
        damaged=DAMAGED,
        again=frozenset({DAMAGED, BUSY}),  # not executed: even a list may be initialised once more
        again_max=MAX_REFUSED,
        unknown=UNKNOWN_COMMAND,
        wrong_mode=WRONG_MODE,
        wrong_mode_text="in another mode: {}",
    ),
    apply_command=sm2.StartChannelListMode.command,
    unknown=State.UNKNOWN,
    output=State.RUNNING,
    stopping=State.STOPPING,
    latched=State.LATCHED,
    working=WORKING,
    quiet=frozenset({State.UNKNOWN, State.CLEARING}),
    silence_ends=State.CLEARING,
)
Answer = exchange_rules.Answer[ChannelOutput]
Request = PendingRequest[ChannelOutput]


class Stopping(StopRounds):
    """One stop, from the first frame to verified zero.

    A round is StopChannelListMode until it is acknowledged, then GetStimulationMode, whose answer
    "nothing initialised" ends the stop; any other begins again.
    """

    __slots__ = ("acked", "disconnected")

    def __init__(self, now_ns: int) -> None:
        super().__init__(now_ns)
        self.acked = False
        self.disconnected = False  # it said Init: connection and output had ended by themselves

    def round(self, now_ns: int) -> int:
        """The command that must go out now."""
        self.begin_round(now_ns)
        if self.acked:
            return sm2.GetStimulationMode.command
        return sm2.StopChannelListMode.command


class RehaStim2Link(Exchange[ChannelOutput, State]):
    """The state of one connection.

    `unmet`: the packet number of the last Init, until the device shows that it is connected.
    """

    __slots__ = ("fed_ns", "polled_ns", "setup", "unmet", "version")

    stopping: Stopping | None

    def __init__(self) -> None:
        one_source = REHASTIM2_SHEET.bounds.multiplexed
        check = OutputCheck(one_source=one_source, keeps_phase=True)
        super().__init__(RULES, check, NOTHING, OFF)
        self.setup: Setup | None = None
        self.unmet: int | None = None
        self.version: int | None = None
        self.fed_ns = 0  # when something was last sent to a connected device
        self.polled_ns: int | None = None  # when the mode was last asked; None = at once

    # Sending

    def make(self, outputs: Mapping[int, ChannelOutput], asked_us: Mapping[int, int]) -> Frame:
        """A StartChannelListMode."""
        assert self.setup is not None
        return make_frame(self.setup, outputs, asked_us)

    def send(self, now_ns: int, request: Request, *, after_break: bool = False) -> None:
        """Send a request, which becomes the one in flight."""
        self.fed_ns = now_ns
        super().send(now_ns, request, after_break=after_break)

    def resend(self, now_ns: int, request: Request) -> None:
        """The request in flight was not answered; a list is initialised again after a stop only."""
        if request.command == sm2.InitChannelListMode.command:
            self.clear_list(now_ns)
        else:
            self.send_again(now_ns, request)

    def set_up(self, now_ns: int) -> None:
        """Initialise the list that is wanted."""
        assert self.setup is not None
        self.state = State.SETTING_UP
        self.check.rhythm_begins(now_ns)
        self.polled_ns = None  # the first keep-alive shows that the list runs
        command = sm2.InitChannelListMode.command
        self.ask(now_ns, Doing.START, command, self.setup.payload)

    def start_empty(self, now_ns: int) -> None:
        """Start the list without current."""
        assert self.setup is not None
        self.send_lower(now_ns, frame_for(self.setup, {}), after_break=False)

    def clear_list(self, now_ns: int) -> None:
        """Whether the list was initialised is not known: end it, then initialise it again."""
        command = sm2.StopChannelListMode.command
        self.ask(now_ns, Doing.START, command, after_break=True)

    def feed(self, now_ns: int) -> None:
        """The keep-alive of a device that is connected and idle."""
        self.line.send_unanswered(sm2.Watchdog.command)
        self.fed_ns = now_ns
        if self.flight is None and self.poll_due(now_ns):
            self.ask_mode(now_ns)

    def refresh(self, now_ns: int) -> None:
        """The keep-alive of a device that stimulates: what is in force, said once more.

        What is in flight is sent until it is answered, which is as good.
        """
        if self.flight is None:
            self.send_lower(
                now_ns, self.possible[-1], Doing.KEEP_ALIVE, ticket=None, after_break=False
            )

    def poll_due(self, now_ns: int) -> bool:
        """Whether it is time to ask for the mode."""
        return self.polled_ns is None or now_ns - self.polled_ns >= POLL_NS

    def ask_mode(self, now_ns: int, doing: Doing = Doing.KEEP_ALIVE) -> None:
        """GetStimulationMode."""
        self.polled_ns = now_ns
        self.ask(now_ns, doing, sm2.GetStimulationMode.command)

    # From state to state

    def find(self, now_ns: int) -> None:
        """Connect. A stop and no more is said before the device has said Init or answered it."""
        self.drop_requests()
        self.line.restart()
        self.unmet = None
        self.version = None
        self.connect_ns = now_ns
        self.begin_stop(now_ns, State.CLEARING)

    def begin_stop(self, now_ns: int, state: State) -> None:
        """Stop until zero is verified; `state` says what for."""
        self.drop_requests()
        self.stopping = Stopping(now_ns)
        self.state = state
        self.send_round(now_ns)

    def send_round(self, now_ns: int) -> None:
        """One round of the stop, at once and over everything that was not handed out.

        To a device that says Init the answer goes first, because it answers nothing else before.
        """
        if self.stopping is None:
            return
        greeting = b""
        if self.unmet is not None:
            fits = self.version == sm2.PROTOCOL_VERSION
            answer = sm2.InitAck(SUCCESS if fits else INCOMPATIBLE)
            greeting = encode_frame(self.unmet, answer.command, answer.pack())
        self.fed_ns = now_ns
        command = self.stopping.round(now_ns)
        self.line.send_urgent(now_ns, (command,), self.stopping, first=greeting)

    def _zero(self, now_ns: int, done: Stopping) -> None:
        """Zero was verified: the stop is over."""
        self.at_zero(now_ns)
        self.setup = None
        connecting = self.state is State.CLEARING
        self.state = State.ZERO
        if connecting:
            version = "" if self.version is None else str(self.version)
            self.events.append(Identified(FAMILY, "", "", version, ""))
        # Before Ready nothing was connected that could have been lost.
        lost = done.disconnected and not connecting
        self.events.append(ZeroVerified(now_ns - done.started_ns, done.rounds, lost, lost))
        if connecting:
            self.events.append(Ready())

    def drop_requests(self) -> None:
        """Nothing is awaited, and nothing waits."""
        super().drop_requests()
        self.polled_ns = None

    # What the device says

    def take(self, now_ns: int, frame: RawFrame) -> None:
        """Let one sound frame from the device have its effect."""
        if frame.command not in _TRAINER:
            super().take(now_ns, frame)

    def unasked(self, now_ns: int, frame: RawFrame) -> bool:
        """Init, where the device is not connected, and what it reports of its stimulation."""
        if frame.command == sm2.Init.command:
            self.line.heard(now_ns)
            self._heard_init(now_ns, frame.packet_number, frame.data[0])
        elif frame.command == sm2.StimulationError.command:
            self.line.heard(now_ns)
            error = signed(frame.data[0])
            name = stimulation_error_name(error)
            stopped = error == EMERGENCY
            self.fault(StoppedAtDevice(name) if stopped else DeviceError(name, error))
        else:
            return False
        return True

    def _heard_init(self, now_ns: int, packet_number: int, version: int) -> None:
        """The device is not connected: it was switched on, or has dropped the connection."""
        self.unmet, self.version = packet_number, version
        if self.stopping is not None:
            self.stopping.acked = False
            self.stopping.disconnected = True
            self.send_round(now_ns)
        elif self.state is State.ZERO and now_ns - self.fed_ns >= _WATCHDOG_NS:
            self.state = State.DROPPED  # nothing was sent to it at zero: this is what follows
        elif self.state in WORKING:
            found = "no longer connected: it has stopped and starts over"
            wanted = frozenset(self.possible[-1].outputs)
            self.fault(UnexpectedState("connected", found, wanted, frozenset()))

    def identified(self, now_ns: int, sent: Transmission, result: int) -> None:
        """An answer to something we sent: only a connected device answers."""
        if result == BUSY:
            sent.answered = False  # where the line doubled a command, the answer to it still comes
        self.line.heard(now_ns)
        self.unmet = None

    def refusal_counts(self, _sent: Transmission) -> bool:
        """While the list runs it does."""
        return self.state is State.RUNNING

    def accepted(self, answer: Answer) -> None:
        """What follows an answer with result 0."""
        _ACCEPTED[answer.request.command](self, answer)

    def mode_read(self, answer: Answer) -> None:
        """GetStimulationMode."""
        mode = sm2.GetStimulationModeAck.unpack(answer.data).mode
        expected = EXPECTED_MODES.get(self.state, frozenset())
        if mode not in expected:
            words = " or ".join(stimulation_mode_name(code) for code in sorted(expected))
            found = "no mode" if mode is None else stimulation_mode_name(mode)
            self.events.append(UnexpectedState(words, found, None, None if mode else frozenset()))
            self.latch()
            return
        active = frozenset(self.possible[-1].outputs) if mode else frozenset()
        self.events.append(answer.acked())
        self.events.append(StatusRead(active, latency_ns=answer.latency_ns))
        self.answered(answer.now_ns)

    def initialised(self, answer: Answer) -> None:
        """The list is there."""
        sm2.InitChannelListModeAck.unpack(answer.data)
        self.state = State.LISTED
        self.done(answer)
        if self.flight is None:  # what was to be sent has become too old meanwhile
            self.start_empty(answer.now_ns)

    def list_cleared(self, answer: Answer) -> None:
        """It is certain that there is no list."""
        sm2.StopChannelListModeAck.unpack(answer.data)
        self.set_up(answer.now_ns)

    def started(self, answer: Answer) -> None:
        """These values are in force."""
        sm2.StartChannelListModeAck.unpack(answer.data)
        self.state = State.RUNNING
        self.in_force(answer)
        self.done(answer)
        polls = answer.request.doing is Doing.KEEP_ALIVE
        if polls and self.flight is None and self.poll_due(answer.now_ns):
            self.ask_mode(answer.now_ns)

    def pulsed(self, answer: Answer) -> None:
        """A single pulse was given."""
        sm2.SinglePulseAck.unpack(answer.data)
        self.done(answer)

    def stop_answered(self, now_ns: int, sent: Transmission, result: int, data: bytes) -> None:
        """One answer within a stop. Whatever it is, the stop goes on until zero is verified."""
        stopping = self.stopping
        assert stopping is not None
        asked = sent.command == sm2.GetStimulationMode.command
        if result != SUCCESS:
            doing = Doing.VERIFY if asked else Doing.STOP
            self.events.append(Rejected(doing, _result_name(result), result, None, True))
        elif not asked:
            if not stopping.acked:
                stopping.acked = True
                self.line.send(now_ns, sm2.GetStimulationMode.command, b"", stopping)
        elif stopping.acked:
            if data == bytes((SUCCESS, 0)):
                self._zero(now_ns, stopping)
            else:
                stopping.acked = False


_ACCEPTED: Mapping[int, Callable[[RehaStim2Link, Answer], None]] = MappingProxyType(
    {
        sm2.GetStimulationMode.command: RehaStim2Link.mode_read,
        sm2.InitChannelListMode.command: RehaStim2Link.initialised,
        sm2.StopChannelListMode.command: RehaStim2Link.list_cleared,
        sm2.StartChannelListMode.command: RehaStim2Link.started,
        sm2.SinglePulse.command: RehaStim2Link.pulsed,
    }
)
"""Every request that can be in flight."""
