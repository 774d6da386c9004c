"""Pairs of electrodes under names of their own: area, kind, uses, and the one patient they are for.

A pair belongs to the first person it is used on, and stays nobody else's when that person is
erased.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from stimctl.errors import JournalError, NotReadyError, UsageError
from stimctl.records.pads import MOST_DAYS, MOST_SESSIONS
from stimctl.records.people.change import one_program
from stimctl.records.people.keys import ERASED
from stimctl.records.state_files import read_state, write_state
from stimctl.session.needs import KeptElectrodes, Need

KINDS: Final = ("self-adhesive", "rubber", "textile")
_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_LONGEST: Final = 16
_SCHEMA: Final = "stimctl.electrodes/1"
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Electrodes:
    """One pair. `person`: the key of whom it was used on, "" while it is new. `since_s`: the first
    use (Unix s), 0 while it is new."""

    name: str
    area_mm2: int
    kind: str
    person: str = ""
    sessions: int = 0
    since_s: int = 0
    retired: bool = False

    def is_worn(self, now_s: int) -> bool:
        """Whether they should be changed (rule E1)."""
        old = bool(self.since_s) and now_s - self.since_s >= MOST_DAYS * _DAY_S
        return old or self.sessions >= MOST_SESSIONS


def check_electrodes_name(name: str) -> str:
    """`name` unchanged, as E-12. Raises UsageError."""
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or not any(one.isdigit() for one in name):
        raise UsageError(
            f"{name!r} is no name for electrodes",
            why=f"it has up to {_LONGEST} letters and digits with '-' or '_' between them, and at "
            "least one digit",
            what_to_do="write the same on their bag, such as E-12",
        )
    return name


def list_electrodes(state: Path) -> tuple[Electrodes, ...]:
    """All pairs, by name. Raises JournalError where the file cannot be read."""
    return tuple(_read(state)[name] for name in sorted(_read(state)))


def kept_electrodes(state: Path, key: str) -> dict[str, KeptElectrodes]:
    """The same as the list of what is missing takes it, for the person with this key."""
    return {
        name: KeptElectrodes(one.area_mm2, bool(one.person) and one.person != key, one.retired)
        for name, one in _read(state).items()
    }


def add_electrodes(state: Path, name: str, area_mm2: int, kind: str) -> Electrodes:
    """A new pair. Raises UsageError where the name is taken, or the kind not known."""
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of electrodes", what_to_do=f"use {', '.join(KINDS)}")
    new = Electrodes(check_electrodes_name(name), area_mm2, kind)

    def added(found: dict[str, Electrodes]) -> None:
        if name in found:
            raise UsageError(
                f"{name} are on record already",
                why="a name is never used twice: whose they were would be lost",
                what_to_do="give the new pair another name",
            )
        found[name] = new

    _change(state, added)
    return new


def retire_electrodes(state: Path, name: str) -> Electrodes:
    """They are thrown away: nobody uses them any more. Raises UsageError for an unknown name."""

    def retired(found: dict[str, Electrodes]) -> None:
        if name not in found:
            raise UsageError(
                f"there are no electrodes {name} on record",
                what_to_do="see: stimctl people electrodes",
            )
        found[name] = replace(found[name], retired=True)

    return _change(state, retired)[name]


def claim_electrodes(state: Path, names: Iterable[str], key: str, now_s: int) -> None:
    """They are this person's from now on. Raises NotReadyError where they are another's."""
    wanted = list(names)

    def claimed(found: dict[str, Electrodes]) -> None:
        for name in wanted:
            one = found.get(name)
            if one is None or (one.person and one.person != key):
                need = Need.ELECTRODES if one is None else Need.ELECTRODES_OTHER
                raise NotReadyError(
                    f"electrodes {name} cannot be used for this patient",
                    why="another program has changed what is kept of them just now",
                    what_to_do="see: stimctl people electrodes",
                    needs=(need.value,),
                )
            found[name] = replace(one, person=key, since_s=one.since_s or now_s)

    if wanted:
        _change(state, claimed)


def count_electrodes(state: Path, names: Iterable[str]) -> None:
    """One more session with each of them."""
    used = list(names)

    def counted(found: dict[str, Electrodes]) -> None:
        for name in used:
            if name in found:
                found[name] = replace(found[name], sessions=found[name].sessions + 1)

    if used:
        _change(state, counted)


def forget_owner(state: Path, key: str) -> None:
    """Whose they were is not known any more; they stay used, and so nobody else's."""

    def forgotten(found: dict[str, Electrodes]) -> None:
        for name, one in found.items():
            if key and one.person == key:
                found[name] = replace(one, person=ERASED)

    if _path(state).exists():
        _change(state, forgotten)


def _change(state: Path, change: Any) -> Mapping[str, Electrodes]:
    with one_program(state):
        found = _read(state)
        change(found)
        pairs = {name: asdict(one) for name, one in found.items()}
        write_state(_path(state), {"schema": _SCHEMA, "electrodes": pairs})
        return found


def _read(state: Path) -> dict[str, Electrodes]:
    path = _path(state)
    try:
        pairs = read_state(path)["electrodes"] if path.exists() else {}
        return {str(name): _pair(**one) for name, one in pairs.items()}
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise JournalError(
            "the file of the electrodes cannot be read",
            why=f"{path} is damaged, and whose electrodes are whose stands only there",
            what_to_do="put back a copy of it; where there is none, move it away and use new "
            "electrodes for everybody",
        ) from error


def _pair(
    name: Any, area_mm2: Any, kind: Any, person: Any, sessions: Any, since_s: Any, retired: Any
) -> Electrodes:
    return Electrodes(
        str(name), int(area_mm2), str(kind), str(person), int(sessions), int(since_s),
        retired is True,
    )  # fmt: skip


def _path(state: Path) -> Path:
    return state / "electrodes.json"
