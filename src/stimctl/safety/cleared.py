"""Proof that a stimulus was cleared, and the set-points that drivers of a current source take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from types import MappingProxyType
from typing import final

from stimctl.errors import BugError, LimitRefusedError
from stimctl.quantity import format_current, format_duration
from stimctl.safety.device_bounds import SINGLE, Group, lead_of
from stimctl.safety.envelope import Envelope
from stimctl.safety.examine import (
    Acknowledged,
    Notice,
    amplitude_step_ua,
    first_problem,
    notices_of,
)
from stimctl.safety.revalidate import fresh_envelope
from stimctl.safety.sealed import Clearance, OutputPoint, enter
from stimctl.safety.with_test_pulse import worst_second_on
from stimctl.stimulus import PulseShape, SecondDose, Stimulus
from stimctl.stimulus.level import CURRENT, Current, Scale


@dataclass(frozen=True, slots=True)
class _Record:
    """What was cleared. The stimulus is kept as text, which nobody can change in place."""

    stimulus_json: str
    envelope: Envelope
    notices: tuple[Notice, ...]
    shape: PulseShape
    most: int
    step: int
    width_us: int
    width_min_us: int
    width_max_us: int
    width_step_us: int
    gap_us: int
    ratio: int
    period_us: int
    period_min_us: int
    period_max_us: int
    period_step_us: int
    second: SecondDose
    together: SecondDose | None = None
    group: Group | None = None
    lead: Group | None = None

    @property
    def point(self) -> type[SetPoint]:
        return SetPoint

    @property
    def scale(self) -> Scale[Current]:
        return CURRENT

    def digest(self) -> str:
        return self.envelope.digest()

    @property
    def lowest(self) -> int:
        return self.step

    def values(
        self,
        level: int,
        width_us: int | None = None,
        period_us: int | None = None,
        group: tuple[int, ...] = (),
    ) -> tuple[object, ...]:
        """Those of a point, with the stimulus's own where there are none."""
        width = self.width_us if width_us is None else width_us
        period = self.period_us if period_us is None else period_us
        group = group or self.group or SINGLE
        return (self.shape, level, width, self.gap_us, self.ratio, period, *group)

    def allows(self, values: tuple[object, ...]) -> bool:
        """Whether these values lie within what was cleared, on the device's grid."""
        if len(values) != 8:
            return False
        shape, amplitude_ua, width_us, gap_us, ratio, period_us, *group = values
        return (
            shape is self.shape
            and (type(gap_us), gap_us) == (int, self.gap_us)
            and (type(ratio), ratio) == (int, self.ratio)
            and type(amplitude_ua) is int
            and 0 <= amplitude_ua <= self.most
            and amplitude_ua % self.step == 0
            and type(width_us) is int
            and self.width_min_us <= width_us <= self.width_max_us
            and width_us % self.width_step_us == 0
            and type(period_us) is int
            and self.period_min_us <= period_us <= self.period_max_us
            and period_us % self.period_step_us == 0
            and [type(number) for number in group] == [int, int]
            and tuple(group) in (self.group or SINGLE, self.lead)
        )

    def outside(self, values: tuple[object, ...]) -> LimitRefusedError:
        """The error for values outside what was cleared; shows the range."""
        _, amplitude_ua, width_us, _, _, period_us, *_ = values
        return LimitRefusedError(
            f"a set-point of {amplitude_ua!r} uA, {width_us!r} us, period {period_us!r} us is "
            "outside what was cleared",
            why=f"cleared are 0 to {format_current(self.most)} in steps of "
            f"{format_current(self.step)}, widths {format_duration(self.width_min_us)} to "
            f"{format_duration(self.width_max_us)}, periods {format_duration(self.period_min_us)} "
            f"to {format_duration(self.period_max_us)}",
            what_to_do="clear the stimulus that is wanted",
        )


def seal(stimulus: Stimulus, envelope: Envelope, acknowledged: Acknowledged) -> Cleared:
    """Return the proof for fresh copies that `clear` has judged; judges them itself again.

    Raises BugError where they would be refused: there is no way to a proof without judgement.
    """
    problem = first_problem(stimulus, envelope, acknowledged)
    if problem is not None:
        raise BugError("a stimulus that is refused was to be sealed", why=problem.refusal.message)
    pulse, device = stimulus.pulse, envelope.device
    group = device.group_of(stimulus)
    rates_mhz = (
        (stimulus.frequency_mhz, stimulus.highest_frequency_mhz, stimulus.lowest_frequency_mhz)
        if group is None
        else (device.repeat_mhz(stimulus),) * 3
    )
    period_us, period_min_us, period_max_us = map(device.quantise_period_up_us, rates_mhz)
    return enter(
        Cleared,
        _Record(
            stimulus_json=stimulus.model_dump_json(),
            envelope=envelope,
            notices=notices_of(stimulus, envelope, acknowledged),
            shape=pulse.shape,
            most=pulse.amplitude_ua,
            step=amplitude_step_ua(stimulus, envelope),
            width_us=pulse.phase_width_us,
            width_min_us=stimulus.narrowest_phase_us,
            width_max_us=stimulus.widest_phase_us,
            width_step_us=device.phase_width_step_us,
            gap_us=pulse.interphase_gap_us,
            ratio=pulse.second_phase_ratio,
            period_us=period_us,
            period_min_us=period_min_us,
            period_max_us=period_max_us,
            period_step_us=device.period_step_us,
            second=worst_second_on(stimulus, device),
            group=group,
            lead=lead_of(stimulus),
        ),
    )


def sealed_together(proofs: Mapping[int, Cleared]) -> Mapping[int, Cleared]:
    """The same proofs, each knowing what all of them may give in a second."""
    records = {channel: proof._record for channel, proof in proofs.items()}
    sums = map(sum, zip(*(record.second for record in records.values()), strict=True))
    together = SecondDose(*sums) if records else None
    return MappingProxyType(
        {ch: enter(Cleared, replace(one, together=together)) for ch, one in records.items()}
    )


@final
class Cleared(Clearance[_Record, "SetPoint"], last=True):
    """A stimulus that passed its envelope. Only `stimctl.safety.clear` makes one."""

    __slots__ = ()

    @property
    def stimulus(self) -> Stimulus:
        """What was cleared: a copy each time, so that changing it changes nothing here."""
        return Stimulus.model_validate_json(self._record.stimulus_json)

    @property
    def envelope(self) -> Envelope:
        """The envelope it was cleared in: a copy each time."""
        return fresh_envelope(self._record.envelope)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What was acknowledged, and rule W7."""
        return self._record.notices

    @property
    def amplitude_ua(self) -> int:
        """The highest amplitude cleared, in uA."""
        return self._record.most

    @property
    def period_us(self) -> int:
        """The period used for `stimulus.frequency_mhz`: on the device's grid, never faster."""
        return self._record.period_us

    @property
    def second(self) -> SecondDose:
        """The most that any second of the output may hold."""
        return self._record.second

    @property
    def together(self) -> SecondDose | None:
        """The same for all channels that were cleared together; None for one cleared alone.

        It is one object for all of them, so that they know each other by it.
        """
        return self._record.together

    @property
    def group(self) -> Group | None:
        """The group of pulses that the device gives by itself in each period; None: one pulse."""
        return self._record.group

    @property
    def lead(self) -> Group | None:
        """The group in the place of the first pulse of each hold; None: there is none."""
        return self._record.lead

    @property
    def shortest_period_us(self) -> int:
        """The shortest period that a set-point may have, in us."""
        return self._record.period_min_us

    def lowered_to(self, amplitude_ua: int) -> Cleared:
        """The same with a smaller amplitude in uA, without asking again.

        Raises LimitRefusedError above what was cleared, below 0 or off the device's grid.
        """
        record = self._record
        values = record.values(amplitude_ua)
        if not record.allows(values):
            raise record.outside(values)
        lower = Stimulus.model_validate_json(record.stimulus_json).with_amplitude(amplitude_ua)
        return enter(
            Cleared,
            replace(
                record,
                stimulus_json=lower.model_dump_json(),
                most=amplitude_ua,
                second=worst_second_on(lower, record.envelope.device),
            ),
        )


@final
class SetPoint(OutputPoint, last=True):
    """What a channel of a current source is set to. Only `Cleared.point` makes one.

    `amplitude_ua` in uA, `phase_width_us`, `interphase_gap_us` and `period_us` in us. `group`: what
    the device gives in each period, of which `SINGLE` is one pulse.
    """

    __slots__ = ()

    shape: PulseShape = property(itemgetter(0))  # type: ignore[assignment]
    amplitude_ua: int = property(itemgetter(1))  # type: ignore[assignment]
    level: int = amplitude_ua
    phase_width_us: int = property(itemgetter(2))  # type: ignore[assignment]
    interphase_gap_us: int = property(itemgetter(3))  # type: ignore[assignment]
    second_phase_ratio: int = property(itemgetter(4))  # type: ignore[assignment]
    period_us: int = property(itemgetter(5))  # type: ignore[assignment]
    pulses: int = property(itemgetter(6))  # type: ignore[assignment]
    interval_us: int = property(itemgetter(7))  # type: ignore[assignment]
    cleared: Cleared

    @property
    def group(self) -> Group:
        """What the device gives in each period."""
        return Group(self.pulses, self.interval_us)

    def __repr__(self) -> str:
        names = ("shape", "amplitude_ua", "phase_width_us", "interphase_gap_us",
                 "second_phase_ratio", "period_us", "pulses", "interval_us")  # fmt: skip
        values = ", ".join(f"{n}={v}" for n, v in zip(names, self, strict=False))
        return f"<SetPoint {values}>"
