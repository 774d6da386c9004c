"""A device that has passed its commissioning, as the record has it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stimctl.records.commissioning import (
    FOLDER,
    CommissioningRecord,
    driver_digest,
    write_commissioning,
)
from stimctl.records.station_keys import open_key
from stimctl.session.commissioning import NOBODY

FIRMWARE = "1.0.0"
"""What the twin of a P24 tells."""


def record_of(serial: str, **changes: Any) -> CommissioningRecord:
    """A commissioning that was passed today."""
    name, now = f"serial {serial}", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000000000Z"
    told: dict[str, Any] = {
        "family": "p24", "model": "P24", "name": name, "names": (name,), "serial": serial,
        "label": serial, "firmware": FIRMWARE, "protocol": "4.0.0",
        "driver_sha256": driver_digest(), "address": "/dev/ttyACM0", "line": {},
        "simulation": False, "load_ohm": 1_000, "nobody": NOBODY, "operator": "", "started": now,
        "ended": now, "stimctl": "0", "code_sha256": "0" * 64, "passed": True, "findings": (),
        "results": (),
    }  # fmt: skip
    return CommissioningRecord(**(told | changes))


def commissioned(state: Path, serial: str, **changes: Any) -> Path:
    """Write and sign it."""
    key = open_key(state, "2026-01-01T00:00:00.000000000Z")
    return write_commissioning(state / FOLDER, record_of(serial, **changes), key)
