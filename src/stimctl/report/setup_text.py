"""The setup of a recorded session in words: device, protocol, people, and each channel's output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stimctl.quantity import format_duration, format_frequency, format_permille
from stimctl.report.model import NOT_RECORDED
from stimctl.report.planned_curve import stages_of

Data = Mapping[str, Any]


def facts_of(header: Data, setup: Data) -> tuple[tuple[str, str], ...]:
    """What was fixed before the first output, a line each."""
    return tuple(_facts(header, setup))


def protocol_of(header: Data, setup: Data) -> tuple[str, str]:
    """Its name with its version, and the SHA-256 of its file; "" for what is not recorded."""
    about = setup.get("protocol") or {}
    name = setup.get("protocol_id", header.get("protocol", ""))
    sha256 = about.get("sha256") or header.get("protocol_sha256") or ""
    return f"{name} {setup.get('protocol_version', '')}".strip(), str(sha256)


def _facts(header: Data, setup: Data) -> Iterator[tuple[str, str]]:
    yield "Operator", str(_note(header, "operator") or NOT_RECORDED)
    yield "Protocol SHA-256", protocol_of(header, setup)[1] or NOT_RECORDED
    yield "Plan digest", str(setup.get("plan_digest") or header.get("plan_digest") or NOT_RECORDED)
    limits = setup.get("limits_digest") or header.get("limits_digest")
    yield "Limits SHA-256", str(limits or NOT_RECORDED)
    if setup.get("duration_us"):
        yield "Planned duration", format_duration(int(setup["duration_us"]))
    if setup.get("profile"):
        yield "Profile", str(setup["profile"])
    face = setup.get("face") or _note(header, "face")
    if face:
        yield "Operated from", f"{face} (raised by: {setup.get('operated_by', NOT_RECORDED)})"
    for note in setup.get("notes", ()):
        yield "Note of the plan", str(note)


def _note(header: Data, name: str) -> Any:
    notes = header.get("notes")
    return notes.get(name) if isinstance(notes, Mapping) else None


def device_of(header: Data, identity: Data, ready: Data) -> str:
    """Its kind and address, and what it has told of itself."""
    told = f"{identity.get('family') or header.get('device', NOT_RECORDED)}"
    told += f" ({header.get('device', NOT_RECORDED)})"
    told += f", serial {identity.get('serial') or 'not reported'}"
    told += f", firmware {identity.get('firmware') or 'not reported'}"
    if ready.get("shown_as"):
        told += f", shown as {ready['shown_as']}"
    return told


def stimulus_lines(setup: Data) -> tuple[str, ...]:
    """Waveform, rate and cycle of one channel of a setup row."""
    return tuple(_stimulus(setup))


def staged_lines(stages: Sequence[Data], number: int) -> tuple[str, ...]:
    """The same for each stage of a setup row, in which one channel may do something else."""
    lines = []
    for place, (stage, channel) in enumerate(stages_of(stages, number), start=1):
        does = "off" if channel is None else ", ".join(_does(stage, channel))
        lasts = format_duration(int(stage.get("duration_us", 0)))
        lines.append(f"stage {place} {stage.get('name', '')}, {lasts}: {does}")
    return tuple(lines)


def _does(stage: Data, channel: Data) -> Iterator[str]:
    events = stage.get("events")
    if not isinstance(events, Mapping):
        yield from _stimulus(channel)
        return
    yield next(_stimulus(channel))
    every, jitter = int(events.get("every_us", 0)), int(events.get("jitter_us", 0))
    chance = f" +/- {format_duration(jitter)}" if jitter else ""
    yield f"one pulse every {format_duration(every)}{chance}"
    levels = events.get("levels") or ()
    rule = events.get("rule")
    if isinstance(rule, Mapping):
        yield f"{rule.get('kind')} for {rule.get('gives')}"
    elif levels:
        yield (
            f"{len(levels)} events, {format_permille(min(levels))} to "
            f"{format_permille(max(levels))} of the plateau"
        )


def _stimulus(setup: Data) -> Iterator[str]:
    stimulus = setup.get("stimulus")
    if not isinstance(stimulus, Mapping):
        cycle = setup.get("cycle")
        yield "pulses of another unit, in percent of its output"
        if isinstance(cycle, Mapping):
            yield _cycle(cycle)
        return
    pulse = stimulus.get("pulse") or {}
    gap_us = int(pulse.get("interphase_gap_us", 0))
    gap = f", gap {format_duration(gap_us)}" if gap_us else ""
    width = law_text(stimulus.get("width_sweep"), format_duration) or format_duration(
        int(pulse.get("phase_width_us", 0))
    )
    yield f"{pulse.get('shape', 'waveform not recorded')}, phase {width}{gap}"
    yield law_text(stimulus.get("frequency_sweep"), format_frequency) or format_frequency(
        int(stimulus.get("frequency_mhz", 0))
    )
    burst = stimulus.get("burst")
    if isinstance(burst, Mapping):
        rate = format_frequency(int(burst.get("burst_frequency_mhz", 0)))
        apart_us = burst.get("interval_us")
        apart = f" {format_duration(int(apart_us))} apart" if apart_us else ""
        yield f"bursts of {burst.get('pulses_per_burst')} pulses{apart}, {rate}"
    lead = stimulus.get("lead")
    if isinstance(lead, Mapping):
        apart = format_duration(int(lead.get("interval_us", 0)))
        yield f"each hold begins with {lead.get('pulses')} pulses {apart} apart"
    change = law_text(stimulus.get("amplitude_modulation"), format_permille)
    if change:
        yield f"amplitude {change}"
    cycle = stimulus.get("cycle")
    if isinstance(cycle, Mapping):
        yield _cycle(cycle)
    rest = stimulus.get("rest")
    if isinstance(rest, Mapping):
        rate = format_frequency(int(rest.get("frequency_mhz", 0)))
        wide = int(rest.get("phase_width_us", 0))
        if wide not in (0, int(pulse.get("phase_width_us", 0))):
            rate += f", phase {format_duration(wide)},"
        yield f"in the off time {rate} at {format_permille(int(rest.get('level_permille', 0)))}"


def law_text(law: Any, text: Callable[[int], str]) -> str:
    """How a value changes over time, as a setup row has it; "" where it does not."""
    if not isinstance(law, Mapping):
        return ""
    if "jitter_us" in law:
        mean, either = (
            format_duration(int(law.get(name, 0))) for name in ("interval_us", "jitter_us")
        )
        return f"by chance, one pulse every {mean} +/- {either}"
    again = ", from the first again with each on time" if law.get("since_on") else ""
    if "values" in law:
        return f"{_turns(law, text)}{again}"
    if "lowest_permille" in law:
        ends = (1_000, int(law["lowest_permille"]))
    else:
        ends = (int(law.get("lowest", 0)), int(law.get("highest", 0)))
    low, high = map(text, sorted(ends))
    if "dwell_us" in law:
        dwell = format_duration(int(law["dwell_us"]))
        return f"{low} to {high} by chance, another every {dwell}{again}"
    begins = f", {law['shape']}" if law.get("shape", "triangle") != "triangle" else ""
    begins += f", beginning at {high}" if law.get("falls") else ""
    return f"{low} to {high} every {format_duration(int(law.get('period_us', 0)))}{begins}{again}"


def _turns(law: Data, text: Callable[[int], str]) -> str:
    values = [text(int(value)) for value in law["values"]]
    dwells = [format_duration(int(one)) for one in law.get("dwells_us", ())]
    if len(set(dwells)) == 1 and not law.get("once"):
        return f"{', '.join(values)} in turn, {dwells[0]} each"
    if len(dwells) != len(values):
        return f"{', '.join(values)} in turn"
    pairs = ", ".join(f"{value} for {dwell}" for value, dwell in zip(values, dwells, strict=True))
    return f"{pairs}; the last one stays" if law.get("once") else f"{pairs}, in turn"


def _cycle(cycle: Data) -> str:
    up, down = int(cycle.get("ramp_up_us", 0)), int(cycle.get("ramp_down_us", 0))
    return (
        f"{format_duration(int(cycle.get('on_us', 0)))} on ({format_duration(up)} up, "
        f"{format_duration(down)} down), {format_duration(int(cycle.get('off_us', 0)))} off"
    )
