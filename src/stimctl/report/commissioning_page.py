"""A commissioning as one HTML page: expected, tolerance, measured and verdict of every line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stimctl.records.commissioning import Signed
from stimctl.report.page import fill
from stimctl.session.commissioning import COUNTS_FOR_DAYS

_SIGNS: Final = {"passed": "✓ passed", "failed": "✗ FAILED", "not-done": "– not done",
                 "not-applicable": "· not applicable"}  # fmt: skip
_LINE: Final = {"address": "port", "baud": "bit rate", "parity": "parity", "stop_bits": "stop bits",
                "latency_timer_ms": "latency timer in ms"}  # fmt: skip


def render_commissioning(signed: Signed) -> str:
    """The page. The same record gives the same bytes."""
    told = signed.told
    return fill(
        "commissioning.html",
        told=told,
        simulation=told["simulation"],
        passed=signed.passed,
        sound=signed.sound,
        why=signed.why,
        facts=tuple(_facts(told)),
        verdict=lambda word: _SIGNS.get(word, word),
        days=COUNTS_FOR_DAYS,
    )


def _facts(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    serial = told["serial"] or "the device reports none"
    named = [(name, told["line"].get(key)) for key, name in _LINE.items()]
    line = ", ".join(f"{name} {value}" for name, value in named if value is not None)
    facts = [
        ("Device", f"{told['model']}, {told['family']}"),
        ("Serial number", serial),
        ("On its label", told["label"] or "not given"),
        ("Known as", told["name"] or "nothing tells it from another one"),
        ("Firmware", told["firmware"] or "not reported"),
        ("Line", line),
        ("Load", f"{told['load_ohm']} ohm, resistive"),
        ("Confirmed", told["nobody"]),
        ("Operator", told["operator"] or "not given"),
        ("Time (UTC)", f"{told['started'][:19]} to {told['ended'][:19]}"),
        ("stimctl", f"{told['stimctl']}, driver {told['driver_sha256'][:16]}"),
        ("Signed by", told["key"]),
    ]
    return [(name, str(value)) for name, value in facts]
