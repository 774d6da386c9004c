"""Makes docs/reference/devices.md from the table of families and their capability sheets.

`python -m tools.make_devices` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stimctl.compliance.output_table import RATE_HZ, SMALLEST_CM2, output_table
from stimctl.devices.family import BUILT_IN, DeviceFamily, LineSettings
from stimctl.supervisor.families import family_named
from tools.markdown import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "devices.md"
_HEAD = """# Devices

Made by `python -m tools.make_devices` from the sheets of the drivers; do not edit. `stimctl spec
FAMILY` prints the same. **No driver has met a real device yet**; see [the limits of the
claims](../explanation/limits-of-the-claims.md).

A device is named `FAMILY:PORT`, its digital twin `sim:FAMILY`. Certainty: **R** read in a primary
text; **R2** read in a text that quotes it; **M+**, **M?** unverified; **D** decided here. The
tables say what a device can do. What stimctl lets it do is less: see [limits](limits.md), or
`stimctl check PROTOCOL --device sim:FAMILY`.
"""
_FACT = ("name", "value", "source", "certainty", "note")
_MOST = """The widest symmetric pulse at {rate} Hz, one channel, an electrode of {area} cm2.
stimctl's own limits are far below."""


def page() -> str:
    """The whole page."""
    rows = []
    for one in BUILT_IN:
        told = output_table(family_named(one.name).sheet)
        unit = told["basic_unit"]
        rows.append(
            (f"[`{one.name}`](#{one.name})", told["device"], told["wire"], unit["channels"],
             told["output"].get("amplitude", told["output"].get("intensity", "")),
             unit["stops without a host after"])
        )  # fmt: skip
    head = ("family", "device", "wire", "channels", "amplitude", "stops without a host after")
    return "\n".join(
        [_HEAD, table(head, rows), *(part for one in BUILT_IN for part in _family(one))]
    )


def _family(one: DeviceFamily) -> Iterator[str]:
    told = output_table(family_named(one.name).sheet)
    yield f"## {one.name}\n"
    yield f"{told['device']}, {told['wire']}, {told['intended_use']}."
    yield f"On a port: `{one.name}:/dev/ttyUSB0`. Twin: `sim:{one.twin}`.\n"
    yield f"### Link of {one.name}\n"
    restarts = " Opening the port restarts it." if one.resets_by_dtr else ""
    yield f"{'; or '.join(_line(line) for line in one.lines)}.{restarts}\n"
    for title in ("output", "basic_unit", "output_after_host_death"):
        yield f"### {title.replace('_', ' ').capitalize()} of {one.name}\n"
        yield _pairs(told[title])
    if told["max_output"]:
        yield f"### Highest output of {one.name}\n"
        yield _MOST.format(rate=RATE_HZ, area=SMALLEST_CM2) + "\n"
        yield _most(told["max_output"])
    yield f"### Protections of the person in {one.name}\n"
    yield table(
        ("protection", "present", "note"),
        [(name, it["presence"], it["note"]) for name, it in told["protections"].items()],
    )
    yield f"### Facts about {one.name}\n"
    yield table(
        ("name", "value", "source", "certainty", "note"),
        [
            [it[key] for key in ("name", "value", "source", "certainty", "note")]
            for it in told["facts"]
        ],
    )


def _line(line: LineSettings) -> str:
    flow = ", RTS/CTS" if line.rtscts else ""
    return f"{line.baud} baud, 8{line.parity}{line.stop_bits}{flow}"


def _pairs(found: Mapping[str, Any]) -> str:
    return table(("what", "value"), list(found.items()))


def _most(rows: list[Mapping[str, Any]]) -> str:
    names = [one for one in rows[0] if one != "falls_short"]
    return table(names, [[one[name] for name in names] for one in rows])


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
