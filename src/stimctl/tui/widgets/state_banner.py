"""The header of every screen: what the session does, how long yet, and what each channel gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Digits, Static


class Tone(Enum):
    """How the state looks; its word and glyph say the same."""

    IDLE = "idle"
    READY = "ready"
    ON = "on"
    PAUSED = "paused"
    COMPLETE = "complete"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChannelBrief:
    """What one channel gives, as text with its unit; "?" where it is not known."""

    channel: int
    site: str
    value: str


@dataclass(frozen=True, slots=True)
class BannerShown:
    """`state` is glyph and word; `badge` SIM or REAL; `mode` WATCH, REPLAY or nothing."""

    state: str = "■ NO SESSION"
    tone: Tone = Tone.IDLE
    time_left: str = ""
    time_of: str = ""
    protocol: str = ""
    patient: str = ""
    badge: str = ""
    mode: str = ""
    link: str = ""
    channels: tuple[ChannelBrief, ...] = ()

    def briefs(self, width: int) -> str:
        """Each channel's value, with its site where there is room; the shortest if nothing fits."""
        told = [(one.channel, one.site, *one.value.split()) for one in self.channels]
        unit = next((one.value.split()[1] for one in self.channels if " " in one.value), "")
        values = [f"{number} {value}" for number, _, value, *_ in told]
        ways = (
            "   ".join(f"{one.channel} {one.site} {one.value}" for one in self.channels),
            "   ".join(f"{one.channel} {one.value}" for one in self.channels),
            f"{'  '.join(values)} {unit}",
            f"{' '.join(values)} {unit}",
        )
        return next((way for way in ways if len(way) <= width), ways[-1]).strip()

    @property
    def about(self) -> str:
        """Patient and protocol."""
        return " · ".join(part for part in (self.patient, self.protocol) if part)

    @property
    def badges(self) -> str:
        """SIM or REAL, and how the session is seen."""
        return " ".join(part for part in (self.badge, self.mode) if part)


class StateBanner(Vertical):
    """Three rows where the terminal has 30, two from 20 on, else one; more only where no channel
    may be left out."""

    shown: var[BannerShown] = var(BannerShown())

    def show(self, shown: BannerShown) -> None:
        """Show this from now on; what has not changed is not drawn again."""
        self.shown = shown

    def compose(self) -> ComposeResult:
        """State, protocol or channels, time left, badge; a row of channels."""
        with Horizontal():
            yield Static(classes="state")
            yield Static(classes="middle")
            yield Digits()
            yield Static(classes="time -empty")
            yield Static(classes="badge -empty")
        yield Static(classes="channels -empty")

    def on_mount(self) -> None:
        """Show the first value."""
        self.watch_shown()

    def on_resize(self) -> None:
        """As many rows as there is room for."""
        self.watch_shown()

    def watch_shown(self) -> None:
        """Update what has changed."""
        if not (self.is_mounted and self.children):  # an app that ends mounts none any more
            return
        shown, height = self.shown, self.app.size.height
        rows = 3 if height >= 30 else 2 if height >= 20 else 1
        simulated = ("-simulated",) if shown.badge == "SIM" else ()
        classes = frozenset({f"-{shown.tone.value}", f"-rows-{rows}", *simulated})
        if self.classes != classes:  # together: each change has all styles below worked out anew
            self.set_classes(classes)
        left = f"{shown.time_left} left {shown.time_of}".rstrip() if shown.time_left else ""
        time = (shown.time_left, left, f"left\n{shown.time_of}" if left else "")[rows - 1]
        self._put(".state", Content(shown.state))
        self._put(".time", Content(time))
        self._put(".badge", Content(shown.badges))
        digits = self.query_one(Digits)
        if digits.value != shown.time_left:
            digits.update(shown.time_left)
        self.call_after_refresh(self._channels, rows)

    def _channels(self, rows: int) -> None:
        """Between state and time where they fit, when that width is known; else below."""
        shown = self.shown
        link = Content.styled(shown.link, "$text-warning")
        about = Content("   ").join(part for part in (link, Content(shown.about)) if part.plain)
        room = self.query_one(".middle").content_size.width if rows != 2 else 0
        beside = shown.briefs(room)
        if len(beside) > room:
            beside = ""
        below = "" if beside else shown.briefs(self.size.width - 2)
        middle = [about] if rows > 1 else []
        middle += [Content.styled(beside, "bold")] if beside else []
        self._put(".middle", Content("\n").join(middle))
        self._put(".channels", Content(below))

    def _put(self, where: str, text: Content) -> None:
        static = self.query_one(where, Static)
        if static.content != text:
            static.update(text)
            static.set_class(not text.plain, "-empty")
