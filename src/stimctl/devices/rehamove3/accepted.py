"""What follows when a RehaMove3 did what it was asked: where that is not what follows at a P24.

Identity: serial number, versions, and that Get_extended_version is unknown, which tells it from a
P24. The battery is read before the device becomes ready, and then every minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.events import Acked, DeviceError, Doing, Identified, StatusRead
from stimctl.devices.p24 import accepted as shared
from stimctl.devices.p24.conversation import Conversation
from stimctl.devices.p24.dialect import Answer, Dialect, Handler
from stimctl.devices.p24.request import Request
from stimctl.devices.p24.table import State
from stimctl.devices.rehamove3.model import REHAMOVE3
from stimctl.devices.rehamove3.sheet import (
    BATTERY_START_PERCENT,
    BATTERY_STOP_PERCENT,
    FAMILY,
    REHAMOVE3_SHEET,
    SCIENCEMODE_MAJOR,
)
from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode3 import messages as sm3

EXPECTED = "a RehaMove3 (ScienceMode 3)"
BATTERY_EVERY_NS = 60_000_000_000
ELECTRODE_ERROR = 10
GET_EXTENDED_VERSION = 68
"""A question of ScienceMode 4, asked because only a P24 knows it."""


def _ask(talk: Conversation, now_ns: int, command: int) -> None:
    talk.send(now_ns, Request(Doing.IDENTIFY, command, now_ns))


def _device_id(talk: Conversation, answer: Answer) -> None:
    talk.serial = sm3.GetDeviceIdAck.unpack(answer.data).device_id
    talk.line.heard(answer.now_ns)
    _ask(talk, answer.now_ns, sm3.GetVersionMain.command)


def _version(talk: Conversation, answer: Answer) -> None:
    message = sm3.GetVersionMainAck.unpack(answer.data)
    talk.line.heard(answer.now_ns)
    if message.sciencemode.major != SCIENCEMODE_MAJOR:
        found = f"it speaks ScienceMode {message.sciencemode}"
        shared.wrong_device(talk, EXPECTED, found)
        return
    talk.versions = (str(message.fw), str(message.sciencemode))
    _ask(talk, answer.now_ns, GET_EXTENDED_VERSION)


def _is_a_p24(talk: Conversation, answer: Answer) -> None:
    talk.line.heard(answer.now_ns)
    found = "it knows Get_extended_version of ScienceMode 4, as a P24 does"
    shared.wrong_device(talk, EXPECTED, found)


def _is_no_p24(talk: Conversation, now_ns: int) -> None:
    """Unknown, as it should be: it is identified."""
    firmware, protocol = talk.versions
    talk.events.append(Identified(FAMILY, talk.serial, firmware, protocol, ""))
    _ask(talk, now_ns, sm3.GetBatteryStatus.command)


def _battery(talk: Conversation, answer: Answer) -> None:
    percent = sm3.GetBatteryStatusAck.unpack(answer.data).battery_level_pct
    talk.line.heard(answer.now_ns)
    connecting = talk.state is State.NAMING
    least = BATTERY_START_PERCENT if connecting else BATTERY_STOP_PERCENT + 1
    if percent < least:
        told = f"its battery at {percent} %, below {least} %: charge it"
        talk.events.append(DeviceError(told, 0))
        talk.latch()
        return
    talk.battery_due_ns = answer.now_ns + BATTERY_EVERY_NS
    if connecting:
        talk.ask_status(answer.now_ns, Doing.VERIFY)
    else:
        talk.events.append(Acked(answer.request.doing, answer.latency_ns))
        talk.answered(answer.now_ns)


def _pulsed(talk: Conversation, answer: Answer) -> None:
    sm3.LlChannelConfigAck.unpack(answer.data)
    shared.pulse_given(talk, answer)


def _trains_read(talk: Conversation, answer: Answer) -> None:
    """It tells whether trains run and which electrodes fail, not which channels run."""
    message = sm3.MlGetCurrentDataAck.unpack(answer.data)
    if not message.has_stimulation_data:
        raise WireFormatError("an answer to another question than the one asked")
    talk.line.heard(answer.now_ns)
    running = bool(message.stimulation_state)
    fits = [trains for trains in talk.possible if bool(trains.mask) == running]
    active = frozenset(fits[-1].forms) if running and fits else frozenset()
    failing = frozenset(n for n, error in enumerate(message.electrode_error, 1) if error)
    errors = MappingProxyType(dict.fromkeys(sorted(failing), "electrode error"))
    talk.events.append(Acked(Doing.KEEP_ALIVE, answer.latency_ns))
    talk.events.append(StatusRead(active, errors, answer.latency_ns))
    if failing:
        talk.events.append(DeviceError("electrode error", ELECTRODE_ERROR, failing))
        talk.latch()
    elif not fits:
        every = frozenset(range(1, REHAMOVE3_SHEET.channels + 1))
        shared.other_trains(talk, every if running else frozenset())
    else:
        talk.answered(answer.now_ns)


ACCEPTED: Mapping[int, Handler] = MappingProxyType(
    {
        sm3.GetStimStatus.command: shared.status_read,
        sm3.GetDeviceId.command: _device_id,
        sm3.GetVersionMain.command: _version,
        GET_EXTENDED_VERSION: _is_a_p24,
        sm3.GetBatteryStatus.command: _battery,
        sm3.MlInit.command: shared.initialised,
        sm3.LlInit.command: shared.initialised,
        sm3.MlUpdate.command: shared.applied,
        sm3.LlChannelConfig.command: _pulsed,
        sm3.MlGetCurrentData.command: _trains_read,
    }
)
"""Every request that can be in flight. Reset is not among them: it is never sent."""

REHAMOVE3_DIALECT = Dialect(
    sheet=REHAMOVE3_SHEET,
    model=REHAMOVE3,
    ml_init=sm3.MlInit().pack(),
    ll_init=sm3.LlInit().pack(),
    ask_trains=sm3.MlGetCurrentData().pack(),
    accepted=ACCEPTED,
    unknown=MappingProxyType({GET_EXTENDED_VERSION: _is_no_p24}),
    battery=sm3.GetBatteryStatus.command,
)
"""A RehaMove3, as its driver sees it."""
