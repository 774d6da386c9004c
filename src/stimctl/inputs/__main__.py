"""`python -m stimctl.inputs`: reads the inputs that the first line of stdin names, until it ends.

The line is JSON: the socket of the supervisor, its token, and the bindings. Stdin stays open as
long as whoever has started this lives.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from stimctl.errors import StimctlError
from stimctl.inputs.bindings import Binding
from stimctl.inputs.line import open_line
from stimctl.inputs.lsl import open_lsl
from stimctl.inputs.sensor import SensorReader
from stimctl.inputs.threaded import ThreadedReader
from stimctl.inputs.udp import UdpReader
from stimctl.session.facts import InputSample
from stimctl.supervisor.sample_lane import SampleLane

Reader = UdpReader | SensorReader | ThreadedReader
_OPENERS: Mapping[str, Callable[[Binding], Reader]] = {
    "udp": UdpReader, "sim": SensorReader, "line": open_line, "lsl": open_lsl,
}  # fmt: skip
_AT_ONCE = 64
_BEGAN_NS = time.monotonic_ns()
EXIT_FAILED = 1


def first_line(path: str, token: str, bindings: tuple[Binding, ...]) -> bytes:
    """What this process is told at its start."""
    told = {"path": path, "token": token, "bindings": [asdict(one) for one in bindings]}
    return json.dumps(told).encode() + b"\n"


def main() -> int:
    """Run until stdin or the supervisor ends; the exit code."""
    told = json.loads(sys.stdin.buffer.readline() or b"{}")
    readers: list[Reader] = []
    try:
        for one in told["bindings"]:
            binding = Binding(**one)
            readers.append(_OPENERS[binding.source](binding))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(told["path"])
            line.sendall(told["token"].encode() + b"\n")
            _forward(readers, line)
    except (OSError, EOFError, LookupError, StimctlError) as error:
        sys.stderr.write(f"the inputs cannot be read: {error}\n")
        return EXIT_FAILED
    finally:
        for each in readers:
            each.close()
    return 0


def _forward(readers: list[Reader], line: socket.socket) -> None:
    lane = SampleLane()
    while True:
        due_ns = lane.due_ns()
        wait_s = None if due_ns is None else max(0.0, (due_ns - time.monotonic_ns()) / 1e9)
        ready, _, _ = select.select([sys.stdin, line, *readers], [], [], wait_s)
        if sys.stdin in ready or line in ready:  # neither says anything more: it has ended
            return
        for each in readers:
            if each in ready:
                _drain(each, lane)
        while (sample := lane.take(time.monotonic_ns())) is not None:
            line.sendall(_row(sample))


def _drain(reader: Reader, lane: SampleLane) -> None:
    """Take what has come, but not for ever: another reader may have something, too."""
    for _ in range(_AT_ONCE):
        with contextlib.suppress(ValueError):
            said = reader.read()
            if said is None:
                return
            now_ns = time.monotonic_ns()
            lane.put(now_ns, _sample(said, now_ns))


def _sample(said: dict[str, Any], now_ns: int) -> InputSample:
    beat, seq = said.get("beat") is True, said["seq"]
    if said["source"] != "udp":  # we count these: on, where another process was here before
        seq += _BEGAN_NS
    return InputSample(said["input"], seq, said.get("value"), beat=beat,
                       age_us=said.get("age_us", 0), source=said["source"],
                       arrived_ns=now_ns)  # fmt: skip


def _row(sample: InputSample) -> bytes:
    told = {"input": sample.input, "seq": sample.seq, "value": sample.value, "beat": sample.beat,
            "age_us": sample.age_us, "source": sample.source,
            "at_ns": sample.arrived_ns}  # fmt: skip
    return json.dumps(told).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
