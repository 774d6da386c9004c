"""What Linux tells of a serial port without opening it: the adapter's timer, what is plugged in.

On the stop path.
"""

from __future__ import annotations

from pathlib import Path


def latency_timer_ms(device: str) -> int | None:
    """The adapter's own latency timer in milliseconds (FTDI chips), or None where there is none."""
    name = device.rsplit("/", 1)[-1]
    try:
        text = Path(f"/sys/bus/usb-serial/devices/{name}/latency_timer").read_text("ascii")
    except OSError:
        return None
    return int(text) if text.strip().isdigit() else None


def usb_identity(device: str) -> str:
    """Vendor, product and serial number of the USB device behind a port, or "" (Linux only)."""
    node = Path("/sys/class/tty", device.rsplit("/", 1)[-1], "device")
    if not node.exists():
        return ""
    for folder in node.resolve().parents:
        if (folder / "idVendor").is_file():
            names = ("idVendor", "idProduct", "serial")
            files = [folder / name for name in names]
            return ":".join(file.read_text("utf-8").strip() for file in files if file.is_file())
    return ""
