"""Treatment protocols with what speaks for and against them, drawn, and why one is not offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.errors import StimctlError
from stimctl.tui.model.device_facts import labelled
from stimctl.tui.model.planning import Choice, as_last_time, choose, compiled, protocol_names
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.old import drawing
from stimctl.tui.old.page import ListPage, Offers
from stimctl.tui.old.precheck import screening_of

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk


class ProtocolsPage(ListPage):
    """The list on the left in one line each, the picked one in detail below."""

    name = "protocols"
    title = "PROTOCOLS"
    footer = ("choose", "precheck", "setup")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._names: list[str] = []
        self._choices: dict[str, Choice | str] = {}
        self._why_not: dict[str, str] = {}

    def opened(self) -> None:
        """Read which there are; blocked ones stay in the list, with the reason."""
        self._names = protocol_names(self.bed.device)
        self._why_not = {}
        last = ["", *self.bed.memory.places][-1]
        chosen = self.bed.choice.name if self.bed.choice else last
        if chosen in self._names:
            self.picked = self._names.index(chosen)

    def count(self) -> int:
        """How many."""
        return len(self._names)

    def offers(self) -> Offers:
        """Choosing; not while output may be on, and not what is blocked."""
        found = dict(super().offers())
        if self.bed.output_may_be_on:
            found["choose"] = "output may be on: STOP first; a new protocol starts at zero"
        elif self.desk.mode:
            found["choose"] = f"this is a {self.desk.mode} view"
        return found

    def chosen(self) -> None:
        """Take it, with its first seats."""
        name = self._names[self.picked]
        choice = self._read(name)
        if isinstance(choice, str):
            self.desk.say(f"refused: {choice}")
            return
        why = self._blocked(name, choice)
        if why:
            self.desk.say(f"refused: {why}")
            return
        if self.bed.choice is None or self.bed.choice.name != name:
            self.bed.plan = None
            self._take(name, choice)
        self.desk.open("setup")

    def _take(self, name: str, choice: Choice) -> None:
        """With sites and pads as last time, where this person had it before and that still fits."""
        places = self.bed.memory.places.get(name, ())
        last = as_last_time(choice, places)
        if places and (self.bed.take(last) or self.bed.warning or not self.bed.device):
            self.desk.say("sites and pads as last time: look whether they are; ceilings are new")
        else:
            self.bed.take(choice)

    def _read(self, name: str) -> Choice | str:
        if name not in self._choices:
            try:
                self._choices[name] = choose(name)
            except StimctlError as error:
                self._choices[name] = safe(error, 300)
        return self._choices[name]

    def _blocked(self, name: str, choice: Choice) -> str:
        """Why it is not offered: screening for its sites, or no way to make a plan of it."""
        if name in self._why_not:
            return self._why_not[name]
        why = ""
        if self.bed.answers:
            from stimctl.safety import screen

            sites = [seat.site for seat in choice.seats if seat.site]
            motor = any(role.moves_muscle for role in choice.protocol.channels)
            blocks = screen(self.bed.answers, sites, motor=motor).blocks
            why = f"{blocks[0].id} {blocks[0].text}" if blocks else ""
        if not self.bed.device:  # whether it can be made a plan of is known with the device
            return why
        if not why:
            plan, reason, warning = compiled(choice, self.bed.device)
            why = "" if plan or warning else reason
        self._why_not[name] = why
        return why

    def body(self, width: int, height: int) -> list[Line]:
        """List and detail."""
        room = max(4, min(len(self._names), height - 14))
        rows = [self._row(name) for name in self._names]
        lines = self.rows(rows, room)
        if not self._names:
            return [line("there is no protocol")]
        choice = self._read(self._names[self.picked])
        if isinstance(choice, str):
            return [*lines, (), *(line((part, "refused")) for part in wrap(choice, width))]
        return [*lines, (), *self._detail(choice, width)]

    def _row(self, name: str) -> Line:
        choice = self._read(name)
        if isinstance(choice, str):
            return line((f"{name:<20} ✗ {choice}", "dim"))
        why = self._blocked(name, choice)
        grade = choice.protocol.evidence.grade
        if why:
            return line((f"{name:<20} {grade:<4} ✗ not offered: {why}", "dim"))
        return line((f"{name:<20} ", "strong"), f"{grade:<4} {safe(choice.protocol.title)}")

    def _detail(self, choice: Choice, width: int) -> list[Line]:
        protocol = choice.protocol
        evidence = protocol.evidence
        first = safe(evidence.lines[0], 300)
        lines = [
            line((part, "text")) for part in wrap(f"evidence {evidence.grade}: {first}", width)[:2]
        ]
        if evidence.recommended_against:
            text = f"!! recommended against: {safe(evidence.recommended_against)}"
            lines += [line((part, "wait")) for part in wrap(text, width)[:2]]
        how = protocol.channels[0].aim
        aim = f"raise to {how.target.value}: {safe(how.how or '')}"
        lines += [line((part, "text")) for part in wrap(aim, width)[:2]]
        if choice.other_unit:
            return [*lines, *_unit(choice, width)]
        return [*lines, *_pulses(choice, width)]


def _unit(choice: Choice, width: int) -> list[Line]:
    """What has to be set on the unit that gives the pulses, and what a percent of them is."""
    rows = [*choice.other_unit, ("percent", choice.measure.meaning)]
    cycle = choice.protocol.channels[0].on_off
    return [*labelled(rows, width), *drawing.cycle(cycle, min(60, width))]


def _pulses(choice: Choice, width: int) -> list[Line]:
    """The pulse on the left, the train and its cycle on the right."""
    from stimctl.treatment.stimuli import stimulus_of

    stimulus = stimulus_of(choice.protocol.channels[0], 0)  # type: ignore[arg-type]
    half = min(30, width // 3)
    left = drawing.pulse(stimulus, half)
    right = [*drawing.train(stimulus, half), *drawing.cycle(stimulus.cycle, half)]
    lines: list[Line] = []
    for number in range(max(len(left), len(right))):
        a = left[number] if number < len(left) else ()
        b = right[number] if number < len(right) else ()
        pad = " " * max(1, width // 2 - sum(len(span.text) for span in a))
        lines.append((*a, *line(pad), *b))
    return lines


def blocked_now(desk: Desk) -> str:
    """What the screening blocks for the present choice; "" where nothing."""
    found = screening_of(desk, desk.bed.answers)
    return f"{found.blocks[0].id} {found.blocks[0].text}" if found.blocks else ""
