"""The plain messages of all layers: requests without data, answers with a result and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from stimctl.wire.message import Direction, Message, at_least, listed, represented
from stimctl.wire.sciencemode4.values import HIGHEST_RESULT


@dataclass(frozen=True, slots=True)
class Answer(Message):
    """Base of everything a device sends; `highest_result` is the last result code that is known."""

    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST
    highest_result: ClassVar[int] = HIGHEST_RESULT


@dataclass(frozen=True, slots=True)
class ResultAck(Answer):
    """Base of the answers that carry one result code, 0..255, and nothing else."""

    result: int

    def pack(self) -> bytes:
        return bytes((represented("result", self.result, 255),))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0])

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))


@dataclass(frozen=True, slots=True)
class GetVersionMain(Message):
    """Ask the main controller's version (library only; a P24 may not know it)."""

    command: ClassVar[int] = 50
    name: ClassVar[str] = "get_version_main"


@dataclass(frozen=True, slots=True)
class GetDeviceId(Message):
    """Ask the device's serial number."""

    command: ClassVar[int] = 52
    name: ClassVar[str] = "get_device_id"


@dataclass(frozen=True, slots=True)
class GetBatteryStatus(Message):
    """Ask the battery (library only; a P24 has none)."""

    command: ClassVar[int] = 54
    name: ClassVar[str] = "get_battery_status"


@dataclass(frozen=True, slots=True)
class SetPowerAck(ResultAck):
    """Whether the modules were switched (library only)."""

    command: ClassVar[int] = 57
    name: ClassVar[str] = "set_power_ack"


@dataclass(frozen=True, slots=True)
class Reset(Message):
    """Restart the device; it may be gone before it answers."""

    command: ClassVar[int] = 58
    name: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class GetVersionStim(Message):
    """Ask the stimulation controller's version (library only)."""

    command: ClassVar[int] = 60
    name: ClassVar[str] = "get_version_stim"


@dataclass(frozen=True, slots=True)
class GetStimStatus(Message):
    """Ask what is initialized and whether the high voltage is on."""

    command: ClassVar[int] = 62
    name: ClassVar[str] = "get_stim_status"


@dataclass(frozen=True, slots=True)
class GetMainStatus(Message):
    """Ask the main controller's state (library only)."""

    command: ClassVar[int] = 64
    name: ClassVar[str] = "get_main_status"


@dataclass(frozen=True, slots=True)
class GetExtendedVersion(Message):
    """Ask firmware version, protocol version and firmware hash."""

    command: ClassVar[int] = 68
    name: ClassVar[str] = "get_extended_version"


@dataclass(frozen=True, slots=True)
class ResetAck(ResultAck):
    """Answer to Reset, if the device is still there to give it."""

    command: ClassVar[int] = 59
    name: ClassVar[str] = "reset_ack"


@dataclass(frozen=True, slots=True)
class GeneralError(ResultAck):
    """The one message a P24 sends unasked."""

    command: ClassVar[int] = 66
    name: ClassVar[str] = "general_error"


@dataclass(frozen=True, slots=True)
class UnknownCmd(ResultAck):
    """Answer to a command the device does not know: result 11, and only the packet number."""

    command: ClassVar[int] = 67
    name: ClassVar[str] = "unknown_cmd"


@dataclass(frozen=True, slots=True)
class LlStop(Message):
    """Leave the low level; the high voltage goes off."""

    command: ClassVar[int] = 4
    name: ClassVar[str] = "ll_stop"


@dataclass(frozen=True, slots=True)
class MlStop(Message):
    """Leave the mid level: all trains end and the high voltage goes off."""

    command: ClassVar[int] = 34
    name: ClassVar[str] = "ml_stop"


@dataclass(frozen=True, slots=True)
class LlInitAck(ResultAck):
    """Answer to Ll_init, about 40 ms later."""

    command: ClassVar[int] = 1
    name: ClassVar[str] = "ll_init_ack"


@dataclass(frozen=True, slots=True)
class LlStopAck(ResultAck):
    """Answer to Ll_stop, about 40 ms later."""

    command: ClassVar[int] = 5
    name: ClassVar[str] = "ll_stop_ack"


@dataclass(frozen=True, slots=True)
class MlInitAck(ResultAck):
    """Answer to Ml_init, about 80 ms later."""

    command: ClassVar[int] = 31
    name: ClassVar[str] = "ml_init_ack"


@dataclass(frozen=True, slots=True)
class MlUpdateAck(ResultAck):
    """Answer to Ml_update: accepted or not; pulse errors come with Ml_get_current_data."""

    command: ClassVar[int] = 33
    name: ClassVar[str] = "ml_update_ack"


@dataclass(frozen=True, slots=True)
class MlStopAck(ResultAck):
    """Answer to Ml_stop, about 40 ms later."""

    command: ClassVar[int] = 35
    name: ClassVar[str] = "ml_stop_ack"
