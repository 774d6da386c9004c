"""Work that waits (for the supervisor, for the disk) away from the event loop, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

from stimctl.errors import BugError, StimctlError

Work = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[StimctlError], None]


class Jobs(Protocol):
    """Runs one piece of work after the other; the outcome comes back in the event loop."""

    def run(self, work: Work, done: Done, failed: Failed) -> None:
        """`done(result)`, or `failed(error)`."""


def outcome_of(work: Work, done: Done, failed: Failed) -> Callable[[], None]:
    """Do the work here and now; what is returned reports it."""
    try:
        result = work()
    except StimctlError as error:
        return lambda failure=error: failed(failure)  # type: ignore[misc]
    except Exception as error:  # noqa: BLE001 - a bug is told to the person like any refusal
        bug = BugError(f"this failed: {error!r}")
        return lambda: failed(bug)
    return lambda: done(result)


class ThreadJobs:
    """Jobs in a thread of their own. `post` brings a call into the event loop."""

    def __init__(self, post: Callable[[Callable[[], None]], None]) -> None:
        self._post = post
        self._queue: queue.SimpleQueue[tuple[Work, Done, Failed]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="jobs", daemon=True).start()

    def run(self, work: Work, done: Done, failed: Failed) -> None:
        """See `Jobs`."""
        self._queue.put((work, done, failed))

    def _serve(self) -> None:
        while True:
            self._post(outcome_of(*self._queue.get()))


class InlineJobs:
    """Jobs done at once, for tests and for `--plain`."""

    def run(self, work: Work, done: Done, failed: Failed) -> None:
        """See `Jobs`."""
        outcome_of(work, done, failed)()
