"""RehaStim2 beside the PyPI client `pysciencemode`: encoding, and the link kept on a busy machine.

Encoding, in one process, sides taking turns: one StartChannelListMode of 8 channels (single pulses,
200 us, 20 to 34 mA). Ours makes every message object new and includes the validity checks of the
encoder; the peer's channel objects are not counted, only `set_stimulation_signal` and its packet.
Both must give the same bytes. Medians of rounds.

Link: sessions of 60 s against twins with the 1200 ms watchdog, each over a pty of its own, ten of
ours and ten of the peer's at the same time; then three and three, while a busy loop runs for each
core of the machine. Ours is `stimctl
run tens-conventional`, whole: face, supervisor, journal. The peer connects and leaves its own
watchdog thread to do its work. The twins' records say how often a connection was lost, and how far
apart the valid frames of the host were.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pysciencemode import Channel, Device, Modes, Rehastim2

from firmware_sim.firmware.frames import Frame
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder
from firmware_sim.process import TwinProcess
from stimctl.wire.sciencemode2.codec import encode
from stimctl.wire.sciencemode2.messages import ListPulse, StartChannelListMode

BARS = {"encode_ratio": 3.0, "gap_p999_ms": 600.0}
PACKET_NUMBER = 6
WIDTH_US = 200
CURRENTS_MA = tuple(range(20, 36, 2))
RUNS, AT_ONCE, SECONDS = 20, 10, 60
_RUN = "run tens-conventional -d sim:rehastim2 --amplitude 1=12mA --area 1=25cm2 --json --duration"
_PEER = """
import os, sys, time
from pysciencemode import Rehastim2
Rehastim2(port=sys.argv[1])
time.sleep(float(sys.argv[2]))
os._exit(0)
"""


def encode_ours() -> bytes:
    """Build and encode with stimctl."""
    pulses = tuple([ListPulse(WIDTH_US, 1_000 * current_ma) for current_ma in CURRENTS_MA])
    return encode(StartChannelListMode(pulses), PACKET_NUMBER)


class Peer:
    """The encoder of pysciencemode, without a port."""

    def __init__(self) -> None:
        self._client = object.__new__(Rehastim2)
        self._client.packet_count = PACKET_NUMBER
        self._channels = [
            Channel(
                mode=Modes.SINGLE,
                no_channel=number,
                amplitude=current_ma,
                pulse_width=WIDTH_US,
                device_type=Device.Rehastim2,
            )
            for number, current_ma in enumerate(CURRENTS_MA, 1)
        ]

    def encode(self) -> bytes:
        """Take the values over and encode."""
        self._client.amplitude, self._client.pulse_width, self._client.mode = [], [], []
        self._client.set_stimulation_signal(self._channels)
        return bytes(self._client._packet_start_stimulation())


def _rate(task: Any, seconds: float) -> float:
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        for _ in range(64):
            task()
        count += 64
    return count / spent


def measure_encoding(*, quick: bool) -> dict[str, Any]:
    """Frames per second of both sides, and the ratio of the medians."""
    peer = Peer()
    if encode_ours() != peer.encode():
        sys.exit("the two encoders disagree")
    ours, theirs = [], []
    for _ in range(3 if quick else 11):
        ours.append(_rate(encode_ours, 0.05 if quick else 0.2))
        theirs.append(_rate(peer.encode, 0.05 if quick else 0.2))
    middle, their_middle = statistics.median(ours), statistics.median(theirs)
    return {
        "stimctl_per_s": round(middle),
        "peer_per_s": round(their_middle),
        "ratio": round(middle / their_middle, 1),
        "promise": BARS["encode_ratio"],
    }


def _burn() -> None:
    while True:
        sum(range(10_000))


def _gaps_ms(rows: list[dict[str, Any]]) -> list[float]:
    """Between valid frames of the host, from the first to its stop or a loss."""
    decoder, gaps, last_us = FrameDecoder(), [], None
    for row in rows:
        if row.get("event") == "connection lost":
            last_us = None
        if row["kind"] != "rx":
            continue
        if any(isinstance(item, Frame) for item in decoder.feed(bytes.fromhex(row["hex"]))):
            if last_us is not None:
                gaps.append((row["at_us"] - last_us) / 1_000)
            last_us = row["at_us"]
    return gaps


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _losses(rows: list[dict[str, Any]], before_us: int | None = None) -> int:
    lost = [row["at_us"] for row in rows if row.get("event") == "connection lost"]
    return len([at for at in lost if before_us is None or at <= before_us])


def _batch(folder: Path, count: int, seconds: int) -> tuple[list[Path], list[Path]]:
    """So many sessions of ours and of the peer, all at the same time; the twins' records."""
    ours, peers, twins = [], [], []
    records = [folder / f"ours-{index}.jsonl" for index in range(count)]
    theirs = [folder / f"peer-{index}.jsonl" for index in range(count)]
    try:
        for record in theirs:
            twins.append(TwinProcess("--wiretap", device="rehastim2", record=record))
            command = [sys.executable, "-c", _PEER, twins[-1].url, str(seconds)]
            peers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL))  # fmt: skip
        for record in records:
            environment = {
                **os.environ,
                "STIMCTL_TWIN_RECORD": str(record),
                "STIMCTL_TWIN_OPTIONS": "--wiretap",
                "STIMCTL_STATE_HOME": str(folder / "state"),
            }
            command = [sys.executable, "-m", "stimctl", *_RUN.split(), f"{seconds}s"]
            ours.append(subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, env=environment))  # fmt: skip
        for process in (*ours, *peers):
            process.wait(seconds + 60)
    finally:
        for process in (*ours, *peers):
            process.kill()
        for twin in twins:
            twin.end()
    return records, theirs


def _sessions(runs: int, at_once: int, seconds: int) -> dict[str, Any]:
    """Runs without a loss of both sides, and the gaps of ours.

    A session of ours that ended before its time was not kept, whatever ended it.
    """
    kept = peer_kept = 0
    gaps: list[float] = []
    for _ in range(runs // at_once):
        with tempfile.TemporaryDirectory() as folder:
            records, theirs = _batch(Path(folder), at_once, seconds)
            for record in records:
                rows = _rows(record)
                last_us = max((row["at_us"] for row in rows if row["kind"] == "rx"), default=0)
                kept += last_us >= seconds * 1_000_000 and not _losses(rows, last_us)
                gaps += _gaps_ms(rows)
            peer_kept += sum(
                not _losses(_rows(record), (seconds - 1) * 1_000_000) for record in theirs
            )
    gaps.sort()
    return {
        "runs": runs,
        "seconds": seconds,
        "stimctl_kept": kept,
        "peer_kept": peer_kept,
        "gaps": len(gaps),
        "gap_p999_ms": round(gaps[min(len(gaps) - 1, len(gaps) * 999 // 1_000)], 1),
        "gap_longest_ms": round(gaps[-1], 1),
    }


def measure_busy(*, quick: bool) -> dict[str, Any]:
    """The same for fewer sessions, with a busy loop for each core."""
    cores = os.cpu_count() or 1
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(cores)]
    for burner in burners:
        burner.start()
    try:
        return _sessions(1, 1, 30) if quick else _sessions(3, 3, SECONDS)
    finally:
        for burner in burners:
            burner.kill()
            burner.join()


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Encoding, then the link."""
    return {
        "peer": f"pysciencemode {version('pysciencemode')}",
        "encode": measure_encoding(quick=quick),
        "link": _sessions(2, 2, 30) if quick else _sessions(RUNS, AT_ONCE, SECONDS),
        "busy": measure_busy(quick=quick),
    }


def report(result: dict[str, Any]) -> str:
    """The table in words."""
    coding, link, busy = result["encode"], result["link"], result["busy"]
    lines = [
        f"RehaStim2 beside {result['peer']}",
        f"  StartChannelListMode of 8 channels: {coding['stimctl_per_s']} frames/s, peer "
        f"{coding['peer_per_s']}: {coding['ratio']} times (promise: {coding['promise']:g})",
    ]
    for title, row in (("link", link), ("link, every core busy", busy)):
        lines.append(
            f"  {title} kept in {row['stimctl_kept']} of {row['runs']} runs of {row['seconds']} s "
            f"(promise: all), peer {row['peer_kept']}; gap p99.9 {row['gap_p999_ms']} ms "
            f"(promise: below {BARS['gap_p999_ms']:g}), longest {row['gap_longest_ms']} ms"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
