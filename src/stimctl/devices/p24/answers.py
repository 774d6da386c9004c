"""What each answer of a P24 means: every result of every acknowledgement is looked at here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stimctl.devices.events import (
    Acked,
    AnswerLate,
    DeviceError,
    Doing,
    Identified,
    LineError,
    Ready,
    Rejected,
    StatusRead,
    StrayAnswer,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.devices.p24.conversation import Conversation
from stimctl.devices.p24.line import UNKNOWN_CMD
from stimctl.devices.p24.pairing import Match, Sent
from stimctl.devices.p24.request import MAX_DAMAGED, Request
from stimctl.devices.p24.sheet import FAMILY
from stimctl.devices.p24.stopping import STOPPED, Stopping, levels_of_status
from stimctl.devices.p24.table import EXPECTED_STATUS, WORKING, State
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4 import messages as sm4
from stimctl.wire.sciencemode4.framing import RawFrame
from stimctl.wire.sciencemode4.values import (
    channel_state_name,
    result_name,
    stim_status_name,
)

SUCCESS = 0
DAMAGED = 1  # transfer error: the device received a frame with a wrong check or length
NOT_INITIALIZED = 7
INVALID_COMMAND = 11
_HARMLESS = frozenset({SUCCESS, DAMAGED})

# Which requests still tell something when they are answered too late to be awaited.
_OF_LEVEL: Mapping[State, frozenset[int]] = MappingProxyType(
    {
        State.MID: frozenset(
            {sm4.MlInit.command, sm4.MlUpdate.command, sm4.MlGetCurrentData.command}
        ),
        State.LOW: frozenset({sm4.LlInit.command, sm4.LlChannelConfig.command}),
    }
)
_QUIET = frozenset({State.UNKNOWN, State.FINDING})
"""Before the first answer, stray ones are left over from whoever had the port before."""


def take(talk: Conversation, now_ns: int, frame: RawFrame) -> None:
    """Let one sound frame from the device have its effect."""
    if not frame.data:
        talk.events.append(LineError("content"))
        return
    if frame.command == sm4.GeneralError.command:
        _general_error(talk, now_ns, frame.data[0])
        return
    result = INVALID_COMMAND if frame.command == UNKNOWN_CMD else frame.data[0]
    match, sent = talk.line.identify(now_ns, frame, talk.stopping or talk.flight)
    if sent is None:
        _stray(talk, frame, result)
    elif match is Match.DUPLICATE:
        talk.events.append(LineError("duplicate"))
    else:
        _tell_late(talk, now_ns, sent)
        if match is Match.LATE:
            talk.line.heard(now_ns)
            _late(talk, sent, result)
            return
        try:
            _awaited(talk, now_ns, sent, result, frame)
        except WireFormatError:
            sent.answered = False
            talk.events.append(LineError("content"))


def _tell_late(talk: Conversation, now_ns: int, sent: Sent) -> None:
    owner = sent.owner
    if isinstance(owner, Request) and not sent.late_told:
        waited_ns = now_ns - sent.sent_ns
        if waited_ns > owner.late_after_ns:
            sent.late_told = True
            talk.events.append(AnswerLate(owner.doing, waited_ns))


def _general_error(talk: Conversation, now_ns: int, result: int) -> None:
    """The one thing a P24 says unasked. A damaged frame of ours is sent again by its timer."""
    talk.line.heard(now_ns)
    if result == DAMAGED:
        talk.events.append(LineError("transfer"))
        return
    talk.events.append(DeviceError(result_name(result), result))
    if talk.state in WORKING:
        talk.latch()


def _stray(talk: Conversation, frame: RawFrame, result: int) -> None:
    """An answer to nothing we asked. The prefix in a report of damage is damaged itself."""
    if talk.state in _QUIET:
        return
    if result == DAMAGED:
        talk.events.append(LineError("transfer"))
        return
    talk.events.append(StrayAnswer(frame.command, frame.packet_number))
    if talk.state in WORKING:
        talk.latch()


def _late(talk: Conversation, sent: Sent, result: int) -> None:
    """The answer to a request that was overtaken: only a refusal by the present level is news."""
    owner = sent.owner
    if (
        result in _HARMLESS
        or sent.sent_ns < talk.level_ns
        or sent.command not in _OF_LEVEL.get(talk.state, ())
        or not isinstance(owner, Request)
    ):
        return
    _refused(talk, owner, result)


def _awaited(talk: Conversation, now_ns: int, sent: Sent, result: int, frame: RawFrame) -> None:
    """An answer that is waited for. Raises WireFormatError where its content is too short."""
    if isinstance(sent.owner, Stopping):
        _stop_answered(talk, now_ns, sent.owner, sent, result, frame)
    elif isinstance(sent.owner, Request):
        request = sent.owner
        if result == SUCCESS:
            _SUCCESS[sent.command](talk, now_ns, request, sent, frame.data)
            return
        talk.line.heard(now_ns)
        if result == DAMAGED and request.repeatable and request.damaged < MAX_DAMAGED:
            request.damaged += 1
            talk.events.append(LineError("transfer"))
            talk.events.append(_rejected(request, result, retried=True))
            talk.send_again(now_ns, request)
        else:
            _refused(talk, request, result)


def _rejected(request: Request, result: int, *, retried: bool = False) -> Rejected:
    return Rejected(request.doing, result_name(result), result, request.ticket, retried)


def _refused(talk: Conversation, request: Request, result: int) -> None:
    """The device did not do what it was asked to: what it does now is not what was asked."""
    talk.events.append(_rejected(request, result))
    if result == NOT_INITIALIZED:
        expected = f"{talk.state}: {request.doing} possible"
        talk.events.append(UnexpectedState(expected, f"{result_name(result)}: reset or taken over"))
    talk.latch()


def _stop_answered(
    talk: Conversation, now_ns: int, stopping: Stopping, sent: Sent, result: int, frame: RawFrame
) -> None:
    """One answer within a stop. Whatever it is, the stop goes on until zero is verified."""
    if sent.command == sm4.GetStimStatus.command:
        status = sm4.GetStimStatusAck.unpack(frame.data).stim_status if result == SUCCESS else None
        talk.line.heard(now_ns)
        if status is None:
            talk.events.append(Rejected(Doing.VERIFY, result_name(result), result, None, True))
            return
        stopping.status_answered(status)
        if stopping.verified:
            _zero(talk, now_ns)
        return
    talk.line.heard(now_ns)
    if result not in STOPPED:
        talk.events.append(Rejected(Doing.STOP, result_name(result), result, None, True))
    # Unknown_cmd and result 7 are told apart by the result, so that only 0 and 7 acknowledge.
    if stopping.stop_answered(sent.command, result):
        talk.line.send(now_ns, sm4.GetStimStatus.command, b"", stopping)


def _zero(talk: Conversation, now_ns: int) -> None:
    told = talk.state is State.STOPPING
    done = talk.zero(now_ns)
    if told and done is not None:
        talk.events.append(ZeroVerified(now_ns - done.started_ns, done.rounds))


# Answers with result 0 to the request in flight. A WireFormatError leaves it in flight.


def _status(talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes) -> None:
    status = sm4.GetStimStatusAck.unpack(data).stim_status
    talk.line.heard(now_ns)
    if talk.state is State.FINDING:
        talk.flight = None
        if status == 0:
            talk.name(now_ns)
        else:
            talk.begin_stop(now_ns, State.CLEARING, levels_of_status(status))
        return
    expected = EXPECTED_STATUS.get(talk.state, frozenset())
    if status not in expected:
        words = " or ".join(stim_status_name(code) for code in sorted(expected))
        talk.events.append(UnexpectedState(words, stim_status_name(status)))
        talk.latch()
    elif talk.state is State.NAMING:
        _ready(talk, now_ns)
    else:
        latency_ns = now_ns - sent.sent_ns
        talk.events.append(Acked(request.doing, latency_ns))
        if talk.state is not State.MID:  # no train can run: the state is the whole truth
            talk.events.append(StatusRead(frozenset(), latency_ns=latency_ns))
        talk.answered(now_ns)


def _ready(talk: Conversation, now_ns: int) -> None:
    talk.flight = None
    talk.identified = True
    talk.zero(now_ns)
    talk.events.append(ZeroVerified(now_ns - talk.connect_ns, talk.rounds))
    talk.events.append(Ready())


def _device_id(talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes) -> None:
    talk.serial = sm4.GetDeviceIdAck.unpack(data).device_id
    talk.line.heard(now_ns)
    talk.send(now_ns, Request(Doing.IDENTIFY, sm4.GetExtendedVersion.command, now_ns))


def _version(talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes) -> None:
    message = sm4.GetExtendedVersionAck.unpack(data)
    talk.line.heard(now_ns)
    hashed = f"{message.fw_hash:08x}" if message.hash_valid == 1 else ""
    talk.events.append(
        Identified(FAMILY, talk.serial, str(message.fw), str(message.sciencemode), hashed)
    )
    talk.ask_status(now_ns, Doing.VERIFY)


def _initialised(
    talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes
) -> None:
    talk.line.heard(now_ns)
    talk.state = State.MID if talk.state is State.MID_INIT else State.LOW
    talk.level_ns = sent.sent_ns
    talk.events.append(Acked(Doing.START, now_ns - sent.sent_ns))
    talk.answered(now_ns)


def _applied(talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes) -> None:
    talk.line.heard(now_ns)
    if request.trains is not None:
        talk.possible = [request.trains]
    latency_ns = now_ns - sent.sent_ns
    talk.events.append(Acked(Doing.APPLY, latency_ns, request.ticket, request.channels))
    talk.answered(now_ns)


def _pulsed(talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes) -> None:
    sm4.LlChannelConfigAck.unpack(data)
    talk.line.heard(now_ns)
    latency_ns = now_ns - sent.sent_ns
    talk.events.append(Acked(Doing.PULSE, latency_ns, request.ticket, request.channels))
    talk.answered(now_ns)


def _trains_read(
    talk: Conversation, now_ns: int, request: Request, sent: Sent, data: bytes
) -> None:
    message = sm4.MlGetCurrentDataAck.unpack(data)
    if not message.active:
        raise WireFormatError("an answer in another form than the one asked for")
    talk.line.heard(now_ns)
    latency_ns = now_ns - sent.sent_ns
    active = frozenset(channel for channel, on in enumerate(message.active, 1) if on)
    errors = {
        channel: channel_state_name(code)
        for channel, code in enumerate(message.channel_state, 1)
        if code
    }
    talk.events.append(Acked(Doing.KEEP_ALIVE, latency_ns))
    talk.events.append(StatusRead(active, MappingProxyType(errors), latency_ns))
    if errors:
        _channel_errors(talk, message.channel_state)
        talk.latch()
    elif not any(active == trains.forms.keys() for trains in talk.possible):
        wanted = frozenset(talk.possible[-1].forms)
        talk.events.append(UnexpectedState(_channels(wanted), _channels(active), wanted, active))
        talk.latch()
    else:
        talk.answered(now_ns)


def _channels(channels: frozenset[int]) -> str:
    if not channels:
        return "no channel running"
    return "running: channel " + ", ".join(str(channel) for channel in sorted(channels))


def _channel_errors(talk: Conversation, states: tuple[int, ...]) -> None:
    for code in sorted(set(states) - {0}):
        channels = frozenset(channel for channel, state in enumerate(states, 1) if state == code)
        talk.events.append(DeviceError(channel_state_name(code), code, channels))


_Handler = Callable[[Conversation, int, Request, Sent, bytes], None]
_SUCCESS: Mapping[int, _Handler] = MappingProxyType(
    {
        sm4.GetStimStatus.command: _status,
        sm4.GetDeviceId.command: _device_id,
        sm4.GetExtendedVersion.command: _version,
        sm4.MlInit.command: _initialised,
        sm4.LlInit.command: _initialised,
        sm4.MlUpdate.command: _applied,
        sm4.LlChannelConfig.command: _pulsed,
        sm4.MlGetCurrentData.command: _trains_read,
    }
)
"""Every request that can be in flight."""
