"""What follows when a P24 did what it was asked: awaited answers with result 0.

A handler that raises WireFormatError has changed nothing: the request stays in flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.events import (
    DeviceError,
    Doing,
    Identified,
    Ready,
    StatusRead,
    UnexpectedState,
    WrongDevice,
    ZeroVerified,
)
from stimctl.devices.p24.link_state import Answer, Dialect, Handler, ScienceModeLink
from stimctl.devices.p24.output import P24
from stimctl.devices.p24.sheet import FAMILY, P24_SHEET, SCIENCEMODE_MAJOR
from stimctl.devices.p24.stopping import levels_of_status
from stimctl.devices.p24.table import EXPECTED_STATUS, State
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4 import messages as sm4
from stimctl.wire.sciencemode4.values import channel_state_name, stim_status_name

_EXPECTED = "a P24 (ScienceMode 4)"


def status_read(link: ScienceModeLink, answer: Answer) -> None:
    """What is initialised."""
    status = sm4.GetStimStatusAck.unpack(answer.data).stim_status
    if link.state is State.FINDING:
        link.flight = None
        if status == 0:
            link.name(answer.now_ns)
        else:
            link.begin_stop(answer.now_ns, State.CLEARING, levels_of_status(status))
        return
    expected = EXPECTED_STATUS.get(link.state, frozenset())
    if status not in expected:
        words = " or ".join(stim_status_name(code) for code in sorted(expected))
        link.events.append(UnexpectedState(words, stim_status_name(status)))
        link.latch()
    elif link.state is State.NAMING:
        _ready(link, answer.now_ns)
    else:
        link.events.append(answer.acked())
        if link.state is not State.MID:  # no train can run: the state is the whole truth
            link.events.append(StatusRead(frozenset(), latency_ns=answer.latency_ns))
        link.answered(answer.now_ns)


def _ready(link: ScienceModeLink, now_ns: int) -> None:
    link.flight = None
    link.named = True
    link.zero(now_ns)
    link.events.append(ZeroVerified(now_ns - link.connect_ns, link.rounds))
    link.events.append(Ready())


def _device_id(link: ScienceModeLink, answer: Answer) -> None:
    link.serial = sm4.GetDeviceIdAck.unpack(answer.data).device_id
    link.ask(answer.now_ns, Doing.IDENTIFY, sm4.GetExtendedVersion.command)


def _version(link: ScienceModeLink, answer: Answer) -> None:
    message = sm4.GetExtendedVersionAck.unpack(answer.data)
    if message.sciencemode.major != SCIENCEMODE_MAJOR:
        wrong_device(link, _EXPECTED, f"it speaks ScienceMode {message.sciencemode}")
        return
    hashed = f"{message.fw_hash:08x}" if message.hash_valid == 1 else ""
    link.events.append(
        Identified(FAMILY, link.serial, str(message.fw), str(message.sciencemode), hashed)
    )
    link.ask_status(answer.now_ns, Doing.VERIFY)


def version_unknown(link: ScienceModeLink, _now_ns: int) -> None:
    """The device does not know a question that belongs to ScienceMode 4.

    A RehaMove3 (ScienceMode 3) answers all others alike, but has other channels and time budgets
    and takes some payloads for something else: it must not be driven as a P24.
    """
    wrong_device(
        link,
        _EXPECTED,
        "it does not know Get_extended_version of ScienceMode 4, as a ScienceMode 3 device such as "
        "a RehaMove3 does not",
    )


def wrong_device(link: ScienceModeLink, expected: str, found: str) -> None:
    """Something else answers: it is not driven."""
    link.events.append(WrongDevice(expected, found))
    link.latch()


def initialised(link: ScienceModeLink, answer: Answer) -> None:
    """A level is on."""
    link.state = State.MID if link.state is State.MID_INIT else State.LOW
    link.level_ns = answer.sent.sent_ns
    link.done(answer)


def applied(link: ScienceModeLink, answer: Answer) -> None:
    """These trains are in force."""
    link.in_force(answer)
    link.done(answer)


def _pulsed(link: ScienceModeLink, answer: Answer) -> None:
    sm4.LlChannelConfigAck.unpack(answer.data)
    link.done(answer)


def _trains_read(link: ScienceModeLink, answer: Answer) -> None:
    message = sm4.MlGetCurrentDataAck.unpack(answer.data)
    if not message.active:
        raise WireFormatError("an answer in another form than the one asked for")
    active = frozenset(channel for channel, on in enumerate(message.active, 1) if on)
    errors = {
        channel: channel_state_name(code)
        for channel, code in enumerate(message.channel_state, 1)
        if code
    }
    link.events.append(answer.acked())
    link.events.append(StatusRead(active, MappingProxyType(errors), answer.latency_ns))
    if errors:
        _channel_errors(link, message.channel_state)
        link.latch()
    elif not any(active == frame.outputs.keys() for frame in link.possible):
        other_trains(link, active)
    else:
        link.answered(answer.now_ns)


def other_trains(link: ScienceModeLink, active: frozenset[int]) -> None:
    """Other channels run than those that may be in force."""
    wanted = frozenset(link.possible[-1].outputs)
    link.events.append(UnexpectedState(_channels(wanted), _channels(active), wanted, active))
    link.latch()


def _channels(channels: frozenset[int]) -> str:
    if not channels:
        return "no channel running"
    return "running: channel " + ", ".join(str(channel) for channel in sorted(channels))


def _channel_errors(link: ScienceModeLink, states: tuple[int, ...]) -> None:
    for code in sorted(set(states) - {0}):
        channels = frozenset(channel for channel, state in enumerate(states, 1) if state == code)
        link.events.append(DeviceError(channel_state_name(code), code, channels))


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
