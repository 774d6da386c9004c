"""The screen that matters: what flows, what was asked, what was refused, and the keys for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from stimctl.tui.model.actions import LOWERING
from stimctl.tui.model.arming import arm_refusal
from stimctl.tui.model.guards import AnswerLock, HotChannel
from stimctl.tui.model.handing import handed_in, papers_of
from stimctl.tui.model.live import STALE_NS
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planned import channel_at, no_events, no_next_stage
from stimctl.tui.model.planning import watches_contact
from stimctl.tui.model.sources import no_press, press
from stimctl.tui.model.steps import go_on, next_gap, steps

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.question import FoundPage

_RECENT_NS = 500_000_000
_NOT_RUNNING = "Not started: press a, then g"
_PAUSED = "the session is paused at zero: p goes on, softly"
_COMMANDS = {"all-less": "less", "next-stage": "next_stage"}
_EVENTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "event-felt": ("answer", {"answer": "felt"}),
    "too-much": ("answer", {"answer": "too-much"}),
    "mark-threshold": ("mark_threshold", {}),
}
"""What each key of a procedure asks for."""
_REPLAY = ("slower", "faster", "speed", "hold")
_MARKS = {"mark-sensory": "sensory", "mark-motor": "motor", "mark-tolerance": "tolerance"}


class RunPage(Page):
    """One hot channel; ↑ one step, ↓ any time."""

    name = "run"
    title = "Run"
    actions = (
        "arm", "choose", "raise", "raise-more", "lower", "lower-more", "zero", "pause", "all-less",
        "next-stage", "press-input", *_EVENTS, "next-channel", "previous-channel",
        *(f"channel-{number}" for number in range(1, 9)), "link", *_MARKS, "found", "note",
        "answer", "contact", "acknowledge", "outcome", "report", "log", "accept-warning", *_REPLAY,
    )  # fmt: skip

    footer = (
        "arm", "raise", "lower", "next-channel", "pause", "next-stage", "press-input", *_EVENTS,
        "note", "answer", "acknowledge", *_REPLAY,
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.hot = HotChannel()
        self._pause_lock = AnswerLock()
        self._lowered: dict[int, tuple[int, int]] = {}
        self._papers: dict[str, str] = {}

    @property
    def has_menu(self) -> bool:  # type: ignore[override]
        """Digits open screens, but in a view of somebody else's session."""
        return not self.desk.mode

    @property
    def labels(self) -> Mapping[str, str]:  # type: ignore[override]
        """How much a step is (A2); in a pause the same key goes on."""
        steps, measure = set(self.bed.steps.values()), self.bed.measure
        one = steps.pop() if len(steps) == 1 else 0
        found = {"lower-more": f"{measure.short(measure.coarse)} down"}
        found["raise"] = f"up {measure.short(one)}" if one else "up 1 step"
        found["raise-more"] = f"up {measure.short(self._more(one))}" if one else "more"
        return found | ({"pause": "go on"} if self.bed.live.state == "paused" else {})

    def opened(self) -> None:
        """The plan goes to the supervisor as soon as there are both."""
        bed = self.bed
        ready = bed.client is not None and bed.plan is not None and not self.desk.mode
        if ready and not bed.is_loaded and not bed.output_may_be_on:
            bed.load()

    def began(self) -> None:
        """Output is on, at zero. One channel alone needs nobody to select it."""
        if len(self.bed.live.channels) == 1:
            self.hot.select(min(self.bed.live.channels), self.desk.clock.mono_ns())

    # -- what the keys may do ------------------------------------------------------------------

    def offers(self) -> Offers:
        """Every key of a session, with the reason where it does nothing now."""
        if self.desk.replay is not None:
            return dict.fromkeys((*_REPLAY, "report", "thresholds", "log"))
        live = self.bed.live
        watching = f"this is a {self.desk.mode} view" if self.desk.mode else None
        nothing = _PAUSED if live.state == "paused" else _NOT_RUNNING
        running = watching or (None if live.state == "running" else nothing)
        going = watching or (None if live.state in ("running", "paused") else _NOT_RUNNING)
        alarmed = live.state == "fault" or live.alarms.unread
        found: dict[str, str | None] = {
            "arm": watching or arm_refusal(self.desk),
            "choose": watching or self._no_next(),
            "raise": running or self._no_raise(), "raise-more": running or self._no_raise(),
            "pause": going, "all-less": watching, "next-stage": running or no_next_stage(self.bed),
            "press-input": running or no_press(self.bed) or self._no_raise(),
            **dict.fromkeys(_EVENTS, running or no_events(self.bed)),
            "lower": watching, "lower-more": watching, "zero": watching,
            "link": watching or self._one_alone(),
            **dict.fromkeys(("next-channel", "previous-channel"), going or self._one_alone()),
            **dict.fromkeys(("report", "outcome", "log")),
            **dict.fromkeys(_MARKS, running), "note": watching,
            "contact": "this device measures no impedance: look at the pads",
            "acknowledge": watching or (None if alarmed else "there is nothing to acknowledge"),
            "found": watching or self._no_found(),
            "answer": watching or (None if live.asked else "nothing is asked"),
            "accept-warning": None if self.bed.warning else "there is no warning to accept",
        }  # fmt: skip
        return {**found, **self._channel_keys()}

    def _channel_keys(self) -> Offers:
        there = self.bed.live.channels
        return {
            f"channel-{number}": None if number in there else f"the plan has no channel {number}"
            for number in range(1, 9)
        }

    def _no_raise(self) -> str | None:
        """A screen that lags, or shows what is old, is no ground to raise on (H21, H22)."""
        now_ns = self.desk.clock.mono_ns()
        if now_ns - self.bed.live.newest_ns > STALE_NS:
            return "nothing was heard for a while: the numbers on this screen are old"
        return self.desk.lookout.refusal(now_ns)

    def _no_next(self) -> str | None:
        if self.bed.output_may_be_on:
            return "a session is under way"
        return None if next_gap(self.desk) else "nothing is missing: press a, then g"

    def _one_alone(self) -> str | None:
        return None if len(self.bed.live.channels) > 1 else "there is one channel only"

    def _no_found(self) -> str | None:
        if not self.bed.find_channels:
            return "start stimctl with --find-channels for this"
        going = self.bed.live.state in ("running", "paused")
        return None if going or self.bed.live.mismatch else _NOT_RUNNING

    def act(self, action: str) -> None:
        """Do it."""
        now_ns = self.desk.key_ns
        plain: dict[str, Callable[[], None]] = {
            "found": self._found, "link": self._link, "arm": self._arm,
            "press-input": partial(press, self.desk),
        }  # fmt: skip
        if action in plain:
            plain[action]()
        elif action == "choose":
            go_on(self.desk)
        elif action in _REPLAY:
            self._replay(action)
        elif action.startswith("channel-"):
            self._select(int(action[-1]))
        elif action.endswith("-channel"):
            self._turn(1 if action == "next-channel" else -1)
        elif action in ("raise", "raise-more"):
            self._raise(now_ns, more=action == "raise-more")
        elif action in LOWERING:
            self._lower(action, now_ns)
        elif action in _MARKS:
            self._mark(_MARKS[action])
        elif action in _EVENTS:
            command, fields = _EVENTS[action]
            self.bed.ask(command, **fields)
        elif action in _COMMANDS:
            self.bed.command(_COMMANDS[action])
        elif action == "pause":
            self._pause(now_ns)
        elif action in ("report", "outcome", "thresholds", "log"):
            self.desk.open(action)
        elif action == "note":
            self.desk.overlay = self.desk.pages["notes"]
        elif action == "acknowledge" and self.bed.live.state != "fault":
            self.bed.live.alarms.acknowledge(self.desk.clock.wall_text(seconds=False))
            self.desk.say("alarm acknowledged; its cause stays in the log")
        elif action in ("acknowledge", "answer"):
            self.desk.overlay = self.desk.pages["fault" if action == "acknowledge" else "asked"]
        elif action == "accept-warning":
            self.bed.accept_warning()
            self.opened()

    def _arm(self) -> None:
        """The plan has to be with the supervisor first; it says no where the check is not over."""
        if self.bed.is_loaded:
            self._on_record_then_arm()
        else:
            self.bed.load(self._on_record_then_arm)

    def _on_record_then_arm(self) -> None:
        before, self._papers = self._papers, papers_of(self.desk)
        for topic, text in self._papers.items() if self._papers != before else ():
            self.bed.note(topic, text)  # the same is not written again for every try
        for fields in handed_in(self.desk):
            self.bed.command("prepare", **fields)
        self.bed.sources.begin(self.bed, lambda: self.bed.ask("arm"))

    def _replay(self, action: str) -> None:
        replay = self.desk.replay
        assert replay is not None
        if action == "speed":
            self.desk.say(f"{replay.faster()} times as fast")
        elif action == "hold":
            replay.held = not replay.held
            self.desk.say("held" if replay.held else "going on")
        else:
            fresh = replay.skip(forward=action == "faster")
            self.bed.live = fresh or self.bed.live
            replay.advance(self.bed.live)

    def _select(self, number: int) -> None:
        self.hot.select(number, self.desk.key_ns)
        self.desk.say(f"channel {number} {self._name(number)} selected")

    def _turn(self, by: int) -> None:
        numbers = sorted(self.bed.live.channels)
        if not numbers:
            self.desk.say("no plan is loaded, so there are no channels")
            return
        last = self.hot.last
        at = numbers.index(last) if last in numbers else -1 if by > 0 else 0
        self._select(numbers[(at + by) % len(numbers)])

    def _name(self, number: int) -> str:
        seats = self.bed.choice.seats if self.bed.choice else ()
        seat = next((one for one in seats if one.channel == number), None)
        channel = self.bed.live.channels.get(number)
        return (seat.site if seat else None) or (channel.role if channel else "")

    def _raise(self, now_ns: int, *, more: bool) -> None:
        live = self.bed.live
        number = self.hot.now(now_ns)
        held = self.desk.taps.refusal(self.desk.last_key, now_ns)
        if number not in live.channels:
            self._select_again(now_ns)
            return
        self.hot.touch(now_ns)
        assert number is not None
        if held:
            self.desk.say(f"refused ↑: {held}")
            return
        if any(live.channels[one].locked for one in self._linked(number)):
            self._unlock(number)
            return
        channel = live.channels[number]
        step = self.bed.steps.get(number, 0)
        # What is asked for in an off time adds up, and comes with the next contraction.
        target = (channel.pending_level or channel.set_level) + (self._more(step) if more else step)
        if channel.ceiling_level is not None and target > channel.ceiling_level:
            source = self.desk.ceiling_sources().get(number, "plan")
            most = live.measure.text(channel.ceiling_level)
            live.refused = f"{self.desk.clock.wall_text()}  ch{number} ↑ ceiling {most} ({source})"
            live.refusals[number] = f"maximum {most} reached (from {source})"
            self.desk.say(f"refused ↑: ceiling {most} (from {source})")
            return
        self.bed.raise_to(number, target)

    def _select_again(self, now_ns: int) -> None:
        """The channel that was selected, or the first: the press selects, and raises nothing."""
        live = self.bed.live
        last = self.hot.last
        again = last if last in live.channels else min(live.channels, default=0)
        self.hot.select(again, now_ns)
        locked = any(live.channels[one].locked for one in self._linked(again))
        if locked:
            self._unlock(again)
        else:
            self.desk.say(f"channel {again} {self._name(again)} selected. ↑ raises it.")

    def _unlock(self, number: int) -> None:
        self.bed.command("unlock", channel=number)
        where = f"channel {number} {self._name(number)}".rstrip()
        self.desk.say(f"{where} unlocked; press ↑ again to raise")

    def _linked(self, number: int) -> tuple[int, ...]:
        group = next((one for one in self.bed.live.links if number in one), (number,))
        return tuple(one for one in group if one in self.bed.live.channels)

    def _more(self, step: int) -> int:
        return self.bed.measure.scale.rules.most_by_hand(step) if step else 0

    def _lower(self, action: str, now_ns: int) -> None:
        number = self.hot.last
        if number not in self.bed.live.channels:
            number = min(self.bed.live.channels, default=None)
        if number is None:
            self.desk.say("no plan is loaded: everything is at zero")
            return
        self.hot.select(number, now_ns)
        measure = self.bed.measure
        step = self.bed.steps.get(number, measure.ceiling_step)
        by = {"lower": step, "lower-more": max(step, measure.coarse)}.get(action)
        target = 0 if by is None else max(0, self._set_or_asked(number, now_ns) - by)
        self._lowered[number] = (target, now_ns)
        self.bed.lower_to(number, target)
        if self.desk.front is not self:
            self.desk.say(f"channel {number} {self._name(number)} down to {measure.text(target)}")

    def _set_or_asked(self, number: int, now_ns: int) -> int:
        """A second Down before the first was answered goes on from where that one goes to."""
        level = self.bed.live.channels[number].set_level
        asked, at_ns = self._lowered.get(number, (level, 0))
        return min(level, asked) if now_ns - at_ns < _RECENT_NS else level

    def _mark(self, what: str) -> None:
        number = self.hot.now(self.desk.key_ns)
        channel = self.bed.live.channels.get(number or 0)
        if channel is None or not channel.set_level:
            self.desk.say(f"refused: {what} is marked on a selected channel that is above zero")
            return
        self.bed.mark(what, channel.number, channel.set_level)
        at = self.bed.measure.text(channel.set_level)
        self.desk.say(f"marked: {what} ch{channel.number} at {at}")

    def _found(self) -> None:
        if self.bed.live.state not in ("running", "paused"):
            self.bed.ask("leads_checked")
            return
        page: FoundPage = self.desk.pages["found"]
        page.channel = self.hot.last or min(self.bed.live.channels)
        self.desk.overlay = page

    def _pause(self, now_ns: int) -> None:
        counts = self._pause_lock.press(now_ns)
        far = self.desk.lookout.refusal(self.desk.clock.mono_ns())
        if self.bed.live.state == "running":
            self.bed.command("pause")
        elif far:
            self.desk.say(f"refused p: {far}")
        elif counts:
            self.bed.sources.begin(self.bed, lambda: self.bed.ask("resume"))
        else:
            self.desk.say("refused p: a held key pauses only; press again to go on")

    def _link(self) -> None:
        if self.bed.live.links:
            self.bed.ask("unlink")
        else:
            self.bed.ask("link", channels=sorted(self.bed.live.channels))

    # -- what the screen shows -----------------------------------------------------------------

    def site_of(self, number: int) -> str:
        """Where the electrodes of a channel are; "" where that is not given."""
        seats = self.bed.choice.seats if self.bed.choice else ()
        return next((one.site or "" for one in seats if one.channel == number), "")

    def planned(self, number: int) -> Any:
        """The plan's part for a channel now; None where there is none, or it is off now."""
        return channel_at(self.bed.plan, number, self.bed.live.past_us(self.desk.clock.mono_ns()))

    def selected(self, now_ns: int) -> int | None:
        """The channel that the keys are for; None where there is none (any more)."""
        return self.hot.now(now_ns)

    def lock_words(self, number: int) -> str:
        """Why raising this channel is locked now; "" where it is not."""
        live = self.bed.live
        locked = live.state == "running" and live.channels[number].locked
        return "locked: press ↑ twice" if locked else ""

    @property
    def watches_contact(self) -> bool:
        """The device sees that an electrode is off, from some current on."""
        return bool(self.bed.device) and watches_contact(self.bed.device)

    def gaps(self) -> list[str]:
        """Everything that is missing before a session, step by step; empty where nothing is."""
        if self.desk.mode or self.bed.output_may_be_on:
            return []
        missing = [one for one in steps(self.desk) if one.gaps]
        told = [f"○ {one.name}: {'; '.join(gap.text for gap in one.gaps)}" for one in missing]
        return ["Before a session (Enter: to the next):", *told] if told else []

    def events(self, most: int) -> list[tuple[str, str]]:
        """What happened, the newest first: local time and words."""
        return list(reversed(self.bed.live.log))[:most]
