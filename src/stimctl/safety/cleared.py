"""Sealed proof that a stimulus was cleared, and the set-points that drivers take.

A `Cleared` object carries nothing: what was cleared lies in this module's register under its
identity. Setting attributes, copying, pickling, subclassing or building one by hand yields
nothing that `is_genuine` accepts. A `SetPoint` is an immutable tuple that names its `Cleared`;
`is_genuine` measures its values against what the register says, so a forged one can hold nothing
that was not cleared.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NoReturn, TypeGuard, final

from stimctl.errors import BugError, LimitRefusedError
from stimctl.quantity import format_current, format_duration
from stimctl.safety.device_bounds import Group
from stimctl.safety.envelope import Envelope
from stimctl.safety.examine import (
    Acknowledged,
    Notice,
    amplitude_step_ua,
    first_problem,
    notices_of,
)
from stimctl.safety.revalidate import fresh_envelope
from stimctl.safety.sealed import Sealed
from stimctl.safety.with_test_pulse import worst_second_on
from stimctl.stimulus import PulseShape, SecondDose, Stimulus


@dataclass(frozen=True, slots=True)
class _Record:
    """What was cleared. The stimulus is kept as text, which nobody can change in place."""

    stimulus_json: str
    envelope: Envelope
    notices: tuple[Notice, ...]
    shape: PulseShape
    amplitude_ua: int
    step_ua: int
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

    def allows(self, amplitude_ua: object, width_us: object, period_us: object) -> bool:
        """Whether these values lie within what was cleared, on the device's grid."""
        return (
            type(amplitude_ua) is int
            and 0 <= amplitude_ua <= self.amplitude_ua
            and amplitude_ua % self.step_ua == 0
            and type(width_us) is int
            and self.width_min_us <= width_us <= self.width_max_us
            and width_us % self.width_step_us == 0
            and type(period_us) is int
            and self.period_min_us <= period_us <= self.period_max_us
            and period_us % self.period_step_us == 0
        )


_register: dict[int, tuple[weakref.ref[Cleared], _Record]] = {}


def _record_of(cleared: object) -> _Record | None:
    entry = _register.get(id(cleared))
    return entry[1] if entry is not None and entry[0]() is cleared else None


def _enter(record: _Record) -> Cleared:
    cleared = object.__new__(Cleared)
    key = id(cleared)
    _register[key] = (weakref.ref(cleared, lambda _: _register.pop(key, None)), record)
    return cleared


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
    return _enter(
        _Record(
            stimulus_json=stimulus.model_dump_json(),
            envelope=envelope,
            notices=notices_of(stimulus, envelope, acknowledged),
            shape=pulse.shape,
            amplitude_ua=pulse.amplitude_ua,
            step_ua=amplitude_step_ua(stimulus, envelope),
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
        )
    )


def sealed_together(proofs: Mapping[int, Cleared]) -> Mapping[int, Cleared]:
    """The same proofs, each knowing what all of them may give in a second."""
    records = {channel: proof._record for channel, proof in proofs.items()}
    sums = map(sum, zip(*(record.second for record in records.values()), strict=True))
    together = SecondDose(*sums) if records else None
    return MappingProxyType(
        {channel: _enter(replace(one, together=together)) for channel, one in records.items()}
    )


@final
class Cleared(Sealed):
    """A stimulus that passed its envelope. Only `stimctl.safety.clear` makes one."""

    __slots__ = ("__weakref__",)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Cleared cannot be subclassed")

    @property
    def _record(self) -> _Record:
        record = _record_of(self)
        if record is None:
            raise BugError("this was never cleared", what_to_do="use stimctl.safety.clear()")
        return record

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
        return self._record.amplitude_ua

    @property
    def period_us(self) -> int:
        """The period used for `stimulus.frequency_mhz`: on the device's grid, never faster."""
        return self._record.period_us

    @property
    def amplitude_step_ua(self) -> int:
        """The step of set-points in uA, such that both phases are on the device's grid."""
        return self._record.step_ua

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
    def shortest_period_us(self) -> int:
        """The shortest period that a set-point may have, in us."""
        return self._record.period_min_us

    def lowered_to(self, amplitude_ua: int) -> Cleared:
        """The same with a smaller amplitude in uA, without asking again.

        Raises LimitRefusedError above what was cleared, below 0 or off the device's grid.
        """
        record = self._record
        if not record.allows(amplitude_ua, record.width_us, record.period_us):
            raise _outside(record, amplitude_ua, record.width_us, record.period_us)
        lower = Stimulus.model_validate_json(record.stimulus_json).with_amplitude(amplitude_ua)
        return _enter(
            replace(
                record,
                stimulus_json=lower.model_dump_json(),
                amplitude_ua=amplitude_ua,
                second=worst_second_on(lower, record.envelope.device),
            )
        )

    def set_point(
        self, amplitude_ua: int, phase_width_us: int | None = None, period_us: int | None = None
    ) -> SetPoint:
        """A set-point within what was cleared: uA, us, us; on the device's grid.

        Widths and periods lie between those that the cleared stimulus reaches; without one it is
        the stimulus's own. Raises LimitRefusedError outside the cleared range.
        """
        record = _record_of(self) or self._record
        width = record.width_us if phase_width_us is None else phase_width_us
        period = record.period_us if period_us is None else period_us
        if not record.allows(amplitude_ua, width, period):
            raise _outside(record, amplitude_ua, width, period)
        return _new_tuple(
            SetPoint, (record.shape, amplitude_ua, width, record.gap_us, record.ratio, period, self)
        )

    def __repr__(self) -> str:
        record = _record_of(self)
        if record is None:
            return "<Cleared, not genuine>"
        return f"<Cleared up to {format_current(record.amplitude_ua)}>"


@final
class SetPoint(Sealed, tuple[Any, ...]):
    """What a channel is set to now. Only `Cleared.set_point` makes one.

    `amplitude_ua` in uA, `phase_width_us`, `interphase_gap_us` and `period_us` in us. Two
    set-points with equal values are equal, whichever `Cleared` they come from.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("SetPoint cannot be subclassed")

    shape: PulseShape = property(itemgetter(0))  # type: ignore[assignment]
    amplitude_ua: int = property(itemgetter(1))  # type: ignore[assignment]
    phase_width_us: int = property(itemgetter(2))  # type: ignore[assignment]
    interphase_gap_us: int = property(itemgetter(3))  # type: ignore[assignment]
    second_phase_ratio: int = property(itemgetter(4))  # type: ignore[assignment]
    period_us: int = property(itemgetter(5))  # type: ignore[assignment]
    cleared: Cleared = property(itemgetter(6))  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(other) is SetPoint and self[:6] == other[:6]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:6])

    def __repr__(self) -> str:
        names = ("shape", "amplitude_ua", "phase_width_us", "interphase_gap_us",
                 "second_phase_ratio", "period_us")  # fmt: skip
        values = ", ".join(f"{n}={v}" for n, v in zip(names, self, strict=False))
        return f"<SetPoint {values}>"


_new_tuple = tuple.__new__


def is_genuine(obj: object) -> TypeGuard[Cleared | SetPoint]:
    """Whether `obj` is a `Cleared` that `clear` made, or a `SetPoint` within a genuine one.

    Drivers ask this before they take anything.
    """
    if type(obj) is Cleared:
        return _record_of(obj) is not None
    if type(obj) is not SetPoint or len(obj) != 7:
        return False
    shape, amplitude_ua, width_us, gap_us, ratio, period_us, cleared = obj
    record = _record_of(cleared)
    return (
        record is not None
        and shape is record.shape
        and (type(gap_us), gap_us) == (int, record.gap_us)
        and (type(ratio), ratio) == (int, record.ratio)
        and record.allows(amplitude_ua, width_us, period_us)
    )


def _outside(
    record: _Record, amplitude_ua: object, width_us: object, period_us: object
) -> LimitRefusedError:
    """The error for values outside what was cleared; shows the range."""
    return LimitRefusedError(
        f"a set-point of {amplitude_ua!r} uA, {width_us!r} us, period {period_us!r} us is outside "
        "what was cleared",
        why=f"cleared are 0 to {format_current(record.amplitude_ua)} in steps of "
        f"{format_current(record.step_ua)}, widths {format_duration(record.width_min_us)} to "
        f"{format_duration(record.width_max_us)}, periods {format_duration(record.period_min_us)} "
        f"to {format_duration(record.period_max_us)}",
        what_to_do="clear the stimulus that is wanted",
    )
