"""What a word of `--plain` is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stimctl.errors import UsageError

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

Do = Callable[["Desk", list[str]], str]


def nothing(_desk: Desk, _rest: list[str]) -> str:
    """For a word that is an action of the Run screen."""
    return ""


@dataclass(frozen=True, slots=True)
class Command:
    """`action`: the same as that action on the Run screen; else `do` is called and answers.

    `at_zero`: refused while output may be on. `watching`: allowed in a view that only watches.
    """

    help: str
    action: str = ""
    do: Do = nothing
    at_zero: bool = False
    watching: bool = False


def one_of(rest: list[str], what: str) -> str:
    """The one word that is needed. Raises UsageError."""
    if len(rest) != 1:
        raise UsageError(f"one {what} is needed")
    return rest[0]
