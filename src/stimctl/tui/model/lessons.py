"""Five short lessons on the simulated stimulator: what to do, what is watched, what it taught.

A lesson says its next step in the message line, and goes on when the session shows that it is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from stimctl.tui.model.page import Offers, Page

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.desk import Desk

Reached = Callable[["Bedside"], bool]


def _state(*names: str) -> Reached:
    return lambda bed: bed.live.state in names


def _not(*names: str) -> Reached:
    return lambda bed: bed.live.state not in names


def _confirmed(ua: int) -> Reached:
    """A channel is confirmed at this current, or above."""
    return lambda bed: any((one.acked_level or 0) >= ua for one in bed.live.channels.values())


def _lowered(ua: int) -> Reached:
    return lambda bed: not _confirmed(ua + 1)(bed)


@dataclass(frozen=True, slots=True)
class LessonStep:
    """What to do, and how the session shows that it was done."""

    do: str
    reached: Reached


_START = LessonStep("Press a (ready), read the lines, then g (start).", _state("running"))
_STOP = LessonStep("Press SPACE.", _state("stopped", "checked"))
_AGAIN = LessonStep(
    "Do what the screen says, in its order; then press r to connect again.", _not("unknown")
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """`fault`: what goes wrong with the simulated stimulator, as its options name it."""

    name: str
    about: str
    steps: tuple[LessonStep, ...]
    taught: str
    fault: str = ""


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "First treatment", "start, increase, mark, decrease, stop; 2 min",
        (
            _START,
            LessonStep("Press ↑, ask, press again: go to 3 mA.", _confirmed(3_000)),
            LessonStep("Press s: the patient begins to feel it.", lambda bed: bool(bed.marks)),
            LessonStep("Press ↓ until 2 mA.", _lowered(2_000)),
            _STOP,
        ),
        "Output begins at zero and rises one step a press. Decreasing is never limited, and SPACE "
        "ends all of it.",
    ),
    Lesson(
        "A lost electrode", "an electrode comes off after a minute; 3 min",
        (
            _START,
            LessonStep("Go to 16 mA (PgUp is 1 mA), then wait: an electrode comes off.",
                       _state("fault")),
            LessonStep("Output is off. Look at electrode and lead, press x, and say what you "
                       "found.", _not("fault")),
        ),
        "The stimulator notices a lost electrode from about 15 mA only. Below that nobody but you "
        "does: look at the electrodes, and ask.",
        "--fault electrode-off@60s",
    ),
    Lesson(
        "The patient says stop", "from another screen; 1 min",
        (
            _START,
            LessonStep("Go to 3 mA.", _confirmed(3_000)),
            LessonStep("The patient says: STOP! Press SPACE.", _state("stopped", "checked")),
        ),
        "SPACE stops from every screen, at once. The screen says when zero is confirmed.",
    ),
    Lesson(
        "A lost cable", "the USB cable comes out after 45 s; 2 min",
        (
            _START,
            LessonStep("Go to 2 mA, then wait: the USB cable comes out.", _state("unknown")),
            _AGAIN,
        ),
        "Without the cable nothing confirms zero. The electrodes come off first, then the cable "
        "goes in again.",
        "--fault unplug@45s",
    ),
    Lesson(
        "An alarm with the link gone", "the stimulator goes silent after 45 s; 2 min",
        (
            _START,
            LessonStep("Go to 2 mA, then wait: the stimulator answers nothing any more.",
                       _state("unknown")),
            _AGAIN,
        ),
        "A stimulator that is silent may still give current. OUTPUT UNKNOWN stays until zero is "
        "confirmed by the same device, whatever is on the screen otherwise.",
        "--fault mute@45s",
    ),
)  # fmt: skip


class Course:
    """A lesson under way."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.at = 0

    @property
    def is_over(self) -> bool:
        """Every step was done."""
        return self.at >= len(self.lesson.steps)

    def look(self, bed: Bedside) -> None:
        """On to the next step, where this one was done."""
        if not self.is_over and self.lesson.steps[self.at].reached(bed):
            self.at += 1

    @property
    def words(self) -> str:
        """What to do now."""
        return f"Lesson {self.at + 1}/{len(self.lesson.steps)}: {self.lesson.steps[self.at].do}"


class LessonsPage(Page):
    """Which lessons there are, and what those that were done have taught."""

    name = "lessons"
    title = "Lessons"
    actions: ClassVar[tuple[str, ...]] = ("choose",)
    footer = actions

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.done: set[int] = set()
        self.picked = 0

    def offers(self) -> Offers:
        """Beginning one, at zero."""
        busy = self.desk.bed.output_may_be_on or self.desk.bed.connecting
        return {"choose": "output may be on: STOP first" if busy else None}

    def act(self, action: str) -> None:  # noqa: ARG002
        """Begin the picked one, on a simulated stimulator of its own."""
        from stimctl.supervisor.device_names import EXAMPLE
        from stimctl.tui.model.persons import DEMO
        from stimctl.tui.model.planning import choose

        lesson, bed = LESSONS[self.picked], self.bed
        bed.take_person(DEMO)
        bed.take(replace(choose("tens-conventional"), acknowledged=frozenset({"H18"})))
        with_fault(bed, f"sim:{EXAMPLE}", lesson.fault, lambda: self.desk.open("run"))
        self.desk.course = Course(lesson)

    def look(self) -> None:
        """How far the lesson is; at its end, what it taught."""
        course = self.desk.course
        if course is None:
            return
        course.look(self.bed)
        if course.is_over:
            self.desk.course = None
            self.done.add(LESSONS.index(course.lesson))
            self.desk.open("lessons")
            self.desk.say(course.lesson.taught)
        elif not self.desk.message:
            self.desk.say(course.words)


def with_fault(bed: Bedside, device: str, fault: str, then: Callable[[], None]) -> None:
    """Connect a simulated device that has a fault; the next one has none of it."""
    from stimctl.supervisor.twin import OPTIONS_VARIABLE

    before = os.environ.get(OPTIONS_VARIABLE, "")

    def connected() -> None:
        os.environ[OPTIONS_VARIABLE] = before
        then()

    os.environ[OPTIONS_VARIABLE] = f"{before} {fault}".strip()
    bed.connect(device, connected)
