"""An openEMSstim driver and strict twin on one virtual line and clock; the test is the engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from firmware_sim.firmware.openemsstim import Dialect, OpenEmsStimTwin
from stimctl.devices.driver import Frame
from stimctl.devices.events import DriverEvent
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.safety import ClearedIntensity, Electrode, IntensityPoint, clear_intensity
from stimctl.safety.intensity import ATTENDED
from tests.support.driver_bench import MS, DriverBench

Wire = Callable[[int, bytes], bytes]
"""What arrives of one write at a time; nothing = lost."""
SHEET = OPENEMSSTIM_SHEET
STOP = "Connection End\n"
STOP_AND_PROBE = STOP + "x....\n"


def cleared(percent: int = 100) -> ClearedIntensity:
    assert SHEET.external_pulses is not None
    answer = clear_intensity(
        percent, SHEET.external_pulses, Electrode(2_500), acknowledged=frozenset({ATTENDED})
    )
    assert isinstance(answer, ClearedIntensity), answer
    return answer


_WHOLE = cleared()


def points(**channels: int) -> dict[int, IntensityPoint]:
    """points(ch1=40) -> {1: 40 %}."""
    return {int(name[2:]): _WHOLE.point(percent) for name, percent in channels.items()}


class Bench(DriverBench[OpenEmsStimDriver]):
    """Time in ns. `boot_us`: short, where the boot is not what is tested."""

    def __init__(
        self,
        dialect: Dialect = Dialect.HEX_ONLY,
        *,
        boot_us: int = 200_000,
        strict: bool = True,
        **board: Any,
    ) -> None:
        self.driver = OpenEmsStimDriver()
        self.twin = OpenEmsStimTwin(dialect=dialect, boot_us=boot_us, strict=strict, **board)
        self.now = 0
        self.seen: list[DriverEvent] = []
        self.writes: list[tuple[int, Frame]] = []
        self.to_device: Wire = lambda now, data: data
        self.to_host: Wire = lambda now, data: data

    def run(self, span_ns: int = 100 * MS) -> list[DriverEvent]:
        """Let time pass from deadline to deadline; the events of this span."""
        end, first = self.now + span_ns, len(self.seen)
        self._pump()
        while True:
            due = [self.driver.deadline(), self.twin.deadline()]
            following = min((at for at in due if at is not None), default=end + 1)
            if following > end:
                break
            self.now = max(self.now, following)
            self.twin.advance(self.now)
            self.driver.advance(self.now)
            self._pump()
        self.now = end
        self.twin.advance(self.now)
        self._pump()
        return self.seen[first:]

    def connected(self) -> Bench:
        self.driver.connect(self.now)
        self.run(1_500 * MS)
        assert self.driver.state == "zero", (self.driver.state, self.seen)
        return self

    def running(self, **channels: int) -> Bench:
        """Connected, and these channels open: running(ch1=20)."""
        self.connected()
        self.driver.apply(self.now, points(**channels))
        self.kept(800 * MS)
        assert self.driver.state == "running", self.driver.state
        assert {c.number for c in self.twin.channels if c.on} == {int(n[2:]) for n in channels}
        return self

    def kept(self, span_ns: int, every_ns: int = 200 * MS) -> None:
        super().kept(span_ns, every_ns)

    def sent(self, since: int = 0) -> list[str]:
        """What the driver wrote, in hex form decoded; `since` counts writes."""
        return [_plain(frame.data) for _, frame in self.writes[since:] if frame.data]

    def relays(self) -> list[tuple[int, int, bool]]:
        """(ms, channel, on) of the twin's record."""
        return [
            (row["at_us"] // 1_000, row["channel"], row["on"])
            for row in self.rows()
            if row["kind"] == "relay"
        ]

    def rows(self) -> list[dict[str, Any]]:
        return list(self.twin.records())

    @property
    def open(self) -> dict[int, int]:
        """Channels that are on, with their wiper values."""
        return {c.number: c.wiper for c in self.twin.channels if c.on}

    def _pump(self) -> None:
        for frame in self.driver.transmit():
            self.writes.append((self.now, frame))
            if frame.resets:
                self.twin.reset(self.now)
            elif data := self.to_device(self.now, frame.data):
                self.twin.receive(self.now, data)
        answer = self.twin.transmit()
        if answer and (answer := self.to_host(self.now, answer)):
            self.driver.receive(self.now, answer)
            self._pump()
        self.seen += self.driver.events()


def _plain(data: bytes) -> str:
    text = data.decode("ascii")
    if not text.startswith("WV,0000,"):
        # The probe of a stop is another one each time.
        return re.sub(r"\nx[a-z]{4}\n$", "\nx....\n", text)
    assert text.endswith(".\n")
    assert not set(text) & set("12qaws")
    return bytes.fromhex(text[8:-2].translate(str.maketrans("BC", "12"))).decode("ascii")
