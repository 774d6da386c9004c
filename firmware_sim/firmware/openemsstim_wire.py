"""The lines of an openEMSstim, as faults of the line see them."""

from __future__ import annotations

from .openemsstim_fields import STOP
from .wire import HEAD, Wire

WIRE = Wire(
    body_at=0,
    checksum_at=0,
    command=lambda _first, _second: 0,
    length=lambda _head: 2 * HEAD,  # nobody knows before its end: half is after the first six bytes
    stops=frozenset(),
    other=lambda _chance, _command: b"y\n",  # which no firmware acts on
    text=True,
    stop_begins=STOP[: len(STOP) // 2].encode(),
    lacks={
        "wrong-crc": "its lines have no checksum",
        **dict.fromkeys(
            ("output-scaled", "width-wrong", "rate-wrong", "unbalanced"),
            "its pulses are those of the unit whose output it lets through",
        ),
        "no-watchdog": "it has none",
        "open-unnoticed": "it notices no open electrode",
    },
)
