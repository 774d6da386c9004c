"""Ml_update and Ll_channel_config data taken apart and put together with other content."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from firmware_sim.firmware import rehamove3_fields
from firmware_sim.firmware.p24_fields import (
    CODE_SPAN,
    CODE_ZERO,
    Want,
    ll_address,
    read_ml_update,
)


class Layout(NamedTuple):
    """How many channels a device has, and what it makes of an Ml_update (None = refused)."""

    channels: int
    read: Callable[[bytes], dict[int, Want] | None]


P24 = Layout(8, read_ml_update)
REHAMOVE3 = Layout(rehamove3_fields.CHANNELS, rehamove3_fields.read_ml_update)


def change_trains(
    data: bytes, change: Callable[[int, bytes], tuple[int, bytes] | None], layout: Layout = P24
) -> bytes:
    """Return Ml_update data with every train (channel 1.., block) changed, moved or left out.

    A block is the train's bytes from the point count on. Data that the device refuses stays as is.
    """
    if not data or layout.read(data) is None:
        return data
    blocks: dict[int, bytes] = {}
    at = 1
    for channel in range(1, layout.channels + 1):
        if data[0] >> (channel - 1) & 1:
            end = at + 3 + 4 * ((data[at] >> 4) + 1)
            changed = change(channel, data[at:end])
            if changed is not None:
                blocks[changed[0]] = changed[1]
            at = end
    mask = sum(1 << (channel - 1) for channel in blocks)
    return bytes((mask,)) + b"".join(blocks[channel] for channel in sorted(blocks))


def scale_block(block: bytes, permille: int) -> bytes:
    """Return a train's block with its currents scaled, on the grid and within 130 mA."""
    words = []
    for (word,) in struct.iter_unpack(">I", block[3:]):
        code = ((word >> 10) & 0x3FF) - CODE_ZERO
        size = min(abs(code) * permille // 1000, CODE_SPAN)
        words.append(word & ~(0x3FF << 10) | (CODE_ZERO + (size if code > 0 else -size)) << 10)
    return block[:3] + struct.pack(f">{len(words)}I", *words)


def moved(channel: int, by: int, channels: int = P24.channels) -> int:
    """Return the channel that is `by` further, 1 after the last."""
    return (channel - 1 + by) % channels + 1


def move_trains(data: bytes, by: int, layout: Layout = P24) -> bytes:
    """Return Ml_update data with every train on another channel."""
    return change_trains(
        data, lambda channel, block: (moved(channel, by, layout.channels), block), layout
    )


def move_pulse(data: bytes, by: int, layout: Layout = P24) -> bytes:
    """Return Ll_channel_config data for another channel."""
    if not data:
        return data
    connector, inside = ll_address(data[0])
    number = (connector * 4 + inside) % layout.channels + 1
    connector, inside = divmod(moved(number, by, layout.channels) - 1, 4)
    return bytes((data[0] & 0x8F | inside << 5 | connector << 4,)) + data[1:]
