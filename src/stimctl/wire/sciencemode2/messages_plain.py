"""The messages of connection, watchdog and state, and the answers with a result and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from stimctl.wire.message import Direction, represented
from stimctl.wire.sciencemode2.framing import signed
from stimctl.wire.sciencemode2.message import (
    ModeAck,
    ResultAck,
    Sm2Message,
    exactly,
    signed_byte,
)
from stimctl.wire.sciencemode2.values import STIMULATION_ERROR_NAMES

PROTOCOL_VERSION = 1


@dataclass(frozen=True, slots=True)
class OneByte(Sm2Message):
    """Base of the device's messages that carry one unsigned number."""

    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, 1, cls.name)
        return cls(*data)


@dataclass(frozen=True, slots=True)
class Init(OneByte):
    """Repeated every 500 ms while there is no connection; `version` of the protocol, 0..255.

    While connected it means that the device has dropped the connection and stopped.
    """

    command: ClassVar[int] = 1
    name: ClassVar[str] = "init"
    version: int = PROTOCOL_VERSION

    def pack(self) -> bytes:
        return bytes((represented("version", self.version, 255),))


@dataclass(frozen=True, slots=True)
class InitAck(ResultAck):
    """The host's answer to Init, with its packet number: 0 accepted, -5 incompatible version."""

    command: ClassVar[int] = 2
    name: ClassVar[str] = "init_ack"
    direction: ClassVar[Direction] = Direction.HOST_TO_DEVICE
    results: ClassVar[frozenset[int]] = frozenset((0, -5))


@dataclass(frozen=True, slots=True)
class UnknownCmd(OneByte):
    """The device's answer to a command that it does not know; `echo_command` 0..255."""

    command: ClassVar[int] = 3
    name: ClassVar[str] = "unknown_command"
    echo_command: int

    def pack(self) -> bytes:
        return bytes((represented("echo_command", self.echo_command, 255),))


@dataclass(frozen=True, slots=True)
class Watchdog(Sm2Message):
    """Keep the connection alive (1.2 s without a valid packet and all stops); never answered."""

    command: ClassVar[int] = 4
    name: ClassVar[str] = "watchdog"


@dataclass(frozen=True, slots=True)
class GetStimulationMode(Sm2Message):
    """Ask the stimulation mode."""

    command: ClassVar[int] = 10
    name: ClassVar[str] = "get_stimulation_mode"


@dataclass(frozen=True, slots=True)
class GetStimulationModeAck(ModeAck):
    """The stimulation mode: 0 start, 1 channel list initialized, 2 started."""

    command: ClassVar[int] = 11
    name: ClassVar[str] = "get_stimulation_mode_ack"
    modes: ClassVar[frozenset[int]] = frozenset(range(3))


@dataclass(frozen=True, slots=True)
class GetMotomedMode(Sm2Message):
    """Ask the mode of a connected MOTOmed trainer."""

    command: ClassVar[int] = 12
    name: ClassVar[str] = "get_motomed_mode"


@dataclass(frozen=True, slots=True)
class GetMotomedModeAck(ModeAck):
    """The trainer's mode 0..6, or -1 where there is none."""

    command: ClassVar[int] = 13
    name: ClassVar[str] = "get_motomed_mode_ack"
    modes: ClassVar[frozenset[int]] = frozenset(range(-1, 7))


@dataclass(frozen=True, slots=True)
class InitChannelListModeAck(ResultAck):
    """Answer to InitChannelListMode."""

    command: ClassVar[int] = 31
    name: ClassVar[str] = "init_channel_list_mode_ack"


@dataclass(frozen=True, slots=True)
class StartChannelListModeAck(ResultAck):
    """Answer to StartChannelListMode: handed to the stimulation modules or not."""

    command: ClassVar[int] = 33
    name: ClassVar[str] = "start_channel_list_mode_ack"


@dataclass(frozen=True, slots=True)
class StopChannelListModeAck(ResultAck):
    """Answer to StopChannelListMode."""

    command: ClassVar[int] = 35
    name: ClassVar[str] = "stop_channel_list_mode_ack"


@dataclass(frozen=True, slots=True)
class SinglePulseAck(ResultAck):
    """Answer to SinglePulse."""

    command: ClassVar[int] = 37
    name: ClassVar[str] = "single_pulse_ack"


@dataclass(frozen=True, slots=True)
class StimulationError(Sm2Message):
    """Sent unasked: -1 emergency switch pressed or not connected, -2 electrode, -3 module."""

    command: ClassVar[int] = 38
    name: ClassVar[str] = "stimulation_error"
    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST
    error: int

    def pack(self) -> bytes:
        return signed_byte("error", self.error)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, 1, cls.name)
        return cls(signed(data[0]))

    def problems(self) -> tuple[str, ...]:
        if self.error in STIMULATION_ERROR_NAMES:
            return ()
        return (f"error {self.error} is none of -1, -2, -3",)
