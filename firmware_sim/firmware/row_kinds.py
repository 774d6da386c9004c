"""The kinds of rows in a record and their members: what docs/reference/twin-record.md is made of.

Times (`..._us`) are us of the twin's clock, which begins at 0; currents are uA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

INTEGER, TEXT, FLAG, OBJECT, POINTS = "integer", "text", "true or false", "object", "points"


class Member(NamedTuple):
    """One member of a row. always: it is in every row of the kind."""

    type: str
    meaning: str
    always: bool = True


class RowKind(NamedTuple):
    """A kind of row. open: its rows have more members, by their `event`."""

    meaning: str
    members: Mapping[str, Member]
    open: bool = False


_AT = Member(INTEGER, "when")
_CHANNEL = Member(INTEGER, "from 1")
_TEST = Member(
    OBJECT,
    "the device's own test pulse before each pulse: `points`, and `before_us`, by how much "
    "earlier it begins",
    always=False,
)
_FORM = {
    "start_us": Member(INTEGER, "when the first pulse begins, its test pulse left out"),
    "points": Member(POINTS, "one pulse, as it reached the electrodes, its test pulse left out"),
    "test": _TEST,
}
_TRAIN = {
    "id": Member(INTEGER, "number of the train; `train` has that of its `train_open`"),
    "channel": _CHANNEL,
    "period_us": Member(INTEGER, "from the start of one pulse to that of the next"),
    **_FORM,
}
_BYTES = {"at_us": _AT, "hex": Member(TEXT, "the bytes, two hexadecimal digits each")}

KINDS: Mapping[str, RowKind] = {
    "clock": RowKind(
        "The first row of a twin in real time.",
        {
            "monotonic_ns": Member(INTEGER, "the machine's monotonic clock at 0 of the twin's"),
            "device": Member(TEXT, "name of the twin"),
        },
    ),
    "train_open": RowKind(
        "A train of equal pulses has begun. While it has no `train` it goes on, also where the "
        "record ends.",
        _TRAIN,
    ),
    "train": RowKind(
        "A train is over.", {**_TRAIN, "count": Member(INTEGER, "how many whole pulses there were")}
    ),
    "pulse": RowKind(
        "A pulse of its own: a single one, a step of a ramp, or the last of a train, cut short.",
        {
            "channel": _CHANNEL,
            **_FORM,
            "ramp": Member(INTEGER, "which step of a ramp, from 1", always=False),
            "cut": Member(FLAG, "`true`: cut off before its end", always=False),
        },
    ),
    "output": RowKind(
        "Current began (`on`) or ceased to be possible on a channel.",
        {"at_us": _AT, "channel": _CHANNEL, "on": Member(FLAG, "whether it is possible")},
    ),
    "relay": RowKind(
        "An attenuator has opened or closed the relays of a channel.",
        {
            "at_us": _AT,
            "channel": _CHANNEL,
            "on": Member(FLAG, "closed: the signal passes"),
            "wiper": Member(INTEGER, "the potentiometer then: 0 (strongest) to 255 (weakest)"),
        },
    ),
    "wiper": RowKind(
        "An attenuator has turned a potentiometer.",
        {
            "at_us": _AT,
            "channel": _CHANNEL,
            "register": Member(INTEGER, "of the potentiometer chip"),
            "value": Member(INTEGER, "0 (strongest) to 255 (weakest)"),
            "permille": Member(INTEGER, "how much of the signal passes"),
        },
    ),
    "state": RowKind(
        "The device has changed its state.",
        {
            "at_us": _AT,
            "state": Member(INTEGER, "number of the state, as the wire protocol has it"),
            "event": Member(TEXT, "why"),
            "high_voltage": Member(INTEGER, "the voltage chosen, as on the wire", always=False),
        },
    ),
    "log": RowKind(
        "Something worth knowing that is no output, such as `keep-alive expired`, `damaged frame`, "
        "`line closed`, `twin stood still` (its process did not run for `stood_us`) or "
        "`power off`, the last row of a twin that ended as it should.",
        {"at_us": _AT, "event": Member(TEXT, "what")},
        open=True,
    ),
    "line": RowKind(
        "The settings of the serial port, when a client has changed them and at its first byte.",
        {
            "at_us": _AT,
            "baud": Member("integer or null", "null: a rate without a standard name"),
            "csize": Member(INTEGER, "data bits"),
            "parity": Member(TEXT, "N, E, O, M or S; a pseudo terminal keeps none"),
            "stop_bits": Member(INTEGER, "1 or 2"),
            "rtscts": Member(FLAG, "hardware flow control"),
            "wanted": Member(TEXT, "what the device's UART needs", always=False),
            "baud_fits": Member(FLAG, "whether the rate is that", always=False),
        },
    ),
    "rx": RowKind("Bytes that the device has read (`--wiretap`).", _BYTES),
    "tx": RowKind("Bytes that the device has sent (`--wiretap`).", _BYTES),
    "fault": RowKind(
        "A fault that was asked for (`--fault`, `--scenario`) begins, ends, or does something.",
        {
            "at_us": _AT,
            "fault": Member(TEXT, "its name"),
            "event": Member(TEXT, "`begins` (with `parameters`), `ends` (with `changed`), or what"),
        },
        open=True,
    ),
    "body": RowKind(
        "Something happened in or to the simulated person (`--scenario`): `response` with the "
        "`word` that is felt, `startle`, `redness`, an electrode that moves ...",
        {
            "at_us": _AT,
            "channel": Member(INTEGER, "where; 0: the person as a whole"),
            "event": Member(TEXT, "what"),
        },
        open=True,
    ),
    "defect": RowKind(
        "The host has provoked a known defect of the firmware.",
        {
            "at_us": _AT,
            "section": Member(TEXT, "of the description of the wire"),
            "what": Member(TEXT, "what the host did"),
        },
    ),
}


def flaws_in(row: Mapping[str, Any]) -> Iterator[str]:
    """In what a row is not as its kind says."""
    kind = KINDS.get(row.get("kind", ""))
    if kind is None:
        yield f"no kind: {row}"
        return
    for name, member in kind.members.items():
        if name not in row:
            if member.always:
                yield f"{name} is missing: {row}"
        elif not _fits(row[name], member.type):
            yield f"{name} is no {member.type}: {row}"
    if not kind.open:
        for name in row.keys() - kind.members.keys() - {"kind"}:
            yield f"{name} is in no description: {row}"


def _fits(value: object, type_: str) -> bool:
    match type_:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "integer or null":
            return value is None or isinstance(value, int)
        case "text":
            return isinstance(value, str)
        case "true or false":
            return isinstance(value, bool)
        case "points":
            return isinstance(value, list) and all(len(point) == 2 for point in value)
        case _:
            return isinstance(value, Mapping)
