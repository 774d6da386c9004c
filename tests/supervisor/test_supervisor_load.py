"""A stop under load: ten thousand events a second keep the supervisor busy, and it overtakes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import Device

pytestmark = pytest.mark.pty

EVENTS_A_SECOND = 10_000
BATCH = b'{"do":"beat"}\n' * 100
VERIFIED_WITHIN_MS = 300.0
"""SAFETY K8."""


class Load(threading.Thread):
    """Writes events into the supervisor's stdin, as many a second as are asked for."""

    def __init__(self, device: Device) -> None:
        super().__init__(daemon=True)
        self._stdin = device._client._own()._stdin()
        self._lock = device._client._send_lock
        self.sent = 0
        self.ends = threading.Event()

    def run(self) -> None:
        began_s = time.monotonic()
        while not self.ends.wait(0.002):
            while self.sent < EVENTS_A_SECOND * (time.monotonic() - began_s):
                with self._lock:
                    try:
                        written = os.write(self._stdin, BATCH)
                    except BlockingIOError:
                        break  # not a byte of this batch: the pipe is full
                    while written < len(BATCH):  # half a line would be no event
                        try:
                            written += os.write(self._stdin, BATCH[written:])
                        except BlockingIOError:
                            time.sleep(0.001)
                self.sent += 100


@pytest.mark.broad
@pytest.mark.hazard("H55")
def test_a_stop_overtakes_ten_thousand_events_a_second(
    record: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    late_ms: list[float] = []
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        for _ in range(5):
            device.arm()
            device.start(start_from="beginning")
            device.raise_to(1, "0.5 mA")
            load = Load(device)
            load.start()
            device.wait(0.5)
            sent_ns = time.monotonic_ns()
            device.stop()
            load.ends.set()
            load.join()
            assert load.sent >= EVENTS_A_SECOND / 4, "there was no load"
            ledger = Ledger.from_file(record)
            assert not ledger.running
            assert ledger.last_output_us is not None
            late_ms.append((ledger.monotonic_us(ledger.last_output_us) * 1_000 - sent_ns) / 1e6)
    # Before the stop counts as at once: there are 10 ms from pulse to pulse.
    late = f"{max(0.0, *late_ms):.0f} ms after a stop among {EVENTS_A_SECOND} events/s"
    record_property("H55", f"the last pulse {late}, at the latest of {len(late_ms)}")
    assert max(late_ms) <= VERIFIED_WITHIN_MS, late_ms
