"""The one queue of the supervisor, in which a stop overtakes everything that waits."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from stimctl.codes import Code
from stimctl.errors import StimctlError
from stimctl.session.facts import FaceAlive, Fact, InputSample
from stimctl.supervisor.commands import Command
from stimctl.supervisor.presence import Asked
from stimctl.supervisor.sample_lane import SampleLane
from stimctl.supervisor.stop_face_state import FaceSign


@dataclass(frozen=True, slots=True)
class Arrived:
    """Bytes from the line; `link` counts how often the port was opened."""

    link: int
    data: bytes


@dataclass(frozen=True, slots=True)
class LineLost:
    """The line of that opening is gone."""

    link: int
    reason: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """The face sent something that is no command; `command_id` where it waits for an answer."""

    error: StimctlError
    command_id: int | None = None


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Somebody wants zero, now: the face, the control socket, or a stop face.

    `by_person`: who pressed may be the person at the electrodes, so that nothing goes on without a
    reason (H57).
    """

    reason: str
    command_id: int | None = None
    by_person: bool = False
    code: Code = Code.STOP_ASKED


@dataclass(frozen=True, slots=True)
class Leave:
    """Stop, verify, and end the process with this exit code (6 if zero cannot be verified)."""

    reason: str
    exit_code: int
    code: Code = Code.FACE_CLOSED


_CROWDED = 256  # items; a line at 3 Mbaud brings 75 a second

Item = Arrived | LineLost | BadLine | StopAsked | FaceSign | Leave | Command | Asked | Fact


class Inbox:
    """Items in the order they came; urgent ones first, then a beat of the face: that it lives is
    heard before what else has come, and once is enough. Safe from threads and signal handlers.

    A token stands for every item, so that one blocking call waits for all lanes;
    `SimpleQueue.put` and `deque.append` may interrupt themselves, which `queue.Queue` may not.
    """

    def __init__(self) -> None:
        self._tokens: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._urgent: deque[Item] = deque()
        self._beat: deque[Item] = deque()
        self._normal: deque[Item] = deque()
        self._samples = SampleLane()
        # Not for the urgent lane: a signal handler may interrupt whoever holds this.
        self._lock = threading.Lock()

    def put(self, item: Item) -> None:
        """Append an item; stops, signs of a stop face and leave-takings go to the front."""
        if isinstance(item, StopAsked | FaceSign | Leave):
            self._urgent.append(item)
        elif isinstance(item, FaceAlive):
            if self._beat:
                return
            self._beat.append(item)
        elif isinstance(item, InputSample):
            now_ns = time.monotonic_ns()
            if item.arrived_ns is None:
                item = replace(item, arrived_ns=now_ns)
            if not self._samples.put(now_ns, item):
                return
        else:
            with self._lock:
                self._normal.append(item)
        self._tokens.put(None)

    def admit(self, inputs: Iterable[str]) -> None:
        """The inputs of the plan that is loaded: samples of all others are let go."""
        self._samples.admit(inputs)

    @property
    def crowded(self) -> bool:
        """More waits than will be handled soon: who can should wait before adding to it."""
        return len(self._normal) > _CROWDED

    def get(self, timeout_s: float) -> Item | None:
        """The next item, or None when `timeout_s` (0: now) has passed."""
        due_ns = self._samples.due_ns()
        if due_ns is not None:  # one waits that came too soon: it has had its token
            timeout_s = min(timeout_s, (due_ns - time.monotonic_ns()) / 1e9)
        try:
            if timeout_s > 0:
                self._tokens.get(timeout=timeout_s)
            else:
                self._tokens.get_nowait()
        except queue.Empty:
            return self._samples.take(time.monotonic_ns())
        for lane in (self._urgent, self._beat, self._normal):
            try:
                return lane.popleft()
            except IndexError:
                continue
        # None where the item was discarded, or is a sample that came too soon.
        return self._samples.take(time.monotonic_ns())

    def discard_raises(self) -> list[Command]:
        """Take out every waiting command that could raise or start output, and return them."""
        with self._lock:
            items = list(self._normal)
            waiting = [item for item in items if isinstance(item, Command) and item.may_raise]
            self._normal.clear()
            self._normal.extend(item for item in items if item not in waiting)
        return waiting
