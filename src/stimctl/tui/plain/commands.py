"""The words of `--plain`: what each does, and whether it needs the output to be at zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from stimctl.errors import UsageError
from stimctl.supervisor.device_names import EXAMPLE
from stimctl.tui.model.actions import ANSWERS
from stimctl.tui.model.device_facts import starting
from stimctl.tui.model.measure import Measure
from stimctl.tui.model.planned import stage_now
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import clock_text
from stimctl.tui.plain.command import Command, Do, one_of
from stimctl.tui.plain.readiness import GATE_COMMANDS
from stimctl.tui.plain.setting_up import SETUP_COMMANDS

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.notes import NotesPage
    from stimctl.tui.model.question import QuestionPage

    Text = Callable[[int], str]

_ALONE = "type the word alone for the list"


def _demo(desk: Desk, _rest: list[str]) -> str:
    from stimctl.tui.model.modes import begin_demo

    begin_demo(desk)
    return "demo: the digital twin, tens-conventional; then type arm, go, up"


def _connect(desk: Desk, rest: list[str]) -> str:
    device = one_of(rest, f"device, for example sim:{EXAMPLE}")
    desk.bed.connect(device)
    why_long = starting(device)
    return f"connecting; {why_long}: wait for IDENTIFIED" if why_long else "connecting"


def _amount(level: int | None, measure: Measure, text: Text | None = None) -> str:
    if level is None:
        return "not known"
    return measure.text(level) if text is None else text(level)


def _status(desk: Desk, _rest: list[str]) -> str:
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    kind = "SIMULATION" if live.sim else "REAL" if live.device else "no device"
    told = [
        f"{kind}, {live.state}, {clock_text(live.left_us(now_ns))} left, link {live.link or '-'}"
    ]
    stage = stage_now(desk.bed)
    if stage:
        told.append(stage)
    # An unconfirmed output has no level that could be read as if it were live (M3).
    known, measure = live.state != "unknown", live.measure
    for one in live.channels.values():
        now, acked = (one.set_level, one.acked_level) if known else (None, None)
        text = desk.bed.level_text and partial(desk.bed.level_text, one.number)
        told.append(
            f"channel {one.number} {one.role}: set {_amount(now, measure)}, "
            f"acknowledged {_amount(acked, measure, text)}, "
            f"ceiling {_amount(one.ceiling_level, measure)}"
        )
    told = [live.alarms.words] * bool(live.alarms.words) + told
    return "\n".join(safe(one) for one in told)


def _by_number(page: str) -> Do:
    """A question, from whose answers a number picks; without one it is asked."""

    def do(desk: Desk, rest: list[str]) -> str:
        there: QuestionPage = desk.pages[page]
        answers = there.answers()
        if not rest:
            numbered = [f"{number}  {one.text}" for number, one in enumerate(answers, 1)]
            return "\n".join([there.question(), *numbered])
        number = one_of(rest, "number")
        if number not in map(str, range(1, len(answers) + 1)):
            raise UsageError(f"there is no number {number}", what_to_do=_ALONE)
        there.act(ANSWERS[int(number) - 1])
        return ""

    return do


def _note(desk: Desk, rest: list[str]) -> str:
    """By its number, or in words where nothing may be on."""
    if not rest or rest[0].isdigit():
        return _by_number("notes")(desk, rest)
    notes: NotesPage = desk.pages["notes"]
    notes.write(" ".join(rest))
    return ""


def _found(desk: Desk, rest: list[str]) -> str:
    if len(rest) != 2 or not rest[0].isdigit():
        raise UsageError("a channel and a site are needed", what_to_do="found 1 left-calf")
    desk.bed.ask("found", channel=int(rest[0]), site=rest[1])
    return ""


def _answer(word: str) -> Do:
    """What the person says of an event of a procedure."""

    def do(desk: Desk, _rest: list[str]) -> str:
        desk.bed.ask("answer", answer=word)
        return ""

    return do


def _mark(desk: Desk, rest: list[str]) -> str:
    fields: dict[str, Any] = {"mark": one_of(rest, "threshold")} if rest else {}
    desk.bed.ask("mark_threshold", **fields)
    return ""


def _of_unknown(action: str) -> Do:
    """What the screen of an unconfirmed output offers."""

    def do(desk: Desk, _rest: list[str]) -> str:
        there = desk.pages["unknown"]
        why = there.offers()[action] if desk.is_unknown else "the output is confirmed"
        if why:
            raise UsageError(why)
        there.act(action)
        return ""

    return do


def _leads_checked(desk: Desk, _rest: list[str]) -> str:
    desk.bed.ask("leads_checked")
    return ""


def _quit(desk: Desk, _rest: list[str]) -> str:
    desk.leave()
    return "leaving"


COMMANDS: Mapping[str, Command] = {
    "demo": Command("a session on the digital twin", do=_demo, at_zero=True),
    **GATE_COMMANDS,
    "connect": Command(f"connect DEVICE: for example sim:{EXAMPLE}", do=_connect, at_zero=True),
    **SETUP_COMMANDS,
    "accept": Command("accept the warning", action="accept-warning"),
    "arm": Command("verify zero and ask; then go within 15 s", action="arm"),
    "go": Command("start from the beginning, 0.3 to 15 s after arm", action="go"),
    "go-on": Command("the same with what is left of the plan after a stop", action="go-on"),
    "up": Command("selected channel one step up", action="raise"),
    "up-more": Command("selected channel 1 mA up", action="raise-more"),
    "down": Command("selected channel one step down", action="lower"),
    "zero": Command("selected channel to zero", action="zero"),
    **{str(n): Command(f"select channel {n}", action=f"channel-{n}") for n in range(1, 9)},
    "all-less": Command("every channel a tenth down, or what the file says", action="all-less"),
    "next-stage": Command("end this stage by a ramp to zero; the next begins", action="next-stage"),
    "press": Command("press the input that is a key", action="press-input"),
    "pause": Command("output to zero and wait; again: go on", action="pause"),
    "link": Command("raise and lower all channels together, or not", action="link"),
    "sensory": Command("mark: begins to feel it", action="mark-sensory"),
    "motor": Command("mark: the muscle begins to move", action="mark-motor"),
    "tolerance": Command("mark: no more is wanted", action="mark-tolerance"),
    "felt": Command("the person feels the event that was given last", do=_answer("felt")),
    "too-much": Command(
        "the person wants no more of that: lower, and no higher again", do=_answer("too-much")
    ),
    "mark-threshold": Command(
        "the level is this threshold of the stage; or mark-threshold NAME", do=_mark
    ),
    "found": Command("found CHANNEL SITE: where the person feels it; or elsewhere", do=_found),
    "leads-checked": Command(
        "after a channel was felt elsewhere: the leads are as planned",
        do=_leads_checked,
        at_zero=True,
    ),
    "acknowledge": Command(
        "acknowledge NUMBER: why a session may go on after a fault", do=_by_number("fault")
    ),
    "answer": Command("answer NUMBER: to what was asked of you", do=_by_number("asked")),
    "note": Command("note NUMBER, or at zero note WORDS: for the record", do=_note),
    "reconnect": Command(
        "after OUTPUT UNKNOWN: connect again, which verifies zero", do=_of_unknown("reconnect")
    ),
    "unplugged": Command(
        "after OUTPUT UNKNOWN: the electrodes are unplugged, for the record",
        do=_of_unknown("unplugged"),
    ),
    "status": Command("state, time left, every channel", do=_status, watching=True),
    "quit": Command("leave; after STOP", do=_quit, at_zero=True, watching=True),
}

HELP = "stop, or an empty line, or SPACE: all output off\n" + "\n".join(
    f"{word}: {command.help}" for word, command in COMMANDS.items() if not word.isdigit()
)
