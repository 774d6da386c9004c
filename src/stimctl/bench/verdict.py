"""The one rule by which what was delivered is held against what was planned.

A figure may differ by one percent, or by what one pulse a contraction makes (one pulse in all
where there are no contractions): when a pulse of a slow rhythm falls beside a step of the plan is
for line and device to decide. Every contraction that has output in the plan has output.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmware_sim.ledger import ChannelLedger, Run
from stimctl.treatment.prediction import ChannelDose
from stimctl.treatment.program import CurrentChannel, Stage
from stimctl.treatment.ramps import RAMP_TICK_US
from stimctl.treatment.timeline import contraction_starts

TOLERANCE_PERMILLE = 10
_SECOND_US = 1_000_000
_UA2_IN_MA2 = 1_000_000


@dataclass(frozen=True, slots=True)
class Output:
    """What the record of a device says of one channel; `contractions`: pulses of each."""

    pulses: int
    charge_uc: float
    rms_plateau_ma: float
    rms_session_ma: float
    peak_ua: int
    contractions: tuple[int, ...] = ()


def differences(
    planned: ChannelDose, output: Output, duration_us: int, at_once: int = 1
) -> Iterator[str]:
    """In words, where one of them differs by more than the rule allows.

    `at_once`: pulses that a device gives as one, in groups of its own.
    """
    if planned.at_most:
        yield from _above(planned, output)
        return
    times = max(1, len(planned.contractions)) * at_once
    one = at_once * planned.strongest_ua2_us / _UA2_IN_MA2  # of one pulse, in mA2 us
    for name, more in (("pulses", times), ("charge_uc", times * planned.strongest_uc)):
        asked, given = getattr(planned, name), getattr(output, name)
        if abs(given - asked) > max(asked * TOLERANCE_PERMILLE / 1_000, more * 1.000_001):
            yield f"{name} {given:g} delivered, {asked:g} planned"
    for name, over_us, more in (
        ("rms_plateau_ma", _SECOND_US, one),
        ("rms_session_ma", duration_us, max(1, len(planned.contractions)) * one),
    ):
        asked, given = getattr(planned, name), getattr(output, name)
        one_percent = abs(given - asked) <= asked * TOLERANCE_PERMILLE / 1_000
        if not one_percent and abs(given**2 - asked**2) * over_us > more * 1.000_001:
            yield f"{name} {given:g} delivered, {asked:g} planned"
    if output.peak_ua > planned.plateau_ua:
        yield f"peak {output.peak_ua} uA delivered, raised to {planned.plateau_ua} uA at most"
    yield from _contractions(planned.contractions, output.contractions, at_once)


def _above(planned: ChannelDose, output: Output) -> Iterator[str]:
    """N6: inputs decide what is given, and never more than the bound."""
    for name in ("pulses", "charge_uc", "rms_plateau_ma", "rms_session_ma"):
        most, given = getattr(planned, name), getattr(output, name)
        if given > most * 1.000_001:
            yield f"{name} {given:g} delivered, {most:g} at most planned"
    if output.peak_ua > planned.plateau_ua:
        yield f"peak {output.peak_ua} uA delivered, raised to {planned.plateau_ua} uA at most"


def _contractions(planned: Sequence[int], delivered: Sequence[int], at_once: int) -> Iterator[str]:
    for number, (asked, given) in enumerate(zip(planned, delivered, strict=True), start=1):
        if asked and given == 0:
            yield f"contraction {number} had no output, {asked} pulses planned"
        elif abs(given - asked) > max(at_once, asked * TOLERANCE_PERMILLE / 1_000):
            yield f"contraction {number}: {given} pulses delivered, {asked} planned"


def pulses_of_contractions(
    stage: Stage[CurrentChannel], one: CurrentChannel, ledger: ChannelLedger, began_us: int
) -> tuple[int, ...]:
    """The pulses of each contraction of a stage, which `began_us` of the record's time began.

    Each is looked for from the middle of one off time to the middle of the next; with slow pulses
    in the off time, from just before one to just before the next. Test pulses of
    the device's own are none of them.
    """
    cycle = one.cycle
    if cycle is None:
        return ()
    # Slow pulses of an off time end a ramp's tick before the next contraction; and what came before
    # a stage is none of its contractions.
    alone = one.stimulus.rest is None and not stage.zero_us
    early_us = cycle.off_us // 2 if alone else RAMP_TICK_US // 2
    shift_us = began_us - stage.start_us - early_us
    starts = (at_us + shift_us for at_us in contraction_starts(stage, one))
    # The last off time may be cut: what the next stage gives in the rest of it is its own.
    ends_us = began_us + stage.duration_us
    return tuple(
        sum(
            _between(run, from_us, min(from_us + cycle.period_us, ends_us))
            for run in ledger.runs
            if run.peak_ua
        )
        for from_us in starts
    )


def _between(run: Run, from_us: int, until_us: int) -> int:
    """How many pulses of a run begin in [from_us, until_us)."""
    return _before(run, until_us) - _before(run, from_us)


def _before(run: Run, at_us: int) -> int:
    return min(run.count, max(0, -((run.start_us - at_us) // run.period_us)))
