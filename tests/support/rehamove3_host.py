"""A host of the RehaMove3 twin, and what the twin has recorded."""

from __future__ import annotations

from typing import Any

from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from tests.support.frame_host import MS
from tests.support.twin_host import Host

SECOND = 1000 * MS
TEST_ROW = {"before_us": 230, "points": [[15, 15_000], [15, -15_000]]}
KEEP_ALIVE = b"\2"


def host(load_ohm: int | None = 500, **options: Any) -> Host:
    return Host(RehaMove3Twin(0, load_ohm, **options))


def rows(of: Host, kind: str) -> list[dict[str, Any]]:
    return [row for row in of.twin.records() if row["kind"] == kind]


def events(of: Host) -> list[str]:
    return [row["event"] for row in rows(of, "log")]
