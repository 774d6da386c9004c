"""Expected value, tolerance with its reason, measured value, verdict: pure functions, one a line.

Tolerances are decisions (D): wide enough for a resistor of 1 % and an oscilloscope of 3 %, and
narrower than the 20 % that IEC 60601-2-10 allows (M?), because a commissioning looks for a device
that is not as its own sheet says.
"""

from __future__ import annotations

from typing import Final

from stimctl.commission.results import Finding, Result, Verdict
from stimctl.commission.waveform import Reading, Train
from stimctl.quantity import format_current, format_frequency

AMPLITUDE_SHARE: Final = 0.05
AMPLITUDE_UA: Final = 250
WIDTH_SHARE: Final = 0.05
WIDTH_US: Final = 5
FREQUENCY_SHARE: Final = 0.01
IMBALANCE_PERMILLE: Final = 50
STOP_MEASURED_US: Final = 200_000
STOP_CONFIRMED_US: Final = 300_000
LEAST_GROWTH: Final = 1.03
_METER = "resistor 1 %, oscilloscope 3 %, reading (D)"
_NOT_MEASURED = "not measured"
_NO_PULSES = "no pulses at the load"


def verdict_of(good: bool) -> Verdict:
    """As a verdict."""
    return Verdict.PASSED if good else Verdict.FAILED


def judge_channel(step: str, channel: int, reading: Reading) -> Result:
    """Output is there where it was commanded."""
    return Result(
        step, f"channel {channel}", Finding.CHANNEL, "pulses at the load of this channel", "",
        "the numbers on the device are those of the program",
        f"{reading.pulses} pulses" if reading.pulses else _NO_PULSES,
        verdict_of(reading.pulses > 0),
    )  # fmt: skip


def judge_amplitude(step: str, channel: int, level_ua: int, reading: Reading) -> Result:
    """The current of the first phase."""
    allowed = level_ua * AMPLITUDE_SHARE + AMPLITUDE_UA
    found = reading.amplitude_ua
    return Result(
        step, f"channel {channel} at {format_current(level_ua)}", Finding.AMPLITUDE,
        format_current(level_ua), f"{allowed / 1000:.2f} mA", _METER, _ma(found),
        verdict_of(found is not None and abs(found - level_ua) <= allowed),
    )  # fmt: skip


def judge_step(step: str, lower_ua: int, upper_ua: int, low: Reading, high: Reading) -> Result:
    """One step of the device makes one step of current."""
    wanted = upper_ua - lower_ua
    known = low.amplitude_ua is not None and high.amplitude_ua is not None
    found = (high.amplitude_ua or 0.0) - (low.amplitude_ua or 0.0) if known else None
    return Result(
        step, f"from {format_current(lower_ua)} to {format_current(upper_ua)}", Finding.STEPS,
        format_current(wanted), f"{wanted / 2000:.2f} mA", "half a step: more is another step (D)",
        _ma(found), verdict_of(found is not None and abs(found - wanted) <= wanted / 2),
    )  # fmt: skip


def judge_growth(step: str, lower: int, upper: int, low: Reading, high: Reading) -> Result:
    """An attenuator lets more through at a higher level; how much, nobody states."""
    known = bool(low.amplitude_ua and high.amplitude_ua)
    share = (high.amplitude_ua or 0.0) / (low.amplitude_ua or 1.0) if known else 0.0
    return Result(
        step, f"from {lower} % to {upper} %", Finding.STEPS, "more than before",
        f"at least {LEAST_GROWTH:.2f} times", "no current is known of this device; only that more "
        "percent let more through (R: firmware; the factor D)",
        f"{share:.2f} times" if known else _NOT_MEASURED, verdict_of(share >= LEAST_GROWTH),
    )  # fmt: skip


def judge_width(step: str, width_us: int, reading: Reading) -> Result:
    """The first phase, at half of its height."""
    allowed = width_us * WIDTH_SHARE + WIDTH_US
    found = reading.width_us
    return Result(
        step, f"phase width {width_us} us", Finding.WIDTH, f"{width_us} us", f"{allowed:.0f} us",
        "5 % and 5 us of edges and jitter (D)",
        _NOT_MEASURED if found is None else f"{found:.1f} us",
        verdict_of(found is not None and abs(found - width_us) <= allowed),
    )  # fmt: skip


def judge_frequency(step: str, frequency_mhz: int, reading: Reading) -> Result:
    """Pulses a second."""
    allowed = frequency_mhz * FREQUENCY_SHARE
    found = reading.frequency_mhz
    return Result(
        step, f"frequency {format_frequency(frequency_mhz)}", Finding.FREQUENCY,
        format_frequency(frequency_mhz), f"{allowed / 1000:.2f} Hz",
        "1 %: a quartz is a thousand times better, cursors are not (D)",
        _NOT_MEASURED if found is None else f"{found / 1000:.2f} Hz",
        verdict_of(found is not None and abs(found - frequency_mhz) <= allowed),
    )  # fmt: skip


def judge_balance(step: str, reading: Reading) -> Result:
    """What is left of the first phase's charge after the second: direct current on a person."""
    found = reading.imbalance_permille
    return Result(
        step, "charge of the two phases", Finding.BALANCE, "0 % left", "5 %",
        "5 % at 80 mA, 300 us, 50 Hz is 60 uA of direct current (calc); on 25 cm2 that is far "
        "below 0.05 mA/cm2 (L-DC, D)",
        _NOT_MEASURED if found is None else f"{found / 10:.1f} %",
        verdict_of(found is not None and found <= IMBALANCE_PERMILLE),
    )  # fmt: skip


def judge_stop_confirmed(step: str, after_us: int | None) -> Result:
    """How long the device took to confirm zero, as the session has it."""
    return Result(
        step, "the device confirms zero", Finding.STOP_CONFIRMED, "0 ms",
        f"{STOP_CONFIRMED_US // 1000} ms", "rule K8 (D)",
        "not confirmed" if after_us is None else f"{after_us / 1000:.0f} ms",
        verdict_of(after_us is not None and after_us <= STOP_CONFIRMED_US),
    )  # fmt: skip


def judge_stop_measured(step: str, raised_us: float, stopped_us: float, train: Train | None
                        ) -> Result:  # fmt: skip
    """When output ended at the load, at the soonest. Times of the host's clock.

    `raised_us`: when the level was commanded from which the train is counted: no pulse can have
    come before it, so the true end is this much later or more.
    """
    return _end(
        step, "output ends at the load after a stop", Finding.STOP_LATE, STOP_MEASURED_US,
        "rule K8: 300 ms from key to zero, 100 ms of it before the wire (D); and one period",
        raised_us, stopped_us, train,
    )  # fmt: skip


def judge_host_kill(
    step: str, limit_us: int, note: str, raised_us: float, killed_us: float, train: Train | None
) -> Result:
    """The same after every process of the host was killed at once."""
    return _end(
        step, "output ends at the load after the host was killed", Finding.HOST_KILL, limit_us,
        note, raised_us, killed_us, train,
    )  # fmt: skip


def _end(
    step: str, about: str, finding: Finding, limit_us: int, why: str,
    raised_us: float, ended_us: float, train: Train | None,
) -> Result:  # fmt: skip
    if train is None:
        return Result(step, about, finding, "0 ms", f"{limit_us / 1000:.0f} ms", why,
                      _NO_PULSES, Verdict.FAILED)  # fmt: skip
    after_us = raised_us + train.duration_us - ended_us
    allowed_us = limit_us + train.period_us
    measured = f"{max(after_us, 0) / 1000:.0f} ms or more"
    if train.ends_open:
        measured = f"still on at the end of the recording, {max(after_us, 0) / 1000:.0f} ms after"
    return Result(
        step, about, finding, "0 ms", f"{allowed_us / 1000:.0f} ms", why, measured,
        verdict_of(after_us <= allowed_us and not train.ends_open),
    )  # fmt: skip


def judge_open(step: str, channel: int, code: str, seconds: float) -> Result:
    """The device reports that nothing is on its leads, and the session stops."""
    return Result(
        step, f"channel {channel} opened while output is on", Finding.OPEN_ELECTRODE,
        "the device reports it and the session stops", f"{seconds:.0f} s",
        "contact faults stop the output (M2, E5); the time is for the hand at the lead (D)",
        code or "nothing was reported", verdict_of(bool(code)),
    )  # fmt: skip


def judge_identity(
    step: str, family: str, label: str, found_family: str, serial: str, why_not: str = ""
) -> Result:
    """The device says that it is the one on its label. A family without a serial number cannot."""
    good = not why_not and found_family == family and (not serial or label in ("", serial))
    told = f"{found_family} {serial or '(it reports no serial number)'}"
    return Result(
        step, "the device names itself", Finding.IDENTITY,
        f"{family} {label}".strip(), "exact", "rule K5: serial number on the device's label",
        why_not or told, verdict_of(good),
    )  # fmt: skip


def judge_watchdog(step: str, watchdog_us: int | None, outcome: str) -> Result:
    """The watchdog test of the session: a 0 mA train ends by itself."""
    if watchdog_us is None:
        return Result(
            step, "watchdog", Finding.WATCHDOG, "none", "", "the sheet says that it has none; the "
            "host is killed below instead", "-", Verdict.NOT_APPLICABLE,
        )  # fmt: skip
    return Result(
        step, "a 0 mA train without keep-alive ends", Finding.WATCHDOG,
        f"after {watchdog_us / 1e6:g} s", "0.1 s", "the device's own sheet", outcome,
        verdict_of(outcome == "passed"),
    )  # fmt: skip


def _ma(ua: float | None) -> str:
    return _NOT_MEASURED if ua is None else f"{ua / 1000:.2f} mA"
