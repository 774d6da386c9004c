"""What a face hands in before output on hardware, gathered and checked for its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stimctl.errors import UsageError
from stimctl.records.answers import YES_NO, day_of
from stimctl.records.people.electrodes import check_electrodes_name
from stimctl.session.readiness import Preparation

SIDES = ("left", "right")


class Handed:
    """Collects it; a later field replaces an earlier one, ids are added."""

    def __init__(self) -> None:
        self.said = Preparation()

    def take(self, fields: Mapping[str, Any]) -> None:
        """The fields of one `prepare` command. Raises UsageError with nothing taken."""
        said = self.said
        changes: dict[str, Any] = {}
        if "answers" in fields:
            changes["answers"] = {**said.answers, **answers_of(fields["answers"])}
        if "person" in fields:
            changes["answers_person"] = fields["person"]
        for name in ("answered", "expires"):
            if name in fields:
                changes[name] = day_of(fields[name])
        for field, name in (("approvals", "approvals"), ("acknowledge", "acknowledged")):
            if field in fields:
                ids = fields[field].replace(",", " ").upper().split()
                changes[name] = getattr(said, name) | frozenset(ids)
        if "sides" in fields:
            changes["sides"] = {**said.sides, **sides_of(fields["sides"])}
        if "electrodes" in fields:
            changes["electrodes"] = {**said.electrodes, **electrodes_of(fields["electrodes"])}
        plain = ("confirm", "second", "load_ohm", "nobody")
        changes |= {name: fields[name] for name in plain if name in fields}
        self.said = replace(said, **changes)

    def forget_plan(self) -> None:
        """Another plan: what was said of places, pads and a rehearsal was not said of this one."""
        self.said = replace(self.said, sides={}, acknowledged=frozenset(), confirm="",
                            electrodes={})  # fmt: skip


def answers_of(text: str) -> dict[str, bool]:
    """Answers from "C01=no C02=no". Raises UsageError."""
    found: dict[str, bool] = {}
    for word in text.replace(",", " ").split():
        id_, _, answer = word.partition("=")
        if answer.lower() not in YES_NO:
            raise UsageError(f"{word!r} is no answer", what_to_do="write C01=no or C01=yes")
        found[id_.upper()] = YES_NO[answer.lower()]
    return found


def sides_of(text: str) -> dict[int, str]:
    """Sides by channel from "1=left 2=right". Raises UsageError."""
    found: dict[int, str] = {}
    for word in text.replace(",", " ").split():
        number, _, side = word.partition("=")
        if not (number.isascii() and number.isdigit()) or side.lower() not in SIDES:
            raise UsageError(f"{word!r} is no side", what_to_do="write 1=left or 1=right")
        found[int(number)] = side.lower()
    return found


def electrodes_of(text: str) -> dict[int, str]:
    """Names of electrodes by channel from "1=E-12 2=E-13". Raises UsageError."""
    found: dict[int, str] = {}
    for word in text.replace(",", " ").split():
        number, _, name = word.partition("=")
        if not (number.isascii() and number.isdigit()) or not name:
            raise UsageError(f"{word!r} names no electrodes", what_to_do="write 1=E-12")
        found[int(number)] = check_electrodes_name(name)
    return found
