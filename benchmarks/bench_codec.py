"""Encode and decode ScienceMode 4 frames beside the PyPI client `science-mode-4`, in one process.

Method. Two tasks, the same for both sides:

* encode: construct an Ml_update of 8 channels with 3 points each (biphasic pulses of 20.0 to
  23.5 mA, 200 us, pause 100 us, 20 ms, ramp 3), every point and channel object new each time,
  and turn it into the bytes of its frame. Ours includes the validity checks of the encoder.
* decode: find the frame of an Ml_get_current_data_ack (19 bytes, all channels active) in bytes,
  check it and read all of its fields.

Before anything is timed the two sides must give the same bytes and the same fields. Then rounds
follow each other, ours and theirs taking turns within each round, so that a machine that slows
down slows both; a round repeats a task for at least 0.1 s, and there are 11. Reported are the
medians over the rounds with the lowest and highest, and the ratio of the medians. The garbage
collector stays on, the peer's logging (on by default) is switched off in its favour.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any

logging.disable(logging.WARNING)  # the peer logs from its import on

from science_mode_4.mid_level.mid_level_current_data import (  # noqa: E402
    PacketMidLevelGetCurrentDataAck,
)
from science_mode_4.mid_level.mid_level_types import MidLevelChannelConfiguration  # noqa: E402
from science_mode_4.mid_level.mid_level_update import PacketMidLevelUpdate  # noqa: E402
from science_mode_4.protocol.channel_point import ChannelPoint  # noqa: E402
from science_mode_4.protocol.packet_factory import PacketFactory  # noqa: E402
from science_mode_4.protocol.protocol import Protocol  # noqa: E402

from stimctl.wire.sciencemode4.codec import decode, encode  # noqa: E402
from stimctl.wire.sciencemode4.framing import FrameDecoder, RawFrame  # noqa: E402
from stimctl.wire.sciencemode4.messages import (  # noqa: E402
    MlChannel,
    MlGetCurrentDataAck,
    MlUpdate,
    Point,
)

BARS = {"encode": 60.0, "decode": 8.0}
PACKET_NUMBER = 6
ACK = encode(MlGetCurrentDataAck(0, 4, (True,) * 8, (0,) * 8), PACKET_NUMBER)

_decoder = FrameDecoder()
_factory = PacketFactory()


def encode_ours() -> bytes:
    """Build and encode with stimctl."""
    channels = []
    for index in range(8):
        current_ua = 20_000 + 500 * index
        points = (Point(200, current_ua), Point(100, 0), Point(200, -current_ua))
        channels.append(MlChannel(index, 20_000, points, 3))
    return encode(MlUpdate(tuple(channels)), PACKET_NUMBER)


def encode_theirs() -> bytes:
    """Build and encode with science-mode-4."""
    channels = []
    for index in range(8):
        current_ma = 20 + 0.5 * index
        points = [
            ChannelPoint(200, current_ma),
            ChannelPoint(100, 0),
            ChannelPoint(200, -current_ma),
        ]
        channels.append(MidLevelChannelConfiguration(True, 3, 20, points))
    packet = PacketMidLevelUpdate()
    packet.number = PACKET_NUMBER
    packet.channel_configuration = channels
    data: bytes = Protocol.packet_to_bytes(packet)
    return data


def decode_ours() -> MlGetCurrentDataAck:
    """Frame, check and fields with stimctl, from a stream decoder."""
    (frame,) = _decoder.feed(ACK)
    assert isinstance(frame, RawFrame)
    message = decode(frame)
    assert isinstance(message, MlGetCurrentDataAck)
    return message


def decode_theirs() -> PacketMidLevelGetCurrentDataAck:
    """Frame, check and fields with science-mode-4: what its packet buffer does for each answer."""
    start, stop = Protocol.find_packet_in_buffer(ACK)
    command, number, data = Protocol.extract_packet_data(ACK[start : stop + 1])
    return _factory.create_packet_with_data(command, number, data)


def check() -> None:
    """Both sides must agree, or a comparison of their speed means nothing."""
    if encode_ours() != encode_theirs():
        sys.exit("the two encoders disagree")
    ours, theirs = decode_ours(), decode_theirs()
    if list(ours.active) != theirs.is_stimulation_active_per_channel or (
        list(ours.channel_state) != [int(error) for error in theirs.channel_error]
    ):
        sys.exit("the two decoders disagree")


def rate(task: Callable[[], object], seconds: float) -> float:
    """Return how often a second the task runs, from at least `seconds` of it."""
    count, batch = 0, 1
    begin = perf_counter()
    while (spent := perf_counter() - begin) < seconds:
        for _ in range(batch):
            task()
        count += batch
        batch = min(batch * 2, 256)
    return count / spent


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return medians, extremes and ratios for both tasks."""
    check()
    rounds, seconds = (3, 0.3) if quick else (11, 1.0)
    tasks = {"encode": (encode_ours, encode_theirs), "decode": (decode_ours, decode_theirs)}
    rates: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in tasks}
    for _ in range(rounds):
        for name, pair in tasks.items():
            for side, task in enumerate(pair):
                rates[name][side].append(rate(task, seconds / 10))
    table: dict[str, Any] = {"peer": f"science-mode-4 {version('science-mode-4')}"}
    for name, (ours, theirs) in rates.items():
        ratio = statistics.median(ours) / statistics.median(theirs)
        table[name] = {
            "stimctl_per_s": [round(f(ours)) for f in (statistics.median, min, max)],
            "peer_per_s": [round(f(theirs)) for f in (statistics.median, min, max)],
            "ratio": round(ratio, 1),
            "promise": BARS[name],
        }
    return table


def report(table: dict[str, Any]) -> str:
    """The table in words."""
    lines = [f"codec beside {table['peer']}: frames per second, median [min..max]"]
    for name in BARS:
        row = table[name]
        for side in ("stimctl_per_s", "peer_per_s"):
            middle, low, high = row[side]
            lines.append(f"  {name:8} {side[:-6]:8} {middle:>9} [{low}..{high}]")
        lines.append(f"  {name:8} ratio    {row['ratio']:>9} (promise: {row['promise']:.0f})")
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
