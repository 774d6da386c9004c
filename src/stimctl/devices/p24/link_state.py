"""The state of an exchange with a P24 or a RehaMove3: its levels, its stops, what it says.

Every result of every acknowledgement is looked at here and in `stimctl.devices.exchange`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stimctl.devices import exchange_rules
from stimctl.devices.events import DeviceError, Doing, LineError, Rejected, ZeroVerified
from stimctl.devices.exchange import Exchange
from stimctl.devices.exchange_rules import SUCCESS, Results, Rules
from stimctl.devices.framed_line import Wire
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.p24.output import ALL_OFF, ChannelOutput, Frame, Model, OutputEncoder
from stimctl.devices.p24.stopping import STOPPED, Stopping
from stimctl.devices.p24.table import CALLS, WORKING, State
from stimctl.devices.pairing import Transmission
from stimctl.devices.pending_request import LATE_NS, PendingRequest
from stimctl.devices.sheet import CapabilitySheet
from stimctl.wire.sciencemode4 import messages as sm4
from stimctl.wire.sciencemode4.framing import (
    HIGHEST_PACKET_NUMBER,
    FrameDecoder,
    RawFrame,
    encode_frame,
)
from stimctl.wire.sciencemode4.values import result_name

Answer = exchange_rules.Answer[ChannelOutput]
Request = PendingRequest[ChannelOutput]
Handler = Callable[["ScienceModeLink", Answer], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The payloads that are always the same, and what answers mean.

    `accepted`: by command, what follows an answer with result 0; a handler that raises
    WireFormatError has changed nothing. `unknown`: by command, what it means that the device does
    not know it (and the time); a question that is not here is one refused. `battery`: the question
    for the battery, asked beside the keep-alive when it is due; None = there is none.
    """

    sheet: CapabilitySheet
    model: Model
    ml_init: bytes
    ll_init: bytes
    ask_trains: bytes
    accepted: Mapping[int, Handler]
    unknown: Mapping[int, Callable[[ScienceModeLink, int], None]]
    battery: int | None = None


DAMAGED = 1  # transfer error: the device received a frame with a wrong check or length
NOT_INITIALIZED = 7
INVALID_COMMAND = 11
MAX_DAMAGED = 5
"""So often may the device call one request damaged before it is given up [POLICY]."""
# Switching the high voltage takes longer by itself and is not counted as late.
_LATE_MID_NS = LATE_NS + 80_000_000
_LATE_LOW_NS = LATE_NS + 40_000_000

RULES = Rules(
    calls=CALLS,
    wire=Wire(FrameDecoder, encode_frame, HIGHEST_PACKET_NUMBER, sm4.UnknownCmd.command),
    results=Results(
        read=int,
        name=result_name,
        damaged=DAMAGED,
        again=frozenset({DAMAGED}),
        again_max=MAX_DAMAGED,
        unknown=INVALID_COMMAND,
        wrong_mode=NOT_INITIALIZED,
        wrong_mode_text="{}: reset or taken over",
    ),
    apply_command=sm4.MlUpdate.command,
    unknown=State.UNKNOWN,
    output=State.MID,
    stopping=State.STOPPING,
    latched=State.LATCHED,
    working=WORKING,
    quiet=frozenset({State.UNKNOWN, State.FINDING}),
)
# Which requests still tell something when they are answered too late to be awaited.
_OF_LEVEL: Mapping[State, frozenset[int]] = MappingProxyType(
    {
        State.MID: frozenset(
            {sm4.MlInit.command, sm4.MlUpdate.command, sm4.MlGetCurrentData.command}
        ),
        State.LOW: frozenset({sm4.LlInit.command, sm4.LlChannelConfig.command}),
    }
)


class ScienceModeLink(Exchange[ChannelOutput, State]):
    """The state of one connection."""

    __slots__ = ("battery_due_ns", "dialect", "encoder", "level_ns", "named", "rounds",
                 "serial", "status_wanted", "versions")  # fmt: skip

    stopping: Stopping | None

    def __init__(self, dialect: Dialect) -> None:
        check = OutputCheck(one_source=dialect.sheet.bounds.multiplexed)
        super().__init__(RULES, check, ALL_OFF)
        self.dialect = dialect
        self.encoder = OutputEncoder(dialect.model)
        self.battery_due_ns: int | None = None  # when the battery is to be asked again
        self.versions = ("", "")
        self.status_wanted = False
        self.named = False
        self.serial = ""
        self.rounds = 0
        self.level_ns = 0  # since when the present level is believed to be initialised

    # Sending

    def make(self, outputs: Mapping[int, ChannelOutput], asked_us: Mapping[int, int]) -> Frame:
        """An Ml_update."""
        return self.encoder.make(outputs, asked_us)

    def send(self, now_ns: int, request: Request, *, after_break: bool = False) -> None:
        """Send a request, which becomes the one in flight."""
        overtaken = self.flight if self.flight is not request else None
        if overtaken is not None and overtaken.doing is Doing.KEEP_ALIVE:
            self.status_wanted = True  # it was not answered: ask again
        super().send(now_ns, request, after_break=after_break)

    def ask_status(self, now_ns: int, doing: Doing) -> None:
        """Get_stim_status: works in every state and does not feed the watchdog."""
        self.ask(now_ns, doing, sm4.GetStimStatus.command)

    def ask_trains(self, now_ns: int) -> None:
        """Ml_get_current_data: the keep-alive. After the request in flight, if there is one."""
        if self.flight is None:
            command = sm4.MlGetCurrentData.command
            self.ask(now_ns, Doing.KEEP_ALIVE, command, self.dialect.ask_trains)
        elif self.flight.doing is not Doing.KEEP_ALIVE:
            self.status_wanted = True

    def ask_battery(self, now_ns: int) -> bool:
        """Ask the battery if that is due; it does not feed the watchdog."""
        command, due_ns = self.dialect.battery, self.battery_due_ns
        if command is None or due_ns is None or now_ns < due_ns:
            return False
        self.ask(now_ns, Doing.KEEP_ALIVE, command)
        return True

    def answered(self, now_ns: int) -> None:
        """The request in flight is done with: send what comes next."""
        keeping_alive = self.flight is not None and self.flight.doing is Doing.KEEP_ALIVE
        self.flight = None
        self.line.nothing_due()
        if self.status_wanted and self.state is State.MID:
            self.status_wanted = False
            self.ask_trains(now_ns)
        elif self.waiting is None and keeping_alive and self.ask_battery(now_ns):
            return
        elif self.state in (State.MID, State.LOW):
            self.send_waiting(now_ns)

    # From state to state

    def find(self, now_ns: int) -> None:
        """Begin to connect: forget everything, ask what is initialised."""
        self.drop_requests()
        self.stopping = None
        self.line.restart()
        self.named = False
        self.possible = [ALL_OFF]
        self.connect_ns = now_ns
        self.rounds = 0
        self.state = State.FINDING
        self.ask(now_ns, Doing.CONNECT, sm4.GetStimStatus.command, after_break=True)

    def name(self, now_ns: int) -> None:
        """Go on connecting: ask for the device's names."""
        self.state = State.NAMING
        self.ask(now_ns, Doing.IDENTIFY, sm4.GetDeviceId.command)

    def init_mid(self, now_ns: int) -> None:
        """Bring up the mid level."""
        self.state = State.MID_INIT
        self._init(now_ns, sm4.MlInit.command, self.dialect.ml_init, _LATE_MID_NS)

    def init_low(self, now_ns: int) -> None:
        """Bring up the low level."""
        self.state = State.LOW_INIT
        self._init(now_ns, sm4.LlInit.command, self.dialect.ll_init, _LATE_LOW_NS)

    def _init(self, now_ns: int, command: int, payload: bytes, late_ns: int) -> None:
        self.ask(now_ns, Doing.START, command, payload, late_after_ns=late_ns)

    def begin_stop(self, now_ns: int, state: State, levels: tuple[int, ...]) -> None:
        """Stop these levels until zero is verified; `state` says what for."""
        confirmed = self.state in (State.MID, State.LOW)
        self.flight = None
        self.status_wanted = False
        self.stopping = Stopping(levels, now_ns, confirmed=confirmed)
        self.state = state
        self.send_round(now_ns)

    def send_round(self, now_ns: int) -> None:
        """Send the stop, at once and over everything that was not handed out."""
        if self.stopping is not None:
            self.line.send_urgent(now_ns, self.stopping.round(now_ns), self.stopping)

    def zero(self, now_ns: int) -> Stopping | None:
        """Zero was verified: the stop is over, no train can be in force. Returns the stop."""
        done = self.stopping
        self.at_zero(now_ns)
        if done is not None:
            self.rounds += done.rounds
        if self.state is State.CLEARING:
            self.name(now_ns)
        elif self.state is State.TO_MID and self.waiting is not None:
            self.init_mid(now_ns)
        elif self.state is State.TO_LOW and self.waiting is not None:
            self.init_low(now_ns)
        else:
            self.state = State.ZERO if self.named else State.UNKNOWN
        return done

    def drop_requests(self) -> None:
        """Nothing is awaited, and nothing waits."""
        super().drop_requests()
        self.status_wanted = False

    # What the device says

    def unasked(self, now_ns: int, frame: RawFrame) -> bool:
        """The one thing it says unasked. A damaged frame of ours is sent again by its timer."""
        if frame.command != sm4.GeneralError.command:
            return False
        self.line.heard(now_ns)
        result = frame.data[0]
        if result == DAMAGED:
            self.events.append(LineError("transfer"))
        else:
            self.fault(DeviceError(result_name(result), result))
        return True

    def accepted(self, answer: Answer) -> None:
        """What follows an answer with result 0."""
        self.dialect.accepted[answer.sent.command](self, answer)

    def unknown_command(self, now_ns: int, command: int) -> bool:
        """A question that tells one ScienceMode from another."""
        meaning = self.dialect.unknown.get(command)
        if meaning is None:
            return False
        meaning(self, now_ns)
        return True

    def refusal_counts(self, sent: Transmission) -> bool:
        """A refusal by the present level does."""
        of_level = _OF_LEVEL.get(self.state, frozenset())
        return sent.sent_ns >= self.level_ns and sent.command in of_level

    def stop_answered(self, now_ns: int, sent: Transmission, result: int, data: bytes) -> None:
        """One answer within a stop. Whatever it is, the stop goes on until zero is verified."""
        stopping = self.stopping
        assert stopping is not None
        asked = sent.command == sm4.GetStimStatus.command
        if asked and result == SUCCESS:
            stopping.status_answered(sm4.GetStimStatusAck.unpack(data).stim_status)
            if stopping.verified:
                self._stopped(now_ns)
            return
        if asked or result not in STOPPED:
            doing = Doing.VERIFY if asked else Doing.STOP
            self.events.append(Rejected(doing, result_name(result), result, None, True))
        # Unknown_cmd and result 7 are told apart by the result, so that only 0 and 7 acknowledge.
        if not asked and stopping.stop_answered(sent.command, result):
            self.line.send(now_ns, sm4.GetStimStatus.command, b"", stopping)

    def _stopped(self, now_ns: int) -> None:
        told = self.state is State.STOPPING
        done = self.zero(now_ns)
        if told and done is not None:
            latency_ns = now_ns - done.started_ns
            off, reset = done.already_off, done.reset_seen
            self.events.append(ZeroVerified(latency_ns, done.rounds, off, reset))
