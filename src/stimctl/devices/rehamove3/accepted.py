"""What follows when a RehaMove3 did what it was asked: where that is not what follows at a P24.

Identity: serial number, versions, and that Get_extended_version is unknown, which tells it from a
P24. The battery is read before the device becomes ready, and then every minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.events import DeviceError, Doing, Identified, StatusRead
from stimctl.devices.p24 import accepted as shared
from stimctl.devices.p24.link_state import Answer, Dialect, Handler, ScienceModeLink
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


def _device_id(link: ScienceModeLink, answer: Answer) -> None:
    link.serial = sm3.GetDeviceIdAck.unpack(answer.data).device_id
    link.ask(answer.now_ns, Doing.IDENTIFY, sm3.GetVersionMain.command)


def _version(link: ScienceModeLink, answer: Answer) -> None:
    message = sm3.GetVersionMainAck.unpack(answer.data)
    if message.sciencemode.major != SCIENCEMODE_MAJOR:
        found = f"it speaks ScienceMode {message.sciencemode}"
        shared.wrong_device(link, EXPECTED, found)
        return
    link.versions = (str(message.fw), str(message.sciencemode))
    link.ask(answer.now_ns, Doing.IDENTIFY, GET_EXTENDED_VERSION)


def _is_a_p24(link: ScienceModeLink, _answer: Answer) -> None:
    found = "it knows Get_extended_version of ScienceMode 4, as a P24 does"
    shared.wrong_device(link, EXPECTED, found)


def _is_no_p24(link: ScienceModeLink, now_ns: int) -> None:
    """Unknown, as it should be: it is identified."""
    firmware, protocol = link.versions
    link.events.append(Identified(FAMILY, link.serial, firmware, protocol, ""))
    link.ask(now_ns, Doing.IDENTIFY, sm3.GetBatteryStatus.command)


def _battery(link: ScienceModeLink, answer: Answer) -> None:
    percent = sm3.GetBatteryStatusAck.unpack(answer.data).battery_level_pct
    connecting = link.state is State.NAMING
    least = BATTERY_START_PERCENT if connecting else BATTERY_STOP_PERCENT + 1
    if percent < least:
        told = f"its battery at {percent} %, below {least} %: charge it"
        link.events.append(DeviceError(told, 0))
        link.latch()
        return
    link.battery_due_ns = answer.now_ns + BATTERY_EVERY_NS
    if connecting:
        link.ask_status(answer.now_ns, Doing.VERIFY)
    else:
        link.done(answer)


def _pulsed(link: ScienceModeLink, answer: Answer) -> None:
    sm3.LlChannelConfigAck.unpack(answer.data)
    link.done(answer)


def _trains_read(link: ScienceModeLink, answer: Answer) -> None:
    """It tells whether trains run and which electrodes fail, not which channels run."""
    message = sm3.MlGetCurrentDataAck.unpack(answer.data)
    if not message.has_stimulation_data:
        raise WireFormatError("an answer to another question than the one asked")
    running = bool(message.stimulation_state)
    fits = [frame for frame in link.possible if bool(frame.outputs) == running]
    active = frozenset(fits[-1].outputs) if running and fits else frozenset()
    failing = frozenset(n for n, error in enumerate(message.electrode_error, 1) if error)
    errors = MappingProxyType(dict.fromkeys(sorted(failing), "electrode error"))
    link.events.append(answer.acked())
    link.events.append(StatusRead(active, errors, answer.latency_ns))
    if failing:
        link.events.append(DeviceError("electrode error", ELECTRODE_ERROR, failing))
        link.latch()
    elif not fits:
        every = frozenset(range(1, REHAMOVE3_SHEET.channels + 1))
        shared.other_trains(link, every if running else frozenset())
    else:
        link.answered(answer.now_ns)


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
