"""What Linux tells of a serial port without opening it: the adapter's timer, what is plugged in.

And whether an address is on this machine. On the stop path.
"""

from __future__ import annotations

import socket
from pathlib import Path


def latency_timer_ms(device: str) -> int | None:
    """The adapter's own latency timer in milliseconds (FTDI chips), or None where there is none."""
    name = device.rsplit("/", 1)[-1]
    try:
        text = Path(f"/sys/bus/usb-serial/devices/{name}/latency_timer").read_text("ascii")
    except OSError:
        return None
    return int(text) if text.strip().isdigit() else None


HIGHEST_LATENCY_MS = 1
"""Of the adapter: what the makers of our devices ask for [DOC]; 16 ms is usual."""


def slow_adapter(device: str, timer_ms: int | None) -> tuple[str, str] | None:
    """What a latency timer that is too long means, and what to do about it; None where it is fine.

    `timer_ms`: as `latency_timer_ms` gives it.
    """
    if timer_ms is None or timer_ms <= HIGHEST_LATENCY_MS:
        return None
    name = device.rsplit("/", 1)[-1]
    return (
        f"{device}: every answer waits up to {timer_ms} ms in the adapter",
        f"echo 1 | sudo tee /sys/bus/usb-serial/devices/{name}/latency_timer",
    )


def missing_node(device: str) -> tuple[str, str]:
    """Why there is no device behind this name, and what to do about it, in words."""
    name = device.rsplit("/", 1)[-1]
    if Path(device).exists() and not Path("/sys/class/tty", name, "device").exists():
        return (
            "its file in /dev is there, and no device is behind it",
            "plug the device in; in a container, restart it after that. `stimctl ports` lists "
            "what is there",
        )
    if Path("/sys/class/tty", name, "device").exists():
        return (
            "the system lists it, and /dev has no file for it",
            f"{node_cure(device)}. `stimctl ports` lists what is there",
        )
    return "it is not in /dev", "check the cable; `stimctl ports` lists what is there"


def node_cure(device: str) -> str:
    """How a port that the system lists gets its file in /dev."""
    if in_container():
        return f"start the container with --device {device}"
    return "sudo udevadm trigger --subsystem-match=tty"


def in_container() -> bool:
    """Whether this is a container that says so (Docker, Podman, systemd-nspawn, LXC)."""
    marks = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/dev/.lxc")
    return any(Path(mark).exists() for mark in marks)


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


def is_loopback(host: str) -> bool:
    """Whether a numeric address is on this machine; a name is none, whatever it looks like."""
    try:
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    except OSError:
        pass
    try:
        packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return False
    mapped = packed[:12] == b"\0" * 10 + b"\xff\xff" and packed[12] == 127  # ::ffff:127.0.0.1
    return mapped or packed == b"\0" * 15 + b"\1"
