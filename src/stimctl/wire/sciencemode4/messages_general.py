"""The answers of the general layer that carry data: identity, versions and status."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Message, at_least, listed, represented
from stimctl.wire.sciencemode4.messages_plain import Answer
from stimctl.wire.sciencemode4.values import HIGHEST_HIGH_VOLTAGE

DEVICE_ID_BYTES = 10
POWER_MODULE_BYTES = 8
_VERSION_DATA = Struct(">7B")
_EXTENDED_VERSION_DATA = Struct(">7BI2B")
_BATTERY_DATA = Struct(">BBH")


def unpadded_text(data: bytes) -> str:
    """Return the text without its padding; what is not printable ASCII shows as marks."""
    text = data.rstrip(b"\x00 ").decode("ascii", "replace")
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


class Version(NamedTuple):
    """A version number, each part 0..255."""

    major: int
    minor: int
    revision: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}"


@dataclass(frozen=True, slots=True)
class SetPower(Message):
    """Switch modules on, all others off (library only).

    `modules` are their numbers, 0..63, ascending: 0 stimulation controller, 1 Bluetooth, 2 EMG,
    3 memory card, 4 demultiplexer. On the wire one bit each, the lowest of a byte first.
    """

    command: ClassVar[int] = 56
    name: ClassVar[str] = "set_power"
    modules: tuple[int, ...] = ()

    def pack(self) -> bytes:
        highest = 8 * POWER_MODULE_BYTES - 1
        bits = 0
        for module in self.modules:
            bits |= 1 << represented("module", module, highest)
        return bits.to_bytes(POWER_MODULE_BYTES, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, POWER_MODULE_BYTES, cls.name)
        bits = int.from_bytes(data[:POWER_MODULE_BYTES], "little")
        return cls(tuple(number for number in range(8 * POWER_MODULE_BYTES) if bits >> number & 1))


@dataclass(frozen=True, slots=True)
class VersionAck(Answer):
    """Base of the short version answers: result, firmware, protocol version."""

    result: int
    fw: Version
    sciencemode: Version

    def pack(self) -> bytes:
        parts = (self.result, *self.fw, *self.sciencemode)
        return _VERSION_DATA.pack(*(represented(self.name, part, 255) for part in parts))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, _VERSION_DATA.size, cls.name)
        result, *parts = _VERSION_DATA.unpack_from(data)
        return cls(result, Version(*parts[:3]), Version(*parts[3:]))

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))


@dataclass(frozen=True, slots=True)
class GetVersionMainAck(VersionAck):
    """The main controller's version."""

    command: ClassVar[int] = 51
    name: ClassVar[str] = "get_version_main_ack"


@dataclass(frozen=True, slots=True)
class GetVersionStimAck(VersionAck):
    """The stimulation controller's version."""

    command: ClassVar[int] = 61
    name: ClassVar[str] = "get_version_stim_ack"


@dataclass(frozen=True, slots=True)
class GetExtendedVersionAck(Answer):
    """Versions and firmware hash.

    `fw_hash` is the first four bytes of the hash as a number; `hash_type` 0 uninitialized, 1 git,
    2 MD5, 3 SHA-256; `hash_valid` 0 or 1.
    """

    command: ClassVar[int] = 69
    name: ClassVar[str] = "get_extended_version_ack"
    result: int
    fw: Version
    sciencemode: Version
    fw_hash: int
    hash_type: int
    hash_valid: int

    def pack(self) -> bytes:
        parts = (self.result, *self.fw, *self.sciencemode)
        return _EXTENDED_VERSION_DATA.pack(
            *(represented(self.name, part, 255) for part in parts),
            represented("fw_hash", self.fw_hash, 0xFFFF_FFFF),
            represented("hash_type", self.hash_type, 255),
            represented("hash_valid", self.hash_valid, 255),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, _EXTENDED_VERSION_DATA.size, cls.name)
        result, *parts, fw_hash, hash_type, hash_valid = _EXTENDED_VERSION_DATA.unpack_from(data)
        return cls(result, Version(*parts[:3]), Version(*parts[3:]), fw_hash, hash_type, hash_valid)

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("result", self.result, self.highest_result),
            ("hash_type", self.hash_type, 3),
            ("hash_valid", self.hash_valid, 1),
        )


@dataclass(frozen=True, slots=True)
class GetDeviceIdAck(Answer):
    """The serial number: `id_bytes` is the ten bytes as sent, `device_id` the text in them."""

    command: ClassVar[int] = 53
    name: ClassVar[str] = "get_device_id_ack"
    result: int
    id_bytes: bytes

    @property
    def device_id(self) -> str:
        """The text without its padding; what is not printable ASCII shows as replacement marks."""
        return unpadded_text(self.id_bytes)

    def pack(self) -> bytes:
        if len(self.id_bytes) != DEVICE_ID_BYTES:
            raise WireFormatError(
                f"a device id of {len(self.id_bytes)} bytes cannot be written",
                why=f"it has {DEVICE_ID_BYTES}",
            )
        return bytes((represented("result", self.result, 255),)) + self.id_bytes

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1 + DEVICE_ID_BYTES, cls.name)
        return cls(data[0], data[1 : 1 + DEVICE_ID_BYTES])

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))


@dataclass(frozen=True, slots=True)
class GetBatteryStatusAck(Answer):
    """Battery level in percent (the library does not check it) and voltage in millivolt."""

    command: ClassVar[int] = 55
    name: ClassVar[str] = "get_battery_status_ack"
    result: int
    battery_level_pct: int
    battery_mv: int

    def pack(self) -> bytes:
        return _BATTERY_DATA.pack(
            represented("result", self.result, 255),
            represented("battery_level_pct", self.battery_level_pct, 255),
            represented("battery_mv", self.battery_mv, 0xFFFF),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, _BATTERY_DATA.size, cls.name)
        return cls(*_BATTERY_DATA.unpack_from(data))

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))


@dataclass(frozen=True, slots=True)
class GetStimStatusAck(Answer):
    """What is initialized (0 nothing, 1 low level, 2 mid level, 3 mid level running), and the
    high voltage (0 default, 1 off, 2..6 = 30, 60, 90, 120, 150 V; a P24 reports 1 or 6)."""

    command: ClassVar[int] = 63
    name: ClassVar[str] = "get_stim_status_ack"
    result: int
    stim_status: int
    high_voltage: int

    def pack(self) -> bytes:
        return bytes(
            (
                represented("result", self.result, 255),
                represented("stim_status", self.stim_status, 255),
                represented("high_voltage", self.high_voltage, 255),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 3, cls.name)
        return cls(data[0], data[1], data[2])

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("result", self.result, self.highest_result),
            ("stim_status", self.stim_status, 3),
            ("high_voltage", self.high_voltage, HIGHEST_HIGH_VOLTAGE),
        )


@dataclass(frozen=True, slots=True)
class GetMainStatusAck(Answer):
    """The main controller's state: 0 uninitialized, 1 initialized, 2 running (library only)."""

    command: ClassVar[int] = 65
    name: ClassVar[str] = "get_main_status_ack"
    result: int
    main_status: int

    def pack(self) -> bytes:
        return bytes(
            (
                represented("result", self.result, 255),
                represented("main_status", self.main_status, 255),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 2, cls.name)
        return cls(data[0], data[1])

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("result", self.result, self.highest_result), ("main_status", self.main_status, 2)
        )
