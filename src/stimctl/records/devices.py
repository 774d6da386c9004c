"""Which device a person's session ran on: two of one kind look alike, and are told apart here.

A device is named by what it says of itself or what its USB adapter says: "serial 2103-17", "usb
0403:6001:A50". A nickname, made from that name, is easier to compare with a label than digits are.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from stimctl.records.people.change import change_beside
from stimctl.records.person import check_person_code
from stimctl.records.state_files import read_state

_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"


def names_of(serial: str, usb: str) -> tuple[str, ...]:
    """Every name of a device, the surest first; empty where nothing tells it from another."""
    found = [f"serial {serial}"] if serial else []
    # An adapter without a serial number of its own is one of many: vendor and product only.
    if usb.count(":") == 2 and not usb.endswith(":"):
        found.append(f"usb {usb}")
    return tuple(found)


def shown_as(name: str) -> str:
    """A nickname and the last four characters: "Lumoka, ends in 0017"; "" for no name."""
    if not name:
        return ""
    sum_ = hashlib.sha256(name.encode("utf-8")).digest()
    syllables = (
        _CONSONANTS[sum_[at] % len(_CONSONANTS)] + _VOWELS[sum_[at + 1] % len(_VOWELS)]
        for at in (0, 2, 4)
    )
    return f"{''.join(syllables).capitalize()}, ends in {name[-4:]}"


def last_device(state: Path, person: str, protocol: str) -> str:
    """The device of the person's last session with `protocol` on hardware, or ""."""
    return str(read_state(device_file(state, person)).get(protocol, ""))


def remember_device(state: Path, person: str, protocol: str, name: str) -> None:
    """Keep it for the next session. Raises JournalError where that cannot be written."""
    if last_device(state, person, protocol) != name:
        path = device_file(state, person)
        change_beside(state, path, lambda found: {**found, protocol: name})


def device_file(state: Path, person: str) -> Path:
    """The file of the devices of one person."""
    return state / "devices" / f"{check_person_code(person)}.json"
