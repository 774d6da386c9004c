"""The options that several verbs share, and how their values are taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from stimctl.cli import completion
from stimctl.errors import QuantityError, UsageError
from stimctl.suggestion import meant_by
from stimctl.supervisor.device_names import EXAMPLE

Value = TypeVar("Value")

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, its schema field first.")]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        "-d",
        metavar="DEVICE",
        help=f"sim:{EXAMPLE} for the digital twin, {EXAMPLE}:/dev/ttyACM0 for a device.",
        autocompletion=completion.devices,
    ),
]
_PROTOCOL_HELP = "A name from `stimctl protocols list`, or the path of a .toml file."
Protocol = Annotated[
    str,
    typer.Argument(metavar="PROTOCOL", help=_PROTOCOL_HELP, autocompletion=completion.protocols),
]
Amplitudes = Annotated[
    list[str] | None,
    typer.Option(
        "--amplitude", "-a", metavar="CH=CURRENT", help="Plateau of a channel, e.g. 1=12mA."
    ),
]
Intensities = Annotated[
    list[str] | None,
    typer.Option(
        "--intensity",
        "-i",
        metavar="CH=PERCENT",
        help="The same where the device counts in percent, e.g. 1=40%.",
    ),
]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", metavar="CH=AREA", help="Area of the smaller electrode, e.g. 1=25cm2."),
]
Sites = Annotated[
    list[str] | None,
    typer.Option(
        "--site",
        metavar="CH=SITE",
        help="Electrode site, e.g. 1=left-quadriceps, or 1=left-calf/left-foot for two places.",
    ),
]
Contacts = Annotated[
    list[str] | None,
    typer.Option(
        "--contact",
        metavar="CH=SHARE",
        help="Share of the electrode that touches the skin, e.g. 1=80%.",
    ),
]
Duration = Annotated[
    str | None,
    typer.Option("--duration", metavar="TIME", help="A shorter session, e.g. 30s or 5min."),
]
SiteLimits = Annotated[
    Path | None,
    typer.Option("--site-limits", metavar="FILE", help="Limits of this clinic or laboratory."),
]
PersonLimits = Annotated[
    Path | None,
    typer.Option("--person-limits", metavar="FILE", help="Limits of this person."),
]
Acknowledge = Annotated[
    list[str] | None,
    typer.Option(
        "--acknowledge", metavar="LIMIT", help="Id of a warning you have read and accept."
    ),
]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", metavar="PROFILE", help="Where this is done: clinic, research or home."
    ),
]


def by_channel(
    option: str, given: Sequence[str] | None, parse: Callable[[str], Value], example: str
) -> dict[int, Value]:
    """`CH=VALUE` texts as a mapping. UsageError names the option, the text and the right form."""
    values: dict[int, Value] = {}
    for text in given or ():
        channel_text, equals, value_text = text.partition("=")
        if not equals or not _is_number(channel_text.strip()) or not value_text.strip():
            raise UsageError(
                f"{option} {text!r} is not CH=VALUE",
                why="the number of the channel, '=', and the value with its unit are needed",
                what_to_do=f"Write {option} {example}",
            )
        channel = int(channel_text)
        if channel in values:
            raise UsageError(
                f"{option} gives channel {channel} twice",
                why="it is not clear which one is meant",
                what_to_do="Give each channel once",
            )
        values[channel] = parsed(f"{option} {text}", value_text.strip(), parse)
    return values


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def parsed(option: str, text: str, parse: Callable[[str], Value]) -> Value:
    """A value with a unit; the error says for which option it was."""
    try:
        return parse(text)
    except QuantityError as error:
        raise QuantityError(
            f"{option}: {error.what}", why=error.why, what_to_do=error.what_to_do
        ) from error


def choice(option: str, given: str, allowed: Mapping[str, Value]) -> Value:
    """The value for a word. UsageError lists the words, the nearest first."""
    if given in allowed:
        return allowed[given]
    near = meant_by(given, allowed)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"{option} {given!r} is not known",
        what_to_do=f"{hint}Known: {', '.join(allowed)}",
    )
