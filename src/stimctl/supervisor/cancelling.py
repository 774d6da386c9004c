"""Whether the call of the API that runs in this thread was cancelled by whoever awaits it."""

from __future__ import annotations

import threading
from contextvars import ContextVar

from stimctl.codes import Code
from stimctl.errors import StateError

CANCELLED: ContextVar[threading.Event | None] = ContextVar("stimctl_cancelled", default=None)
"""Set in the context of one call; no call has one that runs in the thread of its program."""


def still_wanted() -> None:
    """StateError where nobody awaits the present call any more."""
    cancelled = CANCELLED.get()
    if cancelled is not None and cancelled.is_set():
        raise StateError(
            "the call was cancelled",
            code=Code.CALL_CANCELLED,
            why="its task was cancelled, which stops the output",
            what_to_do="arm and start again",
        )
