"""A host of an openEMSstim twin in virtual time: sends lines, and sees what came when."""

from __future__ import annotations

from typing import Any

from firmware_sim.firmware.openemsstim import Dialect, OpenEmsStimTwin

MS = 1000
A, B = Dialect.ASCII, Dialect.HEX_ONLY


def wv(text: str) -> bytes:
    return b"WV,0018," + text.encode().hex().upper().encode() + b".\n"


class Bench:
    """A twin that has booted; times in us from the moment the test begins."""

    def __init__(
        self, dialect: Dialect = A, *, uptime_us: int = 15_000 * MS, **options: Any
    ) -> None:
        self.twin = OpenEmsStimTwin(dialect=dialect, **options)
        self.began_us = uptime_us
        self.now_us = 0
        self.out = b""
        self.run_until(0)
        self.twin.drain()
        self.banner, self.out = self.out, b""
        self.rows: list[dict[str, Any]] = []

    def run_until(self, at_us: int) -> None:
        at_us += self.began_us
        while (deadline := self.twin.deadline()) is not None and deadline <= at_us * 1000:
            self.twin.advance(deadline)
            self.out += self.twin.transmit()
        self.twin.advance(at_us * 1000)
        self.out += self.twin.transmit()
        self.now_us = at_us - self.began_us

    def run_for(self, time_us: int) -> None:
        self.run_until(self.now_us + time_us)

    def send(self, data: bytes, then_us: int = 0) -> Bench:
        self.twin.receive((self.began_us + self.now_us) * 1000, data)
        self.run_for(then_us)
        return self

    def heard(self) -> bytes:
        out, self.out = self.out, b""
        return out

    def happened(self, *kinds: str) -> list[tuple[Any, ...]]:
        """(ms to one decimal, what) of the wiper and relay rows since the last look."""
        self.rows += self.twin.drain()
        rows, self.rows = self.rows, []
        found: list[tuple[Any, ...]] = []
        for row in rows:
            at_ms = round((row["at_us"] - self.began_us) / 1000, 1)
            if row["kind"] == "wiper":
                found.append((at_ms, "I2C", row["register"], row["value"]))
            elif row["kind"] == "relay":
                found.append((at_ms, "relay", row["channel"], row["on"]))
        return found

    @property
    def on(self) -> tuple[bool, bool]:
        first, second = self.twin.channels
        return first.on, second.on

    @property
    def sections(self) -> list[str]:
        return [defect.section for defect in self.twin.defects]
