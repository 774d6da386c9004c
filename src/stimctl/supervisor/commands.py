"""What a face may say: one JSON object a line, at most 512 bytes, every field checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stimctl.errors import QuantityError, UsageError
from stimctl.quantity import parse_current_ua, parse_duration_us
from stimctl.session import intents
from stimctl.stimulus.level import AnyLevel, Level
from stimctl.treatment.event_parts import AnswerWord

LONGEST_BYTES = 512


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError("a text is expected", why=f"got {value!r}")
    return value


def _channel(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 255:
        raise UsageError("a channel is a whole number from 1", why=f"got {value!r}")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise UsageError("a whole number is expected", why=f"got {value!r}")
    return value


def _number(value: object) -> float:
    if type(value) is bool or not isinstance(value, int | float):
        raise UsageError("a number is expected", why=f"got {value!r:.40}")
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise UsageError("true or false is expected", why=f"got {value!r:.40}")
    return value


def _channels(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise UsageError("a list of channels is expected", why=f"got {value!r}")
    return tuple(_channel(one) for one in value)


def _event(value: object) -> int:
    if type(value) is not int or value < 0:
        raise UsageError("an event's number is a whole number from 0", why=f"got {value!r}")
    return value


def _current(value: object) -> int:
    return parse_current_ua(_text(value))


def _start_from(value: object) -> intents.StartFrom:
    try:
        return intents.StartFrom(_text(value))
    except ValueError:
        known = " or ".join(f'"{one}"' for one in intents.StartFrom)
        raise UsageError(f"a start is from {known}", why=f"{value!r} is neither") from None


def _answer(value: object) -> AnswerWord:
    try:
        return AnswerWord(_text(value))
    except ValueError:
        known = " or ".join(f'"{one}"' for one in AnswerWord)
        raise UsageError(f"an answer is {known}", why=f"{value!r} is neither") from None


def _level(value: object) -> AnyLevel:
    return Level.parse(_text(value))


def _duration(value: object) -> int:
    return parse_duration_us(_text(value))


# command -> (its required fields, its optional fields); "id" is allowed with every one.
_Fields = Mapping[str, Callable[[object], Any]]
_FORMS: Mapping[str, tuple[_Fields, _Fields]] = {
    "beat": ({}, {}),
    "load": ({"path": _text, "sha256": _text}, {}),
    "limits": ({"layer": _text, "path": _text, "sha256": _text}, {}),
    "channel": (
        {"channel": _channel, "level": _level, "area": _text},
        {"site": _text, "contact": _text},
    ),
    "options": ({}, {"duration": _duration, "profile": _text, "acknowledge": _text}),
    "compile": ({}, {}),
    "prepare": (
        {},
        {
            "answers": _text,
            "person": _text,
            "answered": _text,
            "expires": _text,
            "approvals": _text,
            "acknowledge": _text,
            "sides": _text,
            "electrodes": _text,
            "confirm": _text,
            "second": _text,
            "load_ohm": _whole,
            "nobody": _text,
        },
    ),
    "ready": ({}, {}),
    "inputs": ({}, {}),
    "present": ({}, {}),
    "operator": ({"code": _text}, {}),
    "connect": ({}, {}),
    "arm": ({}, {}),
    "start": ({}, {"from": _start_from}),
    # `since`: the newest event that whoever raises knew when it was decided to raise.
    "raise": ({"channel": _channel, "level": _level, "since": _event}, {}),
    "lower": ({"channel": _channel, "level": _level}, {}),
    # `at_ns`: of when the data are that the target was made of, by the monotonic clock.
    "follow": ({"channel": _channel, "level": _level, "at_ns": _event}, {}),
    "unlock": ({"channel": _channel}, {}),
    "link": ({"channels": _channels}, {}),
    "unlink": ({}, {}),
    "pulse": ({"channel": _channel, "amplitude": _current}, {}),
    "less": ({}, {}),
    "next_stage": ({}, {}),
    "pause": ({}, {}),
    "resume": ({}, {}),
    "stop": ({}, {"reason": _text}),
    "acknowledge": ({}, {"reason": _text}),
    "attend": ({}, {}),
    "felt": ({"channel": _channel}, {}),
    "found": ({"channel": _channel, "site": _text}, {}),
    "answer": ({"answer": _answer}, {}),
    "mark_threshold": ({}, {"mark": _text}),
    "leads_checked": ({}, {}),
    # `at_ns`: when it was, by the monotonic clock, as whoever tells it knows it.
    "note": ({"topic": _text, "text": _text}, {"at_ns": _event}),
    "hold": ({"for": _duration}, {}),
    "sample": ({"input": _text, "seq": _whole}, {"value": _number, "beat": _flag, "key": _flag}),
    "readings": ({}, {}),
    "close": ({}, {}),
}
# What a stop takes out of the queue: nobody wants these any more.
_MAY_RAISE = frozenset(
    {"arm", "start", "raise", "follow", "unlock", "pulse", "next_stage", "resume", "hold"}
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command with its fields checked: texts, channel numbers, levels, microseconds."""

    do: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None

    @property
    def may_raise(self) -> bool:
        """True for whatever can lead to more output than there is now."""
        return self.do in _MAY_RAISE


def parse_command(line: bytes) -> Command:
    """A command from its line. Raises `UsageError` (or `QuantityError`) that says what is wrong."""
    if len(line) > LONGEST_BYTES:
        raise UsageError(
            "a command is too long", why=f"it has {len(line)} bytes, {LONGEST_BYTES} are allowed"
        )
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("a command is not a line of JSON", why=str(error)) from error
    do = said.pop("do", None) if isinstance(said, dict) else None
    if not isinstance(do, str) or do not in _FORMS:
        known = ", ".join(_FORMS)
        raise UsageError("an unknown command", why=f"{said!r:.80}", what_to_do=f"Known: {known}")
    number = said.pop("id", None)
    if number is not None and type(number) is not int:
        raise UsageError("the id of a command is a whole number", why=f"got {number!r}")
    return Command(do, _checked(do, said), number)


def id_of(line: bytes) -> int | None:
    """The id of a line that is no command, so that whoever sent it hears what is wrong with it."""
    try:
        number = json.loads(line)["id"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return number if type(number) is int else None


def _checked(do: str, said: Mapping[str, object]) -> dict[str, Any]:
    required, optional = _FORMS[do]
    wrong = (required.keys() - said.keys()) | (said.keys() - required.keys() - optional.keys())
    if wrong:
        raise UsageError(
            f"the command {do!r} has wrong fields",
            why=f"missing or unknown: {', '.join(sorted(wrong))}",
            what_to_do=f"It takes {', '.join([*required, *optional]) or 'none'}",
        )
    try:
        return {key: (required.get(key) or optional[key])(value) for key, value in said.items()}
    except QuantityError as error:
        raise UsageError(f"the command {do!r} has a wrong value", why=str(error)) from error


_PLAIN: Mapping[str, Callable[[], intents.Intent]] = {
    "connect": intents.Connect,
    "arm": intents.Arm,
    "less": intents.Less,
    "next_stage": intents.NextStage,
    "pause": intents.Pause,
    "resume": intents.Resume,
    "attend": intents.Attend,
    "unlink": intents.Unlink,
    "leads_checked": intents.LeadsChecked,
}


def intent_of(command: Command) -> intents.Intent | None:
    """The engine's intent for a command, or None for one that is not for the engine alone."""
    fields = command.fields
    match command.do:
        case "start":
            return intents.Start(fields.get("from"))
        case "raise":
            return intents.Raise(fields["channel"], fields["level"], fields["since"])
        case "lower":
            return intents.Lower(fields["channel"], fields["level"])
        case "follow":
            return intents.Follow(fields["channel"], fields["level"], fields["at_ns"])
        case "unlock":
            return intents.Unlock(fields["channel"])
        case "link":
            return intents.Link(fields["channels"])
        case "felt":
            return intents.Felt(fields["channel"])
        case "found":
            return intents.Found(fields["channel"], fields["site"])
        case "answer":
            return intents.Answer(fields["answer"])
        case "mark_threshold":
            return intents.MarkThreshold(fields.get("mark", ""))
        case "acknowledge":
            return intents.Acknowledge(fields.get("reason", ""))
        case "hold":
            return intents.Hold(fields["for"])
        case do if do in _PLAIN:
            return _PLAIN[do]()
    return None
