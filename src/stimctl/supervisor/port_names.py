"""The names and the identity of a port, as short keys for file names. On the stop path.

A name can be a link, and a link can be led to another device while a session lives. So a session is
kept under every name it was opened by and under the device it opened, and a stop looks for both.
"""

from __future__ import annotations

import binascii
import os
import stat

_MOST_LINKS = 40  # as many as the system itself follows
_SOCKET = "socket://"


def port_key(address: str) -> str:
    """A short file name for a port: the same for every path that leads to it now."""
    return _key(_end_of(address))


def device_key(address: str) -> str:
    """The device behind `address` now, by its number where it is a device; "" if nothing is there.

    The number stays the same for every node that leads to one device.
    """
    if address.startswith(_SOCKET):
        return port_key(address)
    try:
        found = os.stat(address)  # noqa: PTH116 - anything a user may write
    except (OSError, ValueError):
        return ""
    return number_key(found) or port_key(address)


def number_key(found: os.stat_result) -> str:
    """The key of an opened device; "" where it is none."""
    if not stat.S_ISCHR(found.st_mode):
        return ""
    return f"dev-{os.major(found.st_rdev)}-{os.minor(found.st_rdev)}"


def port_keys(address: str) -> tuple[str, ...]:
    """Every key of `address` as it is now: the device's first, then those of all its names."""
    names = [_end_of(address), *_names_of(address)]
    keys = [_key(name) for name in names]
    return tuple(dict.fromkeys([keys[0], *filter(None, [device_key(address)]), *keys]))


def typed_keys(address: str) -> tuple[str, ...]:
    """The keys of the name itself, wherever it leads: they stay when the device is lost.

    All its other keys belong to the device node, which the system may give to another device.
    """
    return tuple(dict.fromkeys(_key(name) for name in _names_of(address)[:2]))


def _key(name: str) -> str:
    readable = "".join(c if c.isalnum() else "-" for c in name.rsplit("/", 1)[-1])[-24:]
    return f"{readable}-{binascii.crc32(os.fsencode(name)):08x}"


def _end_of(address: str) -> str:
    if address.startswith(_SOCKET):
        host, colon, number = address.removeprefix(_SOCKET).lower().rpartition(":")
        return f"{_SOCKET}{'127.0.0.1' if host == 'localhost' else host}{colon}{number}"
    try:
        return os.path.realpath(address)
    except (OSError, ValueError):
        return address


def _names_of(address: str) -> list[str]:
    """As it was written, and every link on the way from there to the device."""
    if address.startswith(_SOCKET):
        return [address]
    names = []
    here = address
    try:
        for _ in range(_MOST_LINKS):
            names.append(os.path.normpath(here))
            folder, name = os.path.split(names[-1])
            here = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118 - no `Path` quirks
            names.append(here)
            here = os.path.join(os.path.dirname(here), os.readlink(here))  # noqa: PTH115,PTH118,PTH120
    except (OSError, ValueError):
        pass  # the last one was no link
    return names
