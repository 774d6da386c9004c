"""What of a raise that is not asked for yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """Why the next step of a channel has to be waited for; "" where it may be asked for now.

    A step that is refused for good may be asked for, too: its refusal goes on record.
    `due_ns`: it is not possible before that.
    """

    wait: str
    due_ns: int
