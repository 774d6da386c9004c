"""Frequency, widths and times within the protocol's form, each with its limit and its effect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stimctl.errors import StimctlError
from stimctl.quantity import format_frequency
from stimctl.tui.model.adjusting import Field
from stimctl.tui.model.planned import is_in_percent, limits_of
from stimctl.tui.model.planning import Choice, family_of
from stimctl.tui.model.rehearsing import rehearse
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.model.words import duration_text
from stimctl.tui.old import drawing
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.stimulus import Stimulus
    from stimctl.tui.model.desk import Desk

_MINUTE_US = 60_000_000
_MHZ_US = 1_000_000_000


class AdjustPage(ListPage):
    """The values of one channel's role, and the length of the session."""

    name = "adjust"
    title = "ADJUST"
    footer = ("less", "more", "next-channel", "choose", "rehearse")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._role = 0

    def _fields(self) -> list[tuple[Field, int]]:
        choice = self.bed.choice
        return list(choice.fields(self._role).items()) if choice else []

    def count(self) -> int:
        """The fields, and the duration."""
        return len(self._fields()) + 1 if self.bed.choice else 0

    def offers(self) -> Offers:
        """Changing: only at zero (rule A6: while output is on, only amplitudes change)."""
        busy = None
        if self.bed.choice is None:
            busy = "choose a protocol first (4)"
        elif self.bed.output_may_be_on:
            busy = "locked while output may be on: only amplitudes change; STOP first (A6)"
        ready = busy or (None if self.bed.plan else self.bed.why_not)
        hardware = None if not self.bed.live.sim else "a twin needs no rehearsal"
        return {
            **super().offers(), "more": busy, "less": busy, "choose": ready, "back": None,
            "next-channel": None, "rehearse": busy or hardware,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Change, or go on."""
        if action in ("more", "less"):
            self._change(1 if action == "more" else -1)
        elif action == "next-channel" and self.bed.choice is not None:
            self._role = (self._role + 1) % len(self.bed.choice.protocol.channels)
            self.picked = 0
        elif action == "back":
            self.desk.back()
        elif action == "rehearse":
            rehearse(self.desk)
        else:
            super().act(action)

    @property
    def takes_text(self) -> bool:
        """After a rehearsal its four characters are typed here."""
        return bool(self.desk.expects) and self.desk.confirmed != self.desk.expects

    def typed(self, key: str, character: str | None) -> None:
        """One character of the confirmation."""
        desk = self.desk
        desk.confirmed = desk.confirmed[:-1] if key == "backspace" else desk.confirmed
        desk.confirmed = f"{desk.confirmed}{(character or '').lower()}"[-len(desk.expects) :]
        done = desk.confirmed == desk.expects
        desk.say("confirmed: this plan for this device" if done else f"typed: {desk.confirmed}")

    def chosen(self) -> None:
        """On to the session. The plan goes to the supervisor."""
        self.desk.open("run")

    def _change(self, by: int) -> None:
        choice, fields = self.bed.choice, self._fields()
        assert choice is not None
        if self.picked >= len(fields):
            self.bed.take(replace(choice, duration_us=max(0, choice.duration_us + by * _MINUTE_US)))
            return
        field, value = fields[self.picked]
        try:
            self.bed.take(choice.with_field(self._role, field, value + by * field.step))
        except StimctlError as error:
            self.desk.say(f"refused: {safe(error, 300)}")

    def body(self, width: int, height: int) -> list[Line]:
        """Fields with limits on top, effect and drawing below."""
        choice = self.bed.choice
        if choice is None:
            return [line("Choose a protocol first: 4")]
        role = choice.protocol.channels[self._role]
        mark = "adjusted" if choice.adjusted else "as in the file"
        head = line((f"{role.role}", "title"), f"  {choice.name} {choice.short_hash}, {mark}")
        rows = [
            line((f"{field.label:<22}", "strong"), f"◂ {field.show(value):>9} ▸  ",
                 (self._limit(field), "dim"))
            for field, value in self._fields()
        ]  # fmt: skip
        session = choice.protocol.session
        allowed = f"{duration_text(session.shortest_us)} to {duration_text(session.longest_us)}"
        rows.append(
            line((f"{'session':<22}", "strong"), f"◂ {duration_text(choice.duration_us):>9} ▸  ",
                 (f"{allowed} (treatment)", "dim"))
        )  # fmt: skip
        below = self._below(width)
        return [head, *self.rows(rows, max(3, height - len(below) - 1)), *below]

    def _limit(self, field: Field) -> str:
        if field.key.startswith("ramp"):
            return "0.5 s or more; within on (W5)"
        if field.section == "cycle":
            return "ramps + hold = on (W5)" if field.key == "on" else ""
        bounds = family_of(self.bed.device).sheet.current if self.bed.device else None
        if bounds is None:
            return ""  # no device, or one that knows neither width nor frequency
        if (field.section == "waveform" and field.key == "frequency") or (
            "sweep" in field.section and ("frequency" in field.section)
        ):
            return f"to {format_frequency(_MHZ_US // bounds.period_min_us)} (device)"
        if field.key == "interphase_gap":
            return f"0 to {duration_text(bounds.interphase_gap_max_us)} (device)"
        if "phase_width" in f"{field.section}.{field.key}":
            low, high = bounds.phase_width_min_us, bounds.phase_width_max_us
            return f"{duration_text(low)} to {duration_text(high)} (device)"
        return ""

    def _below(self, width: int) -> list[Line]:
        if self.bed.plan is None:
            return [
                (),
                *(line((part, "wait")) for part in wrap(f"✗ {self.bed.why_not}", width)[:4]),
            ]
        return [(), *self._effect(width), (), *self._drawing(width)]

    def _effect(self, width: int) -> list[Line]:
        """What it comes to at the ceiling, beside the protocol as it is in its file."""
        choice, one = self.bed.choice, self._planned()
        assert choice is not None
        seat = next(each for each in choice.seats if each.channel == one.channel)
        figures = choice.measure.no_dose or _figures(choice, self._role, one)
        effect = f"at the ceiling of {seat.ceiling}:  {figures}"
        limit, of_what = limits_of(one)[0]
        return [
            *(line(part) for part in wrap(effect, width)),
            *(line((part, "dim")) for part in wrap(f"closest limit {limit} {of_what}", width)[:2]),
        ]

    def _planned(self) -> Any:
        channels = self.bed.plan.channels
        return channels[min(self._role, len(channels) - 1)]

    def _drawing(self, width: int) -> list[Line]:
        one = self._planned()
        cycle = one.cycle
        if cycle is not None or is_in_percent(one):
            return drawing.cycle(cycle, min(60, width))
        return drawing.pulse(one.stimulus, 30)


def _figures(choice: Choice, role: int, one: Any) -> str:
    """Charge, r.m.s. and density, each beside that of the file where it differs."""
    from stimctl.stimulus import dose_of

    area = one.setup.electrode.effective_area_mm2
    now = dose_of(one.stimulus, area)
    before = dose_of(_as_filed(choice, role, one.most), area)
    figures = [
        ("charge", before.charge_per_phase_uc, now.charge_per_phase_uc, "µC a phase"),
        ("r.m.s.", before.rms_ma, now.rms_ma, "mA"),
        ("density", before.current_density_ma_cm2, now.current_density_ma_cm2, "mA/cm²"),
    ]
    return "  ".join(
        f"{name} {_change_text(was, value)} {unit}" for name, was, value, unit in figures
    )


def _as_filed(choice: Any, role: int, amplitude_ua: int) -> Stimulus:
    from stimctl.treatment.load import load_protocol
    from stimctl.treatment.stimuli import stimulus_of

    filed = load_protocol(choice.origin.text, f"{choice.name}.toml")
    return stimulus_of(filed.channels[role], amplitude_ua)


def _change_text(was: float | None, now: float | None) -> str:
    if was is None or now is None:
        return "–"
    return f"{now:.3g}" if f"{was:.3g}" == f"{now:.3g}" else f"{was:.3g} → {now:.3g}"
