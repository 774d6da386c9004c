"""What follows when a P24 did what it was asked: awaited answers with result 0.

A handler that raises WireFormatError has changed nothing: the request stays in flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.events import (
    Acked,
    DeviceError,
    Doing,
    Identified,
    Ready,
    StatusRead,
    UnexpectedState,
    WrongDevice,
    ZeroVerified,
)
from stimctl.devices.p24.conversation import Conversation
from stimctl.devices.p24.dialect import Answer, Dialect, Handler
from stimctl.devices.p24.gate import P24
from stimctl.devices.p24.request import Request
from stimctl.devices.p24.sheet import FAMILY, P24_SHEET, SCIENCEMODE_MAJOR
from stimctl.devices.p24.stopping import levels_of_status
from stimctl.devices.p24.table import EXPECTED_STATUS, State
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4 import messages as sm4
from stimctl.wire.sciencemode4.values import channel_state_name, stim_status_name

_EXPECTED = "a P24 (ScienceMode 4)"


def status_read(talk: Conversation, answer: Answer) -> None:
    """What is initialised."""
    status = sm4.GetStimStatusAck.unpack(answer.data).stim_status
    talk.line.heard(answer.now_ns)
    if talk.state is State.FINDING:
        talk.flight = None
        if status == 0:
            talk.name(answer.now_ns)
        else:
            talk.begin_stop(answer.now_ns, State.CLEARING, levels_of_status(status))
        return
    expected = EXPECTED_STATUS.get(talk.state, frozenset())
    if status not in expected:
        words = " or ".join(stim_status_name(code) for code in sorted(expected))
        talk.events.append(UnexpectedState(words, stim_status_name(status)))
        talk.latch()
    elif talk.state is State.NAMING:
        _ready(talk, answer.now_ns)
    else:
        talk.events.append(Acked(answer.request.doing, answer.latency_ns))
        if talk.state is not State.MID:  # no train can run: the state is the whole truth
            talk.events.append(StatusRead(frozenset(), latency_ns=answer.latency_ns))
        talk.answered(answer.now_ns)


def _ready(talk: Conversation, now_ns: int) -> None:
    talk.flight = None
    talk.identified = True
    talk.zero(now_ns)
    talk.events.append(ZeroVerified(now_ns - talk.connect_ns, talk.rounds))
    talk.events.append(Ready())


def _device_id(talk: Conversation, answer: Answer) -> None:
    talk.serial = sm4.GetDeviceIdAck.unpack(answer.data).device_id
    talk.line.heard(answer.now_ns)
    talk.send(answer.now_ns, Request(Doing.IDENTIFY, sm4.GetExtendedVersion.command, answer.now_ns))


def _version(talk: Conversation, answer: Answer) -> None:
    message = sm4.GetExtendedVersionAck.unpack(answer.data)
    talk.line.heard(answer.now_ns)
    if message.sciencemode.major != SCIENCEMODE_MAJOR:
        wrong_device(talk, _EXPECTED, f"it speaks ScienceMode {message.sciencemode}")
        return
    hashed = f"{message.fw_hash:08x}" if message.hash_valid == 1 else ""
    talk.events.append(
        Identified(FAMILY, talk.serial, str(message.fw), str(message.sciencemode), hashed)
    )
    talk.ask_status(answer.now_ns, Doing.VERIFY)


def version_unknown(talk: Conversation, _now_ns: int) -> None:
    """The device does not know a question that belongs to ScienceMode 4.

    A RehaMove3 (ScienceMode 3) answers all others alike, but has other channels and time budgets
    and takes some payloads for something else: it must not be driven as a P24.
    """
    wrong_device(
        talk,
        _EXPECTED,
        "it does not know Get_extended_version of ScienceMode 4, as a ScienceMode 3 device such as "
        "a RehaMove3 does not",
    )


def wrong_device(talk: Conversation, expected: str, found: str) -> None:
    """Something else answers: it is not driven."""
    talk.events.append(WrongDevice(expected, found))
    talk.latch()


def initialised(talk: Conversation, answer: Answer) -> None:
    """A level is on."""
    talk.line.heard(answer.now_ns)
    talk.state = State.MID if talk.state is State.MID_INIT else State.LOW
    talk.level_ns = answer.sent.sent_ns
    talk.events.append(Acked(Doing.START, answer.latency_ns))
    talk.answered(answer.now_ns)


def applied(talk: Conversation, answer: Answer) -> None:
    """These trains are in force."""
    talk.line.heard(answer.now_ns)
    if answer.request.trains is not None:
        talk.possible = [answer.request.trains]
        talk.check.settled(answer.now_ns, answer.latency_ns, answer.request.trains.units)
    talk.events.append(
        Acked(Doing.APPLY, answer.latency_ns, answer.request.ticket, answer.request.channels)
    )
    talk.answered(answer.now_ns)


def _pulsed(talk: Conversation, answer: Answer) -> None:
    sm4.LlChannelConfigAck.unpack(answer.data)
    pulse_given(talk, answer)


def pulse_given(talk: Conversation, answer: Answer) -> None:
    """A single pulse was given."""
    talk.line.heard(answer.now_ns)
    talk.events.append(
        Acked(Doing.PULSE, answer.latency_ns, answer.request.ticket, answer.request.channels)
    )
    talk.answered(answer.now_ns)


def _trains_read(talk: Conversation, answer: Answer) -> None:
    message = sm4.MlGetCurrentDataAck.unpack(answer.data)
    if not message.active:
        raise WireFormatError("an answer in another form than the one asked for")
    talk.line.heard(answer.now_ns)
    active = frozenset(channel for channel, on in enumerate(message.active, 1) if on)
    errors = {
        channel: channel_state_name(code)
        for channel, code in enumerate(message.channel_state, 1)
        if code
    }
    talk.events.append(Acked(Doing.KEEP_ALIVE, answer.latency_ns))
    talk.events.append(StatusRead(active, MappingProxyType(errors), answer.latency_ns))
    if errors:
        _channel_errors(talk, message.channel_state)
        talk.latch()
    elif not any(active == trains.forms.keys() for trains in talk.possible):
        other_trains(talk, active)
    else:
        talk.answered(answer.now_ns)


def other_trains(talk: Conversation, active: frozenset[int]) -> None:
    """Other channels run than those that may be in force."""
    wanted = frozenset(talk.possible[-1].forms)
    talk.events.append(UnexpectedState(_channels(wanted), _channels(active), wanted, active))
    talk.latch()


def _channels(channels: frozenset[int]) -> str:
    if not channels:
        return "no channel running"
    return "running: channel " + ", ".join(str(channel) for channel in sorted(channels))


def _channel_errors(talk: Conversation, states: tuple[int, ...]) -> None:
    for code in sorted(set(states) - {0}):
        channels = frozenset(channel for channel, state in enumerate(states, 1) if state == code)
        talk.events.append(DeviceError(channel_state_name(code), code, channels))


ACCEPTED: Mapping[int, Handler] = MappingProxyType(
    {
        sm4.GetStimStatus.command: status_read,
        sm4.GetDeviceId.command: _device_id,
        sm4.GetExtendedVersion.command: _version,
        sm4.MlInit.command: initialised,
        sm4.LlInit.command: initialised,
        sm4.MlUpdate.command: applied,
        sm4.LlChannelConfig.command: _pulsed,
        sm4.MlGetCurrentData.command: _trains_read,
    }
)
"""Every request that can be in flight."""

# Any error stops every channel: a person with one electrode off is not stimulated on [IFU].
_ML_INIT = sm4.MlInit(stop_all_channels_on_error=True).pack()
P24_DIALECT = Dialect(
    sheet=P24_SHEET,
    model=P24,
    ml_init=_ML_INIT,
    ll_init=sm4.LlInit().pack(),
    ask_trains=sm4.MlGetCurrentData().pack(),
    accepted=ACCEPTED,
    unknown=MappingProxyType({sm4.GetExtendedVersion.command: version_unknown}),
)
"""A P24, as its driver sees it."""
