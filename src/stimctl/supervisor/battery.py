"""The battery of this computer, where the system tells of it (Linux: /sys/class/power_supply)."""

from __future__ import annotations

from pathlib import Path

from stimctl.session.facts import HostPower

POWER_SUPPLIES = Path("/sys/class/power_supply")


def read_power(folder: Path = POWER_SUPPLIES) -> HostPower | None:
    """What `folder` says of batteries that feed the whole computer; None where there is none.

    Several batteries count by their mean. A battery that cannot be read counts as empty only if no
    other can, because a warning too many costs less than one too few.
    """
    try:
        supplies = [supply for supply in sorted(folder.iterdir()) if _is_own_battery(supply)]
    except OSError:
        return None
    if not supplies:
        return None
    percents = [percent for supply in supplies if (percent := _percent(supply)) is not None]
    percent = sum(percents) // len(percents) if percents else 0
    discharging = any(_text(supply / "status") == "Discharging" for supply in supplies)
    return HostPower(percent, discharging)


def _is_own_battery(supply: Path) -> bool:
    # A mouse or a pen reports its battery here too, with scope "Device".
    return _text(supply / "type") == "Battery" and _text(supply / "scope") != "Device"


def _percent(supply: Path) -> int | None:
    text = _text(supply / "capacity")
    return int(text) if text.isascii() and text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
