"""Commands to the bytes of a line and back, with what must not be sent refused."""

from __future__ import annotations

from typing import NamedTuple

from stimctl.errors import WireFormatError
from stimctl.wire.openemsstim.commands import (
    SINGLE_CHARACTERS,
    Action,
    Command,
    ConnectionEnd,
    Form,
    Option,
    Probe,
    SingleCharacter,
    UnknownText,
)
from stimctl.wire.openemsstim.text import (
    ARMOURED_DIGITS,
    BLANKS,
    HEX_END,
    HEX_START,
    LINE_END,
    RECEIVE_BUFFER_BYTES,
    STOP_TEXT,
    as_read,
    hex_digits,
    to_hex,
)


class Read(NamedTuple):
    """What the board makes of a line, and what is wrong with sending that line."""

    command: Command
    form: Form
    problems: tuple[str, ...]


def encode(command: Command, form: Form | None = None, *, invalid: bool = False) -> bytes:
    """Return the line of a command with its line end, in its usual form or the one given.

    Raises WireFormatError for what must not be sent (unless `invalid`), and always for what would
    reach the board as another command: a text with a line end or with characters beyond Latin-1,
    or one that its hex decoder garbles.
    """
    line = line_of(command, form)
    understood = read_line(line)
    if understood.command != command:
        raise WireFormatError(
            f"{command.name} {command.pack()!r} cannot be sent in {form or command.form} form",
            why=f"the board would read {understood.command.name} {understood.command.pack()!r}",
        )
    if not invalid and understood.problems:
        raise WireFormatError(
            f"{command.name} {command.pack()!r} must not be sent",
            why="; ".join(understood.problems),
        )
    return line.encode("latin-1") + LINE_END


def line_of(command: Command, form: Form | None = None) -> str:
    """Return the text of the line, without its end. Raises WireFormatError: one line of Latin-1."""
    text = command.pack()
    if "\n" in text or not all(ord(character) < 256 for character in text):
        raise WireFormatError(f"{text!r} cannot be sent", why="it is not one line of Latin-1 text")
    return to_hex(text) if (form or command.form) is Form.HEX else text


def read_line(line: str) -> Read:
    """Read a line of the host as the board does, whichever dialect; never raises.

    `line` is without its line end. What only some dialects act on is read as if this one did.
    """
    problems: list[str] = []
    if len(line) + len(LINE_END) > RECEIVE_BUFFER_BYTES:
        problems.append(f"the board's buffer holds {RECEIVE_BUFFER_BYTES} bytes")
    text = line.strip(BLANKS)
    if not text.startswith(HEX_START):
        command = _read_plain(text)
        return Read(command, Form.PLAIN, (*problems, *command.problems(), *_twice(command, text)))
    digits = hex_digits(text)
    if not text.endswith(HEX_END):
        problems.append("the last character is cut off, and it is not a full stop")
    decimal = digits.isascii() and digits.isdigit()
    if not (decimal or set(digits) <= ARMOURED_DIGITS) or len(digits) % 2:
        problems.append("only the hex digits 0 to 9 are read as they are meant")
    text = as_read(digits)
    command = _read_any(text)
    return Read(command, Form.HEX, (*problems, *command.problems(), *_twice(command, text)))


def _read_plain(text: str) -> Command:
    if text == STOP_TEXT:
        return ConnectionEnd()
    if text == Probe().pack():
        return Probe()
    character = text.removeprefix(".")  # one firmware wants it there
    alone = len(character) == 1 and character in SINGLE_CHARACTERS
    if alone or text[:1] in tuple(SINGLE_CHARACTERS):
        return SingleCharacter(text)
    return _read_any(text)


def _read_any(text: str) -> Command:
    if "\0" in text:  # the text ends there, and no action is taken [E]
        return UnknownText(text)
    if "G" in text:
        return Action.unpack(text)
    return Option(text) if text.startswith("O") else UnknownText(text)


def _twice(command: Command, text: str) -> tuple[str, ...]:
    """Return a sentence where an action says more than the board takes from it."""
    if isinstance(command, Action) and any(text.count(letter) > 1 for letter in "CITG"):
        return ("only the first C, I and T count: the rest is lost silently",)
    return ()
