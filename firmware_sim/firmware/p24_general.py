"""What a P24 tells about itself: the answers of the general layer that never change."""

from __future__ import annotations

from .p24_commands import Command, Result

FIRMWARE_VERSION = (1, 0, 0)
SCIENCEMODE_VERSION = (4, 0, 0)
#: No commit of any firmware: it spells the word, so that nobody takes a twin for a device.
FIRMWARE_HASH = b"TWIN"
HASH_IS_GIT = 1
HASH_VALID = 1
#: A P24 has no battery; it is fed 5 V by USB [IFU].
SUPPLY_MV = 5_000


def device_id(seed: int) -> bytes:
    """Return ten ASCII characters that name the twin of this seed."""
    return b"SIM%07d" % (seed % 10_000_000)


def fixed_answers(seed: int) -> dict[Command, bytes]:
    """Return the data bytes of every answer that never changes."""
    version = bytes((Result.OK, *FIRMWARE_VERSION, *SCIENCEMODE_VERSION))
    return {
        Command.GET_VERSION_MAIN: version,
        Command.GET_VERSION_STIM: version,
        Command.GET_EXTENDED_VERSION: version + FIRMWARE_HASH + bytes((HASH_IS_GIT, HASH_VALID)),
        Command.GET_DEVICE_ID: bytes((Result.OK,)) + device_id(seed),
        Command.GET_BATTERY_STATUS: bytes((Result.OK, 100)) + SUPPLY_MV.to_bytes(2, "big"),
        Command.GET_MAIN_STATUS: bytes((Result.OK, 0)),
        Command.SET_POWER: bytes((Result.OK,)),
    }
