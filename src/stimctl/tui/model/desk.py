"""Between keys, rows and screens: what a key means now, what is refused and why, what is shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stimctl.errors import StimctlError
from stimctl.tui.model.actions import ACTION_BY_ID, LOWERING, MENU, key_name
from stimctl.tui.model.alarms import Alarm
from stimctl.tui.model.attention import alarm_now
from stimctl.tui.model.bedside import Bedside
from stimctl.tui.model.clock import Clock
from stimctl.tui.model.guards import GO_UNTIL_NS, QUIT_AGAIN_NS, GoWindow, PasteWatch, Taps
from stimctl.tui.model.keymap import Keymap
from stimctl.tui.model.live import Row
from stimctl.tui.model.lookout import Lookout
from stimctl.tui.model.sizes import HEIGHT_MIN, WIDTH_MIN, too_small, unreadable
from stimctl.tui.model.theme_names import theme_after

_EVERYWHERE = ("help", "theme", "save", "quit", "back")
_NO_KEY = "no key does that here; ? shows the keys that work now"


class AnyPage(Protocol):
    """What the desk needs of a page (`stimctl.tui.model.page`)."""

    @property
    def name(self) -> str: ...
    @property
    def has_menu(self) -> bool: ...
    def opened(self) -> None: ...
    def began(self) -> None: ...
    def offers(self) -> Mapping[str, str | None]: ...
    def act(self, action: str) -> None: ...


class Desk:
    """One per program. All methods run in the event loop, but `hear`, which any thread may call."""

    def __init__(
        self, bed: Bedside, keymap: Keymap, clock: Clock, *, theme: str,
        pages: Callable[[Desk], Mapping[str, Any]], mode: str = "",
        remote: str = "", lookout: Lookout | None = None,
    ) -> None:  # fmt: skip
        self.bed = bed
        self.keymap = keymap
        self.clock = clock
        self.theme = theme
        self.mode = mode
        #: Why arming is refused on this terminal (an SSH session without --remote-ok); "" = not.
        self.remote = remote
        self.lookout = lookout or Lookout()
        self.window = GoWindow()
        self.taps = Taps()
        self.message = self.last_key = ""
        self.key_ns = 0
        #: The four characters of the last rehearsal, and what was typed of them.
        self.expects = self.confirmed = ""
        #: Called with every row that has been taken.
        self.heard: Callable[[Row], None] = lambda _row: None
        #: The recording that is shown, where one is.
        self.replay: Any = None
        #: Called when output begins.
        self.began: Callable[[Bedside], None] = lambda _bed: None
        #: Called once, after the first paint.
        self.first: Callable[[], None] = lambda: None
        #: The face still puts up screens that a session may need.
        self.is_building = False
        self.width, self.height = WIDTH_MIN, HEIGHT_MIN
        self.leave: Callable[[], None] = lambda: None
        self.save: Callable[[], None] = lambda: None
        self.wake: Callable[[], None] = lambda: None
        self._rows: deque[Row] = deque()
        self._paste = PasteWatch()
        self._quit_ns = -QUIT_AGAIN_NS
        self._sources_of: object = None
        self._sources: dict[int, str] = {}
        #: The lesson that is under way.
        self.course: Any = None
        #: The way to a session as it was last asked for.
        self.steps: tuple[Any, ...] = ()
        self.pages: Mapping[str, Any] = pages(self)
        self.page = self.pages["chooser"]
        self.overlay: AnyPage | None = None
        self._trail: list[str] = []
        bed.on_row = self.hear
        bed.say = self.say

    # -- moving ------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        """One sentence in the message line."""
        self.message = message

    def open(self, name: str) -> None:
        """Go to a screen."""
        self.overlay = None
        if name != self.page.name:
            self._trail = [*self._trail[-8:], self.page.name]
            self.page = self.pages[name]
        self.page.opened()

    def ask(self, name: str) -> None:
        """Put a question over the screen."""
        self.overlay = self.pages[name]
        self.overlay.opened()

    def back(self) -> None:
        """To where this was opened."""
        if self.overlay is not None:
            self.overlay = None
        elif self._trail:
            self.page = self.pages[self._trail.pop()]
            self.page.opened()

    @property
    def front(self) -> AnyPage:
        """What keys go to."""
        return self.pages["unknown"] if self.is_unknown else self.overlay or self.page

    @property
    def is_unknown(self) -> bool:
        """The output of this session is not confirmed: that covers everything else."""
        return self.bed.live.state == "unknown" and not self.mode

    # -- rows and time -----------------------------------------------------------------------

    def hear(self, row: Row) -> None:
        """A row, from the thread that reads them."""
        self._rows.append(row)
        self.wake()

    def take_rows(self) -> None:
        """Learn from the rows that have come."""
        live = self.bed.live
        while self._rows:
            row = self._rows.popleft()
            was = live.state
            live.take(row)
            self.heard(row)
            if live.state != was:
                self._entered(live.state, was)

    def _entered(self, state: str, was: str) -> None:
        if was == "disconnected" and self.page.name == "run":
            self.page.opened()  # a board that takes its time to start can be told the plan now
        if state == "armed":
            self._quit_ns = -QUIT_AGAIN_NS  # Ctrl-C is the first again: it stops, and stays
        if state == "armed" and not self.mode:
            self.window.open(self.clock.mono_ns())
            self.overlay = self.pages["armed"]
        elif self.overlay is self.pages["armed"]:
            self.window.close()
            self.overlay = None
        if was in ("running", "paused") and state not in ("running", "paused") and not self.mode:
            self.bed.keep_levels()
        if state == "running" and not self.mode:
            self.began(self.bed)
            self.pages["run"].began()
            if self.page.name != "run":
                self.open("run")

    def tick(self) -> None:
        """Five times a second."""
        self.take_rows()
        if self.replay is not None:
            self.replay.advance(self.bed.live)
        for page in self.pages.values():
            page.look()
        self._look_at_terminal()
        self.bed.try_again(self.clock.mono_ns())
        if why := self.bed.sources.ended():
            self.say(f"the inputs are not read any more: {why}")
        if self.window.overdue(self.clock.mono_ns()):
            self.window.close()
            within_s = GO_UNTIL_NS // 10**9
            self.bed.stop_line.stop(f"not started within {within_s} s of arming")
            self.say(f"Not started: no key for {within_s} s. Press a again.")

    def _look_at_terminal(self) -> None:
        on = self.bed.output_may_be_on and not self.mode
        hidden = unreadable(self.width, self.height)
        real = not self.bed.live.sim
        why = self.lookout.cuts(self.clock.mono_ns(), on=on, unreadable=hidden, real=real)
        if why:
            self.window.close()
            self.bed.stop_line.stop(why)
            self.say(f"STOP: {why}")

    def rings(self) -> bool:
        """Whether the bell is due now."""
        unknown = self.bed.live.state == "unknown" and self.mode != "replay"
        return self.lookout.rings(self.clock.mono_ns(), self._to_hear(), unknown=unknown)

    def _to_hear(self) -> Alarm | None:
        """The alarm that rings; without one, what rings once: a question, or the planned end."""
        live = self.bed.live
        alarm = None if self.mode == "replay" else alarm_now(live, self.clock.mono_ns())
        if alarm is not None or self.mode == "replay":
            return alarm
        asked, done_ns = live.asked, live.completed_ns
        if asked is not None and asked.at_ns - (done_ns or 0) > 10**9:
            return Alarm(asked.id, "low", asked.text, "", asked.at_ns)
        if done_ns is not None:
            return Alarm("completed", "information", "Treatment complete", "", done_ns, times=2)
        return None

    # -- keys --------------------------------------------------------------------------------

    def guarded(
        self, key: str, at_ns: int, *, is_text: bool = False, in_field: bool = False
    ) -> bool:
        """STOP, pastes and attendance, before a key means anything; True where that was all.

        `is_text`: a space for an open text field, at zero. `in_field`: a character for it, which
        takes a scan or a paste whole. STOP has gone out already where a driver saw it first.
        """
        self.key_ns, self.last_key = at_ns, key
        self.take_rows()
        if key in self.keymap.stop_keys and not is_text:
            self._stop_key(key, at_ns)
            self._paste.key(at_ns)
            return True
        if not self.taps.is_repeat(key, at_ns) and self._paste.key(at_ns) and not in_field:
            self.paste()
            return True
        self.message = ""
        if self.bed.live.attend_until_ns is not None and not self.mode:
            self._answer_attendance(key)
            return True
        return False

    def do(self, action: str, *, by_key: bool = False) -> None:
        """Do an action, or say why not. What may raise output is done for a key alone."""
        offered = self.offers()
        why = offered.get(action, "there is no such action here")
        if ACTION_BY_ID[action].raises and not by_key:
            why = "only its key does that, no click and no list"
        if why:
            self.say(f"refused {key_name(self.keymap.keys_of(action)[0])} "
                     f"{ACTION_BY_ID[action].label}: {why}")  # fmt: skip
            return
        self._do(action)

    def lowered(self, action: str) -> bool:
        """Lower while output is on, whatever screen is in front; False where nothing is on."""
        if not self.lowers_everywhere:
            return False
        self._do(action)
        return True

    def say_no(self, key: str) -> None:
        """A key that nothing has taken: why not."""
        action = self.keymap.action_for(key, self.offers())
        if action is None:
            self._no_action(key)
        else:
            self.do(action, by_key=True)

    def pasted(self, into_field: bool) -> bool:
        """True where a paste is not for a text field: while output may be on, it stops."""
        if into_field and not self.bed.output_may_be_on:
            return False
        self.paste()
        return True

    def stack(self) -> list[str]:
        """The screens that lie above each other, the front one last."""
        names = [self.page.name]
        if self.overlay is not None:
            names.append(self.overlay.name)
        if self.too_small:
            names.append("small")
        if self.is_unknown:
            names.append("unknown")
        return names

    def _do(self, action: str) -> None:
        try:
            self.act(action)
        except StimctlError as error:
            self.say(str(error))

    def _no_action(self, key: str) -> None:
        armed: AnyPage = self.pages["armed"]
        if self.overlay is armed:
            armed.act("back")
        elif self.overlay is self.pages["help"]:
            self.overlay = None
        else:
            self.say(f"{key_name(key)}: {_NO_KEY}")

    def _stop_key(self, key: str, at_ns: int) -> None:
        bed = self.bed
        bed.stop_line.key(key, at_ns)
        bed.papers.stop_key = bed.papers.stop_key or key
        again_ns = at_ns - self._quit_ns
        if key == "ctrl+c" and again_ns <= QUIT_AGAIN_NS and bed.zero_was_confirmed:
            self.leave()
            return
        self._quit_ns = at_ns if key == "ctrl+c" else -QUIT_AGAIN_NS
        if self.overlay is self.pages["armed"]:
            self.overlay = None
        self.window.close()
        nothing = "nothing is connected, so nothing is on"
        if self.mode == "replay":
            nothing = "this is a replay: there is nothing to stop"
        if self.is_unknown:
            nothing = "it cannot be sent, nothing is connected. Follow the list"
        sent = self.mode != "replay" and (bed.client is not None or bed.connecting)
        again = "; Ctrl-C again leaves" if key == "ctrl+c" and not bed.output_may_be_on else ""
        self.say(f"STOP sent ({key_name(key)}){again}" if sent else f"STOP: {nothing}{again}")

    def paste(self) -> None:
        """Text from a clipboard never does anything, and stops what is on."""
        if self.bed.output_may_be_on:
            self.bed.stop_line.stop("paste into the terminal")
            self.say("STOP: keys came faster than a person types (a paste?)")
        else:
            self.say("Pasting is off here. Please type.")

    def _answer_attendance(self, key: str) -> None:
        self.bed.live.attend_until_ns = None
        self.bed.command("attend")
        self.say("Thank you. Treatment continues.")
        action = self.keymap.action_for(key, self.offers())
        if action in LOWERING:
            self._do(action)

    # -- actions -----------------------------------------------------------------------------

    def offers(self, page: AnyPage | None = None) -> dict[str, str | None]:
        """What the keys mean now, on the screen in front or on another one: action id to None, or
        to why not."""
        front = page or self.front
        found = dict(front.offers())
        if front is self.pages["armed"]:
            return found
        if self.lowers_everywhere:
            found |= dict.fromkeys(LOWERING)
        for action in _EVERYWHERE:
            found.setdefault(action, None)
        if self._to_hear() is not None or self.bed.live.state == "unknown":
            found["silence"] = None
        ours = not self.mode and self.bed.live.state != "unknown"
        if ours and self.bed.output_may_be_on:
            found["quit"] = "output may be on: STOP first (SPACE), then leave"
        if front.has_menu:
            for name in MENU:
                found.setdefault(name, None)
        return found

    @property
    def lowers_everywhere(self) -> bool:
        """Whether output is on, so that what lowers it does so on every screen and overlay."""
        return not self.mode and self.bed.live.state in ("running", "paused")

    def act(self, action: str) -> None:
        """Do an action that is offered."""
        if action in LOWERING:
            self.pages["run"].act(action)
        elif action in self.front.offers():
            self.front.act(action)
        elif action in MENU:
            self.open(action)
        elif action == "help":
            self.ask(action)
        elif action == "theme":
            self.theme = theme_after(self.theme)
            self.say(f"theme {self.theme}")
        elif action in ("save", "quit"):
            (self.save if action == "save" else self.leave)()
        elif action == "silence":
            self.lookout.pause_sound(self.clock.mono_ns())
            self.say(self.lookout.silent_words(self.clock.mono_ns()))
        elif action == "back":
            self.back()

    def ceiling_sources(self) -> dict[int, str]:
        """For each channel of the plan, which bound its ceiling is."""
        from stimctl.tui.model.planned import binding_of

        plan = self.bed.plan
        if plan is not self._sources_of:
            self._sources_of = plan
            channels = plan.channels if plan is not None else ()
            self._sources = {one.channel: binding_of(plan, one.channel) for one in channels}
        return self._sources

    @property
    def too_small(self) -> bool:
        """The terminal is too small for the screens."""
        return too_small(self.width, self.height)
