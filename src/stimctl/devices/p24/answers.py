"""What each answer of a P24 means: every result of every acknowledgement is looked at here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.events import (
    AckedOvertaken,
    AnswerLate,
    DeviceError,
    Doing,
    LineError,
    Rejected,
    StrayAnswer,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.devices.p24.conversation import Conversation
from stimctl.devices.p24.dialect import Answer
from stimctl.devices.p24.line import UNKNOWN_CMD
from stimctl.devices.p24.request import MAX_DAMAGED, Request
from stimctl.devices.p24.stopping import STOPPED, Stopping
from stimctl.devices.p24.table import WORKING, State
from stimctl.devices.pairing import Match, Sent
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4 import messages as sm4
from stimctl.wire.sciencemode4.framing import RawFrame
from stimctl.wire.sciencemode4.values import (
    result_name,
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
            _late(talk, now_ns, sent, result)
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


def _late(talk: Conversation, now_ns: int, sent: Sent, result: int) -> None:
    """The answer to a request that was overtaken: news are that it was in force meanwhile, and a
    refusal by the present level."""
    owner = sent.owner
    if result == SUCCESS and isinstance(owner, Request) and owner.ticket and owner.trains:
        latency_ns = now_ns - sent.sent_ns
        talk.events.append(AckedOvertaken(owner.ticket, latency_ns, owner.channels))
        return
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
            talk.dialect.accepted[sent.command](talk, Answer(now_ns, request, sent, frame.data))
            return
        talk.line.heard(now_ns)
        if result == DAMAGED and request.repeatable and request.refused < MAX_DAMAGED:
            request.refused += 1
            talk.events.append(LineError("transfer"))
            talk.events.append(_rejected(request, result, retried=True))
            talk.send_again(now_ns, request)
        elif result == INVALID_COMMAND and sent.command in talk.dialect.unknown:
            talk.dialect.unknown[sent.command](talk, now_ns)
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
        latency_ns = now_ns - done.started_ns
        talk.events.append(ZeroVerified(latency_ns, done.rounds, done.found_off, done.reset_seen))
