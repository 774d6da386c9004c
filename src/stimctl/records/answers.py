"""A file of screening answers: whose they are, when they were given, until when they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.records.person import check_person_code
from stimctl.records.text_files import read_text_file
from stimctl.toml_text import parse_toml

YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Answers:
    """Screening answers (condition id: present) of one person, given on one day.

    `person` is a code, "" where nothing says whose they are; `answered` is None where nothing says
    when. `expires`: the last day on which they count, where that is less than the usual 90 days.
    """

    given: Mapping[str, bool] = field(default_factory=dict)
    person: str = ""
    answered: date | None = None
    expires: date | None = None

    def as_fields(self) -> dict[str, Any]:
        """As the fields of the supervisor's `prepare` command; what is not known is left out."""
        told = {
            "answers": " ".join(
                f"{id_}={'yes' if yes else 'no'}" for id_, yes in self.given.items()
            ),
            "person": self.person,
            "answered": "" if self.answered is None else self.answered.isoformat(),
            "expires": "" if self.expires is None else self.expires.isoformat(),
        }
        return {name: text for name, text in told.items() if text}


def read_answers(path: Path) -> Answers:
    """A file as `stimctl screening` prints it. Raises ProtocolFileError with what is wrong."""
    file = read_text_file(path, "screening file")
    try:
        found: Mapping[str, Any] = parse_toml(file.text)
    except (ValueError, RecursionError) as error:
        raise ProtocolFileError(
            "the screening file is not TOML",
            why=str(error),
            what_to_do='Write lines such as: C01 = "no"',
            file=str(path),
        ) from error
    rest = dict(found)
    person = _person(path, rest.pop("person", ""))
    answered, expires = (_day(path, name, rest.pop(name, None)) for name in ("answered", "expires"))
    given = {id_.upper(): _answer(path, id_, value) for id_, value in rest.items()}
    return Answers(given, person, answered, expires)


def day_of(text: str) -> date:
    """The day that `text` names, as 2026-11-29. Raises UsageError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not a date", what_to_do="Write it as 2026-11-29") from None


def _person(path: Path, value: object) -> str:
    try:
        return check_person_code(value) if isinstance(value, str) and value else ""
    except UsageError as error:
        raise ProtocolFileError(
            error.what, why=error.why, what_to_do=error.what_to_do, file=str(path), field="person"
        ) from error


def _day(path: Path, name: str, value: object) -> date | None:
    if value in (None, ""):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return day_of(str(value))
    except UsageError as error:
        raise ProtocolFileError(
            error.what, what_to_do=f"Write: {name} = 2026-11-29", file=str(path), field=name
        ) from error


def _answer(path: Path, id_: str, value: object) -> bool:
    answer = YES_NO.get(value.strip().lower()) if isinstance(value, str) else None
    if answer is None:
        raise ProtocolFileError(
            f"the answer is {value!r}",
            why='an answer is "yes" or "no"',
            what_to_do=f'Write: {id_} = "no"',
            file=str(path),
            field=id_,
        )
    return answer
