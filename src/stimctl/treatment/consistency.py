"""Rules over a whole protocol file that no single field can hold: W5-W12, N1, A3, and the bursts.

Each finding names the key path it belongs to, so that the loader can give it a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pydantic import ValidationError

from stimctl.errors import LimitRefusedError
from stimctl.quantity import format_duration, format_frequency
from stimctl.safety.layers import protocol_cap
from stimctl.safety.sites import SITES
from stimctl.stimulus import Severity, Stimulus, inconsistencies
from stimctl.stimulus.level import CURRENT, Level
from stimctl.suggestion import meant_by
from stimctl.treatment.locate import Path
from stimctl.treatment.schema import (
    Aim,
    Channel,
    CyclePart,
    ProtocolBase,
    Role,
    Target,
    UnstagedProtocol,
)
from stimctl.treatment.stimuli import stimulus_of
from stimctl.treatment.whole_cycles import near_text, whole_cycles

MINUTE_US = 60_000_000
# N1 [D]: a session lasts at most 60 min, with a reason in the protocol at most 120 min.
SESSION_CAP_US = 60 * MINUTE_US
SESSION_CAP_WITH_REASON_US = 120 * MINUTE_US
# A3 [D]: the ramps of an on/off cycle take at least 0.5 s.
SHORTEST_RAMP_US = 500_000
# One raise step needs 250 ms of hold (A3 [D]).
SHORTEST_HOLD_US = 250_000
# W11: in each hold a pulse or a whole burst begins, and after that burst the first raise [D].
_AFTER_BURST_US = 120_000
# W12: from one burst to the next a ramp climbs by at most a fifth of the plateau [D]. Its steps are
# 50 ms, and the limiter of the engine goes no further than two steps of the shortest ramp.
_BURSTS_IN_RAMP = 5
_RAMP_TICK_US = 50_000
# Sweeps are followed every 250 ms, so a period needs at least four such steps [D].
SHORTEST_SWEEP_US = 1_000_000
# Between two bursts the plateau may be raised; slower bursts would hide several steps [D].
SLOWEST_BURST_MHZ = 1_000
# A continuous programme needs room for the first raise and for its end ramp of 2 s [D].
SHORTEST_SESSION_US = 10_000_000


class Finding(NamedTuple):
    """One thing wrong with a protocol, and the key it belongs to."""

    path: Path
    message: str


def cycle_period_us(protocol: ProtocolBase) -> int | None:
    """The common period of all on/off cycles in us, or None where every role is continuous."""
    periods = [c.cycle.on_us + c.cycle.off_us for c in protocol.channels if c.cycle]
    return periods[0] if periods else None


def session_cap_us(protocol: ProtocolBase) -> int:
    """N1: how long a session of this protocol may last at most, in us."""
    return SESSION_CAP_WITH_REASON_US if protocol.session.beyond_an_hour else SESSION_CAP_US


def findings(protocol: UnstagedProtocol) -> tuple[Finding, ...]:
    """Everything wrong with a file without stages; empty where nothing is."""
    return (
        *evidence_findings(protocol),
        *_roles(protocol),
        *(
            found
            for index, channel in enumerate(protocol.channels)
            for found in _channel(("channels", index), channel)
        ),
        *_session(protocol),
    )


def evidence_findings(protocol: ProtocolBase) -> Iterator[Finding]:
    evidence = protocol.evidence
    if ("X" in evidence.grade) != (evidence.recommended_against is not None):
        yield Finding(
            ("evidence", "recommended_against"),
            "belongs to grade X and only to it: a treatment that a major guideline recommends "
            "against is shown only with the guideline's words",
        )


def _roles(protocol: ProtocolBase) -> Iterator[Finding]:
    yield from role_findings(protocol)
    for index, channel in enumerate(protocol.channels):
        other = antagonist_in(protocol, channel)
        if other is not None and not protocol.co_contraction:
            yield from _w10(("channels", index), channel, other)


def role_findings(protocol: ProtocolBase) -> Iterator[Finding]:
    """Names of roles that are there twice, or not at all."""
    names = [channel.role for channel in protocol.channels]
    for index, channel in enumerate(protocol.channels):
        path: Path = ("channels", index)
        if names.index(channel.role) != index:
            yield Finding((*path, "role"), f'the role "{channel.role}" is there twice')
        if channel.antagonist_of is not None and antagonist_in(protocol, channel) is None:
            message = f'"{channel.antagonist_of}" is not another role of this file'
            yield Finding((*path, "antagonist_of"), message)


def antagonist_in(protocol: ProtocolBase, role: Role) -> Role | None:
    """The role on the same joint that this one names, where there is one."""
    for other in protocol.channels:
        if other.role == role.antagonist_of and other.role != role.role:
            return other
    return None


def _w10(path: Path, one: Role, other: Role) -> Iterator[Finding]:
    if one.cycle is None or other.cycle is None or _overlap(one.cycle, other.cycle):
        yield Finding(
            (*path, "cycle"),
            f"W10: {one.role} and {other.role} pull one joint in two directions and are on at "
            "the same time; move one with start_after, or state co_contraction = true",
        )


def _overlap(one: CyclePart, other: CyclePart) -> bool:
    first, second = sorted((one, other), key=lambda cycle: cycle.start_after_us)
    return first.start_after_us + first.on_us > second.start_after_us


def _channel(path: Path, channel: Role) -> Iterator[Finding]:
    yield from site_findings(path, channel)
    if channel.cycle:
        yield from cycle_findings((*path, "cycle"), channel.cycle)
        yield from _within_first_period((*path, "cycle"), channel.cycle)
    if isinstance(channel, Channel):
        yield from _pulses(path, channel)


def site_findings(path: Path, channel: Role) -> Iterator[Finding]:
    """Sites that are none, and a target that contradicts `motor`."""
    for number, site in enumerate(channel.sites):
        if site not in SITES or SITES[site].blocked:
            yield Finding((*path, "sites", number), f'"{site}" is {_not_a_site(site)}')
    if channel.moves_muscle and not channel.motor:
        yield Finding((*path, "motor"), _contradiction(channel))


def _contradiction(channel: Role) -> str:
    target = channel.aim.target
    return (
        f'the target "{target}" moves a muscle, so the rules for muscles hold (W6: from 15 Hz '
        "on, an on/off cycle with rest): write motor = true; or name a target below a contraction, "
        f'"{Target.SENSORY_THRESHOLD}" or "{Target.STRONG_COMFORTABLE}"'
    )


def _pulses(path: Path, channel: Channel) -> Iterator[Finding]:
    yield from cap_findings((*path, "amplitude", "cap"), channel.amplitude)
    incomplete = tuple(_waveform((*path, "waveform"), channel))
    yield from incomplete
    if not incomplete:
        yield from _stimulus((*path, "waveform"), channel)
        if channel.cycle:
            yield from _rhythm((*path, "cycle"), channel, channel.cycle)


def _rhythm(path: Path, channel: Channel, cycle: CyclePart) -> Iterator[Finding]:
    """W11, W12: no contraction may pass between two pulses or bursts, nor begin with a jump."""
    wave = channel.waveform
    sweep, burst = wave.frequency_sweep, wave.burst
    slowest_mhz = sweep.lowest_mhz if sweep else wave.frequency_mhz
    if burst is not None:
        slowest_mhz = burst.frequency_mhz
    if slowest_mhz:
        yield from rhythm_findings(path, cycle, slowest_mhz, bursts=burst is not None)


def rhythm_findings(
    path: Path, cycle: CyclePart, slowest_mhz: int, *, bursts: bool
) -> Iterator[Finding]:
    """W11, W12: pulses, or bursts, that come as slowly as this."""
    what = "bursts" if bursts else "pulses"
    apart_us = -(-1_000_000_000 // slowest_mhz)
    ramps_us = cycle.ramp_up_us + cycle.ramp_down_us
    least_us = max(SHORTEST_HOLD_US, apart_us + (_AFTER_BURST_US if bursts else 0))
    if SHORTEST_HOLD_US <= cycle.on_us - ramps_us < least_us:
        yield Finding(
            (*path, "on"),
            f"W11: the hold of {format_duration(cycle.on_us - ramps_us)} is too short for {what} "
            f"that come every {format_duration(apart_us)}: a contraction could pass without "
            f"output; on must be at least {format_duration(ramps_us + least_us)} with these ramps",
        )
    ramp_us = -(-apart_us // _RAMP_TICK_US) * _RAMP_TICK_US * _BURSTS_IN_RAMP
    if bursts and SHORTEST_RAMP_US <= cycle.ramp_up_us < ramp_us:
        yield Finding(
            (*path, "ramp_up"),
            f"W12: bursts that come every {format_duration(apart_us)} would climb by more than a "
            f"fifth from one to the next; ramp_up must be at least {format_duration(ramp_us)}",
        )


def cap_findings(path: Path, aim: Aim) -> Iterator[Finding]:
    """A cap above a limit."""
    if aim.cap is None:
        return
    try:
        protocol_cap(Level(CURRENT, aim.cap), "this file")
    except LimitRefusedError as error:
        yield Finding(path, f"{error.what}; a file can lower a limit, never raise one")


def _not_a_site(name: str) -> str:
    if name in SITES:
        return f"a blocked site ({SITES[name].blocked})"
    near = meant_by(name, SITES)
    return "not a body site" + (f'; did you mean "{near[0]}"?' if near else "")


def _waveform(path: Path, channel: Channel) -> Iterator[Finding]:
    wave = channel.waveform
    for name, plain, sweep in (
        ("phase_width", wave.phase_width_us, wave.phase_width_sweep),
        ("frequency", wave.frequency_mhz, wave.frequency_sweep),
    ):
        if (plain is None) == (sweep is None):
            yield Finding((*path, name), f"give either {name} or {name}_sweep, and not both")
    for key, low, high in (
        ("frequency_sweep", "lowest_mhz", "highest_mhz"),
        ("phase_width_sweep", "lowest_us", "highest_us"),
    ):
        part = getattr(wave, key)
        if part is not None and getattr(part, low) >= getattr(part, high):
            yield Finding((*path, key), "lowest must be below highest")
    for key in ("frequency_sweep", "phase_width_sweep", "amplitude_modulation"):
        part = getattr(wave, key)
        if part is not None and part.period_us < SHORTEST_SWEEP_US:
            shortest = format_duration(SHORTEST_SWEEP_US)
            yield Finding((*path, key, "period"), f"must be at least {shortest}")
    if wave.burst and wave.frequency_sweep:
        yield Finding((*path, "burst"), "the frequency inside a burst cannot be swept")
    if wave.burst and wave.burst.frequency_mhz < SLOWEST_BURST_MHZ:
        slowest = format_frequency(SLOWEST_BURST_MHZ)
        yield Finding(
            (*path, "burst", "frequency"),
            f"bursts come at least at {slowest}; use an on/off cycle for slower groups",
        )


def cycle_findings(path: Path, cycle: CyclePart) -> Iterator[Finding]:
    """Ramps and hold of a cycle (A3, W5)."""
    for key, ramp in (("ramp_up", cycle.ramp_up_us), ("ramp_down", cycle.ramp_down_us)):
        if ramp < SHORTEST_RAMP_US:
            shortest = format_duration(SHORTEST_RAMP_US)
            yield Finding((*path, key), f"A3: a ramp takes at least {shortest}")
    hold = cycle.on_us - cycle.ramp_up_us - cycle.ramp_down_us
    if hold < SHORTEST_HOLD_US:
        shortest = format_duration(SHORTEST_HOLD_US)
        yield Finding(
            (*path, "on"),
            f"W5: on includes both ramps and a hold of at least {shortest}; "
            f"{format_duration(cycle.on_us)} is too short for these ramps",
        )


def _within_first_period(path: Path, cycle: CyclePart) -> Iterator[Finding]:
    if cycle.start_after_us + cycle.on_us > cycle.on_us + cycle.off_us:
        yield Finding(
            (*path, "start_after"), "W8: the on time must end before the first period does"
        )


def _stimulus(path: Path, channel: Channel) -> Iterator[Finding]:
    yield from stimulus_findings(path, lambda: stimulus_of(channel, 0))


def stimulus_findings(path: Path, make: Callable[[], Stimulus]) -> Iterator[Finding]:
    """What is wrong with a stimulus on its own (W1, W4-W6), or with its values."""
    try:
        stimulus = make()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            yield Finding(path, problem["msg"].removeprefix("Value error, "))
        return
    for found in inconsistencies(stimulus):
        # The loader's own words on ramps (W5) name the key to change.
        if found.severity is Severity.ERROR and found.rule != "W5":
            yield Finding(path, f"{found.rule}: {found.message}")


def _session(protocol: UnstagedProtocol) -> Iterator[Finding]:
    session, path = protocol.session, ("session",)
    if not session.shortest_us <= session.duration_us <= session.longest_us:
        yield Finding((*path, "duration"), "must lie between shortest and longest")
    cap = session_cap_us(protocol)
    if session.longest_us > cap:
        yield Finding(
            (*path, "longest"),
            f"N1: a session lasts at most {format_duration(cap)}"
            + ("" if session.beyond_an_hour else ", or up to 120 min with beyond_an_hour"),
        )
    period = cycle_period_us(protocol)
    if period is None:
        if session.shortest_us < SHORTEST_SESSION_US:
            shortest = format_duration(SHORTEST_SESSION_US)
            yield Finding((*path, "shortest"), f"must be at least {shortest}")
        if session.contractions is not None:
            yield Finding((*path, "contractions"), "is only for on/off cycles")
        return
    yield from _whole_cycles(protocol, period)


def _whole_cycles(protocol: UnstagedProtocol, period: int) -> Iterator[Finding]:
    session = protocol.session
    for index, channel in enumerate(protocol.channels):
        if channel.cycle and channel.cycle.on_us + channel.cycle.off_us != period:
            yield Finding(
                ("channels", index, "cycle"), "W8: all cycles of a file have the same period"
            )
    if session.duration_us % period:
        longest_us = min(session.longest_us, session_cap_us(protocol))
        near = whole_cycles(session.duration_us, period, session.shortest_us, longest_us)
        yield Finding(
            ("session", "duration"),
            f"W8: {format_duration(session.duration_us)} is not a whole number of cycles of "
            f"{format_duration(period)}; {near_text(near, period)}",
        )
    if session.longest_us < period:
        yield Finding(("session", "longest"), "W8: is shorter than one cycle")
    if session.contractions is not None and session.contractions * period != session.duration_us:
        yield Finding(
            ("session", "contractions"),
            f"{session.contractions} contractions of {format_duration(period)} are not "
            f"{format_duration(session.duration_us)}",
        )
