"""Settings: frequency, widths and times of a treatment, with limits and what each comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from stimctl.errors import StimctlError, UsageError
from stimctl.quantity import format_frequency, parse_duration_us
from stimctl.tui.model.adjusting import Field
from stimctl.tui.model.dose import Figure, figures_of, given_rate
from stimctl.tui.model.last_time import filed_value
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planned import is_in_percent, limits_of
from stimctl.tui.model.planning import Choice, choose, compiled, family_of
from stimctl.tui.model.rehearsing import rehearse
from stimctl.tui.model.steps import go_on
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import duration_text

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_MHZ_US = 1_000_000_000
SESSION = "session"
#: How a plan's notes about its length begin.
_OF_LENGTH = ("duration ", "shortened ", "longer ")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the form: its key, label, present text, the file's own, and its limits."""

    key: str
    label: str
    text: str
    standard: str
    limit: str

    @property
    def is_changed(self) -> bool:
        """It differs from the protocol's file."""
        return self.text != self.standard


class AdjustPage(Page):
    """The values of one role of the protocol, and the length of the session."""

    name = "adjust"
    title = "Settings"
    actions: ClassVar[tuple[str, ...]] = ("choose", "rehearse", "reset", "next-role")
    footer = ("choose", "rehearse", "reset", "next-role")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._role = 0
        #: What is being typed, as a whole choice with its plan; None where it is as taken.
        self._tried: tuple[Choice, Any] | None = None

    def opened(self) -> None:
        """From what is set up."""
        self._tried = None

    @property
    def choice(self) -> Choice:
        """What is set up. UsageError where no protocol is chosen."""
        if self.bed.choice is None:
            raise UsageError("choose a protocol first (4)")
        return self.bed.choice

    @property
    def role(self) -> int:
        """The role whose values are shown; channels that share theirs have the same values."""
        return 0 if self.choice.has_shared_role else self._role % len(self.choice.protocol.channels)

    def busy(self) -> str | None:
        """Why nothing can be changed now (rule A6)."""
        if self.bed.choice is None:
            return "choose a protocol first (4)"
        if self.bed.output_may_be_on:
            return "locked during treatment: only the amplitude changes; STOP first"
        return None

    def offers(self) -> Offers:
        """Changing: only at zero."""
        busy = self.busy()
        found = {"choose": busy, "rehearse": busy, "reset": busy}
        if busy is None and self.bed.choice is not None:
            found["choose"] = None if self.bed.plan is not None else self.bed.why_not
            if self.bed.live.sim:
                found["rehearse"] = "a simulated device needs no simulation first"
            found["reset"] = None if self.choice.adjusted else "these are the standard settings"
            if not self.choice.has_shared_role:
                found["next-role"] = None
        return found

    def act(self, action: str) -> None:
        """Go on, simulate, or back to the file's values."""
        if action == "choose":
            self.desk.open("run")
        elif action == "rehearse":
            rehearse(self.desk)
        elif action == "next-role":
            self._role += 1
        elif action == "reset":
            self.reset()

    def reset(self) -> None:
        """The values of the protocol's file, at the same electrodes."""
        choice = self.choice
        filed = replace(choose(choice.name), seats=choice.seats, acknowledged=choice.acknowledged)
        filed = replace(filed, limit_files=choice.limit_files, profile=choice.profile)
        if choice.alternates:
            filed = filed.with_seats(choice.seats, alternate=True)
        self._take(filed)

    # -- values ------------------------------------------------------------------------------

    def values(self) -> list[Value]:
        """The form."""
        choice, role = self.choice, self.role
        one = None if self.planned() is None or is_in_percent(self.planned()) else self.planned()
        found = []
        for field, value in choice.fields(role).items():
            filed = filed_value(choice, role, field)
            standard = "" if filed is None else field.show(filed)
            limit = self._limit(field)
            if field.section == "waveform" and field.key == "frequency" and one is not None:
                limit = given_rate(one) or limit
            found.append(Value(key_of(field), field.label, field.show(value), standard, limit))
        session = choice.protocol.session
        limit = f"{duration_text(session.shortest_us)} to {duration_text(session.longest_us)}"
        standard = duration_text(choice.filed.usual_duration_us)
        length = duration_text(choice.duration_us)
        return [*found, Value(SESSION, "length of session", length, standard, limit)]

    def _limit(self, field: Field) -> str:
        if field.key.startswith("ramp"):
            return "0.5 s or more"
        if field.section == "cycle":
            return "includes both ramps" if field.key == "on" else ""
        bounds = family_of(self.bed.device).sheet.current if self.bed.device else None
        if bounds is None:
            return ""  # no device, or one that knows neither width nor frequency
        if field.parse.__name__ == "parse_frequency_mhz" and field.section != "waveform.burst":
            return f"to {format_frequency(_MHZ_US // bounds.period_min_us)}"
        if field.key == "interphase_gap":
            return f"0 to {duration_text(bounds.interphase_gap_max_us)}"
        if "phase_width" in f"{field.section}.{field.key}":
            low, high = bounds.phase_width_min_us, bounds.phase_width_max_us
            return f"{duration_text(low)} to {duration_text(high)}"
        return ""

    def _with(self, key: str, text: str) -> Choice:
        choice = self.choice
        if key == SESSION:
            return replace(choice, duration_us=parse_duration_us(text))
        for field in choice.fields(self.role):
            if key_of(field) == key:
                return choice.with_field(self.role, field, field.parse(text))
        raise UsageError(f"this treatment has no {key}")

    def refusal(self, key: str, text: str) -> str:
        """Why a value is refused, in the refusal's own words; "" where it is not. What it would
        come to is shown meanwhile."""
        self._tried = None
        try:
            choice = self._with(key, text)
        except (StimctlError, ValueError) as error:
            return safe(error, 300)
        if not self.bed.device:
            return ""
        plan, why, warning = compiled(choice, self.bed.device)
        if plan is not None:
            self._tried = (choice, plan)
        return "" if plan is not None or warning else why

    def set(self, key: str, text: str) -> None:
        """Take a value. Raises StimctlError with why it is refused."""
        self._take(self._with(key, text))

    def _take(self, choice: Choice) -> None:
        busy = self.busy()
        if busy:
            raise UsageError(busy)
        self._tried = None
        if not self.bed.take(choice) and self.bed.choice is not choice:
            raise UsageError(self.desk.message.removeprefix("refused: "))

    # -- what it comes to --------------------------------------------------------------------

    @property
    def shown(self) -> tuple[Choice, Any]:
        """The choice that is shown with its plan: what is being typed, else what is taken."""
        return self._tried or (self.choice, self.bed.plan)

    def planned(self) -> Any:
        """The first channel of this role in the plan; None where there is none."""
        choice, plan = self.shown
        if plan is None:
            return None
        if choice.has_shared_role:
            return plan.channels[0]
        return plan.channels[self.role]

    def figures(self) -> list[Figure]:
        """The dose at the maximum, beside that of the file."""
        return figures_of(self.shown[0], self.role, self.planned())

    def notes(self) -> list[str]:
        """What the device makes of it where that is not what was asked, and the closest limit."""
        choice, plan = self.shown
        one = self.planned()
        if one is None:
            return [f"✗ {self.bed.why_not}"] if self.bed.why_not else []
        told = [choice.measure.no_dose]
        _, of_what = limits_of(one)[0]
        told += [f"Closest limit at the maximum: {of_what}"]
        if choice.stages:
            told += ["What its stages do is changed in its file; here only how long it takes."]
        told += [safe(each, 300) for each in plan.notes if each.startswith(_OF_LENGTH)]
        return [each for each in told if each]

    # -- the rehearsal -----------------------------------------------------------------------

    @property
    def asks_confirmation(self) -> bool:
        """The four characters of the simulation are to be typed."""
        return bool(self.desk.expects) and self.desk.confirmed != self.desk.expects

    def confirm(self, typed: str) -> None:
        """The characters that the simulation has shown, and on. Raises UsageError for others."""
        desk = self.desk
        if not desk.expects:
            raise UsageError("nothing waits to be confirmed", what_to_do="simulate first (r)")
        desk.confirmed = typed.strip().lower()
        if desk.confirmed != desk.expects:
            raise UsageError("these are not the characters of the simulation")
        desk.say("")
        go_on(desk)
        desk.say(f"Confirmed: these settings for this device. {desk.message}".strip())


def key_of(field: Field) -> str:
    """A value's name in the form."""
    return f"{field.section}.{field.key}"
