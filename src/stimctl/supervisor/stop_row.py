"""How a stop learns of the driver of another package: from the lock of the session that has it.

The search among the installed packages takes 30 ms, half of what the first byte of a stop has. So a
session notes its stop sequence and its line settings in its lock file. Loaded for such names only.
"""

from __future__ import annotations

from stimctl.devices.family import NAMES, DeviceFamily, LineSettings, remember
from stimctl.supervisor.lock_files import holders_of
from stimctl.supervisor.port_names import port_keys


def row_text(row: DeviceFamily) -> str:
    """What a stop needs of it, on one line; "" for a family that is built in."""
    if row.name in NAMES:
        return ""
    lines = ";".join(
        f"{one.baud},{int(one.rtscts)},{one.stop_bits},{one.parity}" for one in row.lines
    )
    return f"{row.name} {row.stop} {int(row.resets_by_dtr)} {lines}"


def recall(device: str) -> None:
    """Take the row of the session that has this device (`toy:/dev/ttyUSB0`), where there is one.

    Whatever fails leaves it to the search. A lock file is believed only if it is this user's.
    """
    name, _, address = device.strip().partition(":")
    try:
        for holder in holders_of(port_keys(address)):
            row = _row_of(holder.row)
            if row is not None and row.name == name:
                remember(row)
    except Exception:  # noqa: BLE001 - whatever it is: the search is still to come
        return


def _row_of(text: str) -> DeviceFamily | None:
    parts = text.split(" ")
    if len(parts) != 4:
        return None
    name, stop, dtr, settings = parts
    lines = []
    for one in settings.split(";"):
        baud, rtscts, stop_bits, parity = one.split(",")
        lines.append(LineSettings(int(baud), rtscts == "1", int(stop_bits), parity))
    return DeviceFamily(name, "", "", stop, "", tuple(lines), name, dtr == "1")
