"""What each frame of a RehaStim2 means: every result of every acknowledgement is looked at here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    AnswerLate,
    DeviceError,
    Doing,
    LineError,
    Rejected,
    StatusRead,
    StoppedAtDevice,
    StrayAnswer,
    UnexpectedState,
)
from stimctl.devices.pairing import Match, Sent
from stimctl.devices.rehastim2.conversation import Conversation
from stimctl.devices.rehastim2.request import LATE_NS, MAX_REFUSED, Request, Stopping
from stimctl.devices.rehastim2.table import EXPECTED_MODES, WORKING, State
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode2 import messages as sm2
from stimctl.wire.sciencemode2.framing import RawFrame, signed
from stimctl.wire.sciencemode2.values import (
    result_name,
    stimulation_error_name,
    stimulation_mode_name,
)

OK = 0
DAMAGED = -1
WRONG_MODE = -3
BUSY = -8
UNKNOWN_COMMAND = -128
"""Stands for the answer UnknownCommand, which has no result; no code of the wire."""
EMERGENCY = -1
_AGAIN = frozenset({DAMAGED, BUSY})
_HARMLESS = frozenset({OK, DAMAGED, BUSY})
# What a MOTOmed trainer on the same device says by itself [DOC]; nothing of it is ours.
_TRAINER = frozenset({58, 60, 89, 90})
_QUIET = frozenset({State.UNKNOWN, State.CLEARING})
"""Before zero is verified, stray answers are left over from whoever had the port before."""


def take(talk: Conversation, now_ns: int, frame: RawFrame) -> None:
    """Let one sound frame from the device have its effect."""
    if frame.command in _TRAINER:
        return
    if not frame.data:
        talk.events.append(LineError("content"))
    elif frame.command == sm2.Init.command:
        talk.line.heard(now_ns)
        talk.heard_init(now_ns, frame.packet_number, frame.data[0])
    elif frame.command == sm2.StimulationError.command:
        talk.line.heard(now_ns)
        _stimulation_error(talk, signed(frame.data[0]))
    else:
        _answer(talk, now_ns, frame)


def _stimulation_error(talk: Conversation, error: int) -> None:
    """What the device reports unasked. Whatever it is, nothing goes on without a stop."""
    if error == EMERGENCY:
        talk.events.append(StoppedAtDevice(stimulation_error_name(error)))
    else:
        talk.events.append(DeviceError(stimulation_error_name(error), error))
    if talk.state in WORKING:
        talk.latch()


def _answer(talk: Conversation, now_ns: int, frame: RawFrame) -> None:
    unknown = frame.command == sm2.UnknownCmd.command
    result = UNKNOWN_COMMAND if unknown else signed(frame.data[0])
    match, sent = talk.line.identify(now_ns, frame, talk.stopping or talk.flight)
    if sent is None:
        _stray(talk, frame, result)
        return
    if match is Match.DUPLICATE:
        talk.events.append(LineError("duplicate"))
        return
    if result == BUSY:
        sent.answered = False  # where the line doubled a command, the answer to it still comes
    talk.line.heard(now_ns)
    talk.unmet = None  # only a connected device answers
    _tell_late(talk, now_ns, sent)
    if isinstance(sent.owner, Stopping):
        if match is Match.AWAITED:
            _stop_answered(talk, now_ns, sent.owner, sent, result, frame)
    elif isinstance(sent.owner, Request):
        if match is Match.LATE:
            _late(talk, now_ns, sent.owner, sent, result)
            return
        _awaited(talk, now_ns, sent.owner, sent, result, frame)


def _late(talk: Conversation, now_ns: int, request: Request, sent: Sent, result: int) -> None:
    """The answer to a request that was overtaken."""
    if result == OK and request.doing is Doing.APPLY and request.ticket:
        latency_ns = now_ns - sent.sent_ns
        talk.events.append(AckedOvertaken(request.ticket, latency_ns, request.channels))
    elif result not in _HARMLESS and talk.state is State.RUNNING:
        _refused(talk, request, result)


def _tell_late(talk: Conversation, now_ns: int, sent: Sent) -> None:
    if isinstance(sent.owner, Request) and not sent.late_told:
        waited_ns = now_ns - sent.sent_ns
        if waited_ns > LATE_NS:
            sent.late_told = True
            talk.events.append(AnswerLate(sent.owner.doing, waited_ns))


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


def _text(result: int) -> str:
    return "unknown command" if result == UNKNOWN_COMMAND else result_name(result)


def _rejected(request: Request, result: int, *, retried: bool = False) -> Rejected:
    return Rejected(request.doing, _text(result), result, request.ticket, retried)


def _awaited(
    talk: Conversation, now_ns: int, request: Request, sent: Sent, result: int, frame: RawFrame
) -> None:
    if result == OK:
        latency_ns = now_ns - sent.sent_ns
        try:
            _ACCEPTED[request.command](talk, Answer(now_ns, request, latency_ns, frame.data))
        except WireFormatError:
            sent.answered = False
            talk.events.append(LineError("content"))
        return
    # Neither was executed, so that even a list may be initialised once more; a pulse is too late.
    if result in _AGAIN and request.doing is not Doing.PULSE and request.refused < MAX_REFUSED:
        request.refused += 1
        if result == DAMAGED:
            talk.events.append(LineError("transfer"))
        talk.events.append(_rejected(request, result, retried=True))
        talk.send_again(now_ns, request)
    else:
        _refused(talk, request, result)


def _refused(talk: Conversation, request: Request, result: int) -> None:
    """The device did not do what it was asked to: what it does now is not what was asked."""
    talk.events.append(_rejected(request, result))
    if result == WRONG_MODE:
        expected = f"{talk.state}: {request.doing} possible"
        talk.events.append(UnexpectedState(expected, f"in another mode: {_text(result)}"))
    talk.latch()


# Accepted requests


class Answer(NamedTuple):
    """An awaited answer: when it came, to what, after how long, and its data."""

    now_ns: int
    request: Request
    latency_ns: int
    data: bytes


def _acked(answer: Answer) -> Acked:
    request = answer.request
    if request.doing is Doing.KEEP_ALIVE:
        return Acked(Doing.KEEP_ALIVE, answer.latency_ns)
    return Acked(request.doing, answer.latency_ns, request.ticket, request.channels)


def _mode_read(talk: Conversation, answer: Answer) -> None:
    mode = sm2.GetStimulationModeAck.unpack(answer.data).mode
    expected = EXPECTED_MODES.get(talk.state, frozenset())
    if mode not in expected:
        words = " or ".join(stimulation_mode_name(code) for code in sorted(expected))
        found = "no mode" if mode is None else stimulation_mode_name(mode)
        talk.events.append(UnexpectedState(words, found, None, None if mode else frozenset()))
        talk.latch()
        return
    active = frozenset(talk.possible[-1].forms) if mode else frozenset()
    talk.events.append(_acked(answer))
    talk.events.append(StatusRead(active, latency_ns=answer.latency_ns))
    talk.answered(answer.now_ns)


def _initialised(talk: Conversation, answer: Answer) -> None:
    sm2.InitChannelListModeAck.unpack(answer.data)
    talk.state = State.LISTED
    talk.events.append(Acked(answer.request.doing, answer.latency_ns))
    talk.answered(answer.now_ns)
    if talk.flight is None:  # what was to be sent has become too old meanwhile
        talk.start_empty(answer.now_ns)


def _list_cleared(talk: Conversation, answer: Answer) -> None:
    sm2.StopChannelListModeAck.unpack(answer.data)
    talk.set_up(answer.now_ns)


def _started(talk: Conversation, answer: Answer) -> None:
    sm2.StartChannelListModeAck.unpack(answer.data)
    talk.state = State.RUNNING
    if answer.request.order is not None:
        talk.possible = [answer.request.order]
        talk.check.settled(answer.now_ns, answer.latency_ns, answer.request.order.units)
    talk.events.append(_acked(answer))
    talk.answered(answer.now_ns, poll=answer.request.doing is Doing.KEEP_ALIVE)


def _pulsed(talk: Conversation, answer: Answer) -> None:
    sm2.SinglePulseAck.unpack(answer.data)
    talk.events.append(_acked(answer))
    talk.answered(answer.now_ns)


_Handler = Callable[[Conversation, Answer], None]
_ACCEPTED: Mapping[int, _Handler] = MappingProxyType(
    {
        sm2.GetStimulationMode.command: _mode_read,
        sm2.InitChannelListMode.command: _initialised,
        sm2.StopChannelListMode.command: _list_cleared,
        sm2.StartChannelListMode.command: _started,
        sm2.SinglePulse.command: _pulsed,
    }
)
"""Every request that can be in flight."""


def _stop_answered(
    talk: Conversation, now_ns: int, stopping: Stopping, sent: Sent, result: int, frame: RawFrame
) -> None:
    """One answer within a stop. Whatever it is, the stop goes on until zero is verified."""
    if result != OK:
        asking = sent.command == sm2.GetStimulationMode.command
        doing = Doing.VERIFY if asking else Doing.STOP
        talk.events.append(Rejected(doing, _text(result), result, None, True))
    elif sent.command == sm2.StopChannelListMode.command:
        if not stopping.acked:
            stopping.acked = True
            talk.line.send(now_ns, sm2.GetStimulationMode.command, b"", stopping)
    elif stopping.acked:
        if frame.data == bytes((OK, 0)):
            talk.zero(now_ns)
        else:
            stopping.acked = False
