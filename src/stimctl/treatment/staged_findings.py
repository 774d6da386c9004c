"""Rules over a whole `treatment-v2` file: its stages, their order, and what each role does in them.

Each finding names the key path it belongs to, so that the loader can give it a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stimctl.quantity import format_duration
from stimctl.safety.channel_pairs import overlap
from stimctl.stimulus.consistency import TETANIC_FROM_MHZ
from stimctl.stimulus.jitter import INTERVAL_STEP_US
from stimctl.stimulus.laws import SHORTEST_DWELL_US
from stimctl.suggestion import meant_by
from stimctl.treatment.consistency import (
    SHORTEST_SESSION_US,
    SHORTEST_SWEEP_US,
    Finding,
    antagonist_in,
    cap_findings,
    cycle_findings,
    evidence_findings,
    rhythm_findings,
    role_findings,
    session_cap_us,
    site_findings,
    stimulus_findings,
)
from stimctl.treatment.event_findings import event_findings
from stimctl.treatment.functional_findings import functional_findings, switched_findings
from stimctl.treatment.law_parts import JitterLaw, ListLaw, RandomLaw, SweepLaw
from stimctl.treatment.locate import Path
from stimctl.treatment.offsets import offset_findings
from stimctl.treatment.segments import Segment, segment_in, stimulus_of_segment
from stimctl.treatment.staged import (
    MOST_STAGES,
    OWN,
    ProtocolClass,
    RepeatedStages,
    StagedCycle,
    StagedProtocol,
    StagePart,
    StageWord,
)

ZERO_US = 1_000_000
"""Between two stages the output is zero for so long; it is part of the stage that follows (D)."""
SHORTEST_STAGE_US = 5_000_000
SHORTEST_REST_OFF_US = 2_000_000


def staged_findings(protocol: StagedProtocol) -> tuple[Finding, ...]:
    """Everything wrong with a file with stages; empty where nothing is."""
    found = (
        *evidence_findings(protocol),
        *role_findings(protocol),
        *(
            each
            for index, channel in enumerate(protocol.channels)
            for each in (
                *site_findings(("channels", index), channel),
                *cap_findings(("channels", index, "amplitude", "cap"), channel.amplitude),
            )
        ),
        *_stage_names(protocol),
        *_session(protocol),
        *event_findings(protocol),
        *functional_findings(protocol),
    )
    return found or tuple(_segments(protocol))


# -- stages and their order ---------------------------------------------------------------------


def _stage_names(protocol: StagedProtocol) -> Iterator[Finding]:
    names = [stage.name for stage in protocol.stages]
    roles = [channel.role for channel in protocol.channels]
    for index, stage in enumerate(protocol.stages):
        path: Path = ("stages", index)
        if names.index(stage.name) != index or stage.name == OWN:
            yield Finding((*path, "name"), f'the name "{stage.name}" is taken')
        for role in (*(stage.roles or ()), *stage.role):
            if role not in roles:
                yield Finding((*path, "roles"), _unknown(role, roles, "role"))
        if stage.plateau != OWN:
            yield from _plateau(protocol, path, stage, names[:index])
        elif _levels(stage):
            yield Finding(
                (*path, "level"), "is for a stage that takes the plateau of an earlier one"
            )


def _levels(stage: StagePart) -> bool:
    return any(one.level_permille is not None for one in (stage, *stage.role.values()))


def _plateau(
    protocol: StagedProtocol, path: Path, stage: StagePart, before: list[str]
) -> Iterator[Finding]:
    where = (*path, "plateau")
    if stage.plateau not in before:
        message = _unknown(stage.plateau, before, "earlier stage of this file")
        yield Finding(where, f'{message}; or write plateau = "{OWN}"')
        return
    source = protocol.stage(stage.plateau)
    assert source is not None
    if StageWord.REST in (stage.kind, source.kind):
        yield Finding(where, "a rest stage has no plateau")


def _unknown(name: str, known: list[str], what: str) -> str:
    near = meant_by(name, known)
    return f'"{name}" is no {what}' + (f'; did you mean "{near[0]}"?' if near else "")


def _session(protocol: StagedProtocol) -> Iterator[Finding]:
    session, names = protocol.session, [stage.name for stage in protocol.stages]
    total = sum(
        len(one.stages) * one.repeat if isinstance(one, RepeatedStages) else 1
        for one in session.order or names
    )
    for index, one in enumerate(session.order or ()):
        named = one.stages if isinstance(one, RepeatedStages) else (one,)
        for name in named:
            if name not in names:
                yield Finding(("session", "order", index), _unknown(name, names, "stage"))
    if total > MOST_STAGES:
        yield Finding(
            ("session", "order"), f"comes to {total} stages; at most {MOST_STAGES} are possible"
        )
        return
    if session.order is not None:
        yield from _order_of_plateaus(protocol)
    yield from _length(protocol)


def _order_of_plateaus(protocol: StagedProtocol) -> Iterator[Finding]:
    """A plateau is found before it is carried on, also in the order of the session."""
    had: set[str] = set()
    for stage in protocol.written_out():
        if stage.plateau != OWN and stage.plateau not in had:
            yield Finding(
                ("session", "order"),
                f'"{stage.name}" takes the plateau of "{stage.plateau}", which comes later',
            )
            return
        had.add(stage.name)


def _length(protocol: StagedProtocol) -> Iterator[Finding]:
    session, usual_us = protocol.session, protocol.usual_duration_us
    cap_us = session_cap_us(protocol)
    if session.longest_us > cap_us:
        yield Finding(
            ("session", "longest"),
            f"N1: a session lasts at most {format_duration(cap_us)}"
            + ("" if session.beyond_an_hour else ", or up to 120 min with beyond_an_hour"),
        )
    if not session.shortest_us <= usual_us <= session.longest_us:
        yield Finding(
            ("session",),
            f"its stages come to {format_duration(usual_us)}, which must lie between shortest and "
            "longest",
        )
    if session.shortest_us < SHORTEST_SESSION_US:
        shortest = format_duration(SHORTEST_SESSION_US)
        yield Finding(("session", "shortest"), f"must be at least {shortest}")
    yield from _stretch(protocol, usual_us)


def _stretch(protocol: StagedProtocol, usual_us: int) -> Iterator[Finding]:
    session, path = protocol.session, ("session", "stretch")
    if session.stretch is None:
        if protocol.kind is ProtocolClass.PROCEDURE:
            return  # its stages end when they have done their work
        if session.shortest_us != usual_us or session.longest_us != usual_us:
            yield Finding(
                path,
                "name the stage that becomes longer or shorter, or let shortest and longest be "
                f"{format_duration(usual_us)}",
            )
        return
    times = [stage.name for stage in protocol.written_out()].count(session.stretch)
    stage = protocol.stage(session.stretch)
    if stage is None or not times:
        names = [one.name for one in protocol.stages]
        yield Finding(path, _unknown(session.stretch, names, "stage"))
        return
    left_us = stage.duration_us - (usual_us - session.shortest_us) // times
    if left_us < SHORTEST_STAGE_US:
        yield Finding(
            ("session", "shortest"),
            f'leaves "{stage.name}" {format_duration(max(0, left_us))}; at least '
            f"{format_duration(SHORTEST_STAGE_US)} are needed",
        )


# -- what the roles do --------------------------------------------------------------------------


def _segments(protocol: StagedProtocol) -> Iterator[Finding]:
    """What a role does is judged once, in the first stage in which it does that."""
    seen: list[tuple[Any, ...]] = []
    for index, stage in enumerate(protocol.stages):
        on = [
            (number, segment)
            for number, role in enumerate(protocol.channels)
            if (segment := segment_in(protocol, index, stage, role)) is not None
        ]
        if not on and stage.kind is not StageWord.REST:
            yield Finding(("stages", index, "roles"), 'no role is on; write kind = "rest"')
        for number, one in on:
            does = (one.role, one.waveform, one.cycle, one.activation)
            if does not in seen:
                seen.append(does)
                yield from _segment(protocol, _where(index, number, one), one)
            switched = one.activation is not None
            look = switched_findings if switched else _time
            yield from look(("stages", index, "waveform" if switched else "duration"), one)
        yield from offset_findings(("stages", index), [one for _, one in on])
        if not protocol.co_contraction and stage.kind is not StageWord.FUNCTIONAL:
            yield from _antagonists(protocol, ("stages", index), [one for _, one in on])


def _where(index: int, number: int, one: Segment) -> Path:
    """Where the waveform stands that a role has in a stage."""
    own = one.stage.role.get(one.role.role)
    if own is not None and own.model_fields_set:
        return ("stages", index, "role", one.role.role)
    if {"waveform", "cycle"} & one.stage.model_fields_set:
        return ("stages", index)
    return ("channels", number)


def _segment(protocol: StagedProtocol, path: Path, one: Segment) -> Iterator[Finding]:
    wave = (*path, "waveform")
    incomplete = tuple(_laws(protocol, wave, one))
    yield from incomplete
    if one.cycle is not None:
        yield from cycle_findings((*path, "cycle"), one.cycle)
        yield from _start((*path, "cycle"), one.cycle)
    if incomplete:
        return
    yield from stimulus_findings(wave, lambda: stimulus_of_segment(protocol, one, 0))
    if one.cycle is not None:
        group = one.waveform.nlet is not None
        slowest_mhz = _lowest(one.waveform.frequency)
        yield from rhythm_findings((*path, "cycle"), one.cycle, slowest_mhz, bursts=group)
        if one.cycle.rest is not None:
            yield from _rest((*path, "cycle", "rest"), one, one.cycle)


def _start(path: Path, cycle: StagedCycle) -> Iterator[Finding]:
    if cycle.start_after_us >= cycle.on_us + cycle.off_us:
        yield Finding((*path, "start_after"), "the first on time begins within the first period")


def _laws(protocol: StagedProtocol, path: Path, one: Segment) -> Iterator[Finding]:
    wave = one.waveform
    for key, law in (
        ("frequency", wave.frequency), ("phase_width", wave.phase_width), ("level", wave.level)
    ):  # fmt: skip
        if law is None and key == "frequency":
            yield Finding((*path, key), 'is missing; write a rate such as "50 Hz"')
            continue
        yield from _law((*path, key), key, law, wave.frequency)
        if isinstance(law, RandomLaw | JitterLaw) and protocol.seed is None:
            yield Finding(
                (*path, key), "is drawn by chance: give the file a seed, such as seed = 1"
            )
    if wave.level is not None and _highest(wave.level) > 1000:
        yield Finding((*path, "level"), "A13: a level is at most 100 % of the plateau")
    if wave.nlet is not None and not isinstance(wave.frequency, int):
        yield Finding((*path, "nlet"), "the rate of groups cannot change; write one frequency")


def _law(path: Path, key: str, law: Any, rate: Any) -> Iterator[Finding]:
    follows = getattr(law, "follows", None)
    if follows is not None and (key == "frequency" or _word(law) != _word(rate)):
        yield Finding(path, f'with = "frequency": the frequency has no {_word(law)} to go with')
        return
    if isinstance(law, SweepLaw):
        period_us = law.period_us
        if (period_us is None) == (follows is None):
            yield Finding(path, 'give a period, or with = "frequency", and not both')
        elif period_us is not None and period_us < SHORTEST_SWEEP_US:
            shortest = format_duration(SHORTEST_SWEEP_US)
            yield Finding((*path, "period"), f"must be at least {shortest}")
        if law.sweep[0] == law.sweep[1]:
            yield Finding((*path, "sweep"), "its two ends must differ")
    elif isinstance(law, ListLaw):
        yield from _list(path, law, rate)
    elif isinstance(law, RandomLaw):
        yield from _dwell(path, law.dwell_us)
    elif isinstance(law, JitterLaw):
        yield from _jitter(path, law)


def _jitter(path: Path, law: JitterLaw) -> Iterator[Finding]:
    step = format_duration(INTERVAL_STEP_US)
    for key, value in (("interval", law.interval_us), ("jitter", law.jitter_us)):
        if value % INTERVAL_STEP_US:
            yield Finding((*path, key), f"W23: goes in steps of {step}")
    if 2 * law.jitter_us > law.interval_us:
        yield Finding((*path, "jitter"), "W23: is at most half of the interval")


def _word(law: Any) -> str:
    if isinstance(law, ListLaw):
        return "list"
    return "sweep" if isinstance(law, SweepLaw) else "value"


def _list(path: Path, law: ListLaw[int], rate: Any) -> Iterator[Finding]:
    if (law.dwell_us is None) == (law.follows is None):
        yield Finding(path, 'give a dwell, or with = "frequency", and not both')
        return
    if law.follows is not None:
        if len(rate.values) != len(law.values):
            message = f"has as many values as the frequency, {len(rate.values)}"
            yield Finding((*path, "list"), message)
        return
    dwells = law.dwell_us if isinstance(law.dwell_us, tuple) else (law.dwell_us or 0,)
    if isinstance(law.dwell_us, tuple) and len(dwells) != len(law.values):
        yield Finding((*path, "dwell"), "is one for all values, or one for each of them")
    yield from _dwell(path, min(dwells))


def _dwell(path: Path, dwell_us: int) -> Iterator[Finding]:
    if dwell_us < SHORTEST_DWELL_US:
        shortest = format_duration(SHORTEST_DWELL_US)
        yield Finding((*path, "dwell"), f"must be at least {shortest}")


def _lowest(law: Any) -> int:
    return law if isinstance(law, int) else min(_values(law))


def _highest(law: Any) -> int:
    return law if isinstance(law, int) else max(_values(law))


def _values(law: Any) -> tuple[int, ...]:
    if isinstance(law, SweepLaw):
        return law.sweep
    return law.values if isinstance(law, ListLaw) else law.between


def _rest(path: Path, one: Segment, cycle: StagedCycle) -> Iterator[Finding]:
    """W19; that it is nowhere stronger than the on time, the compiler says (A12)."""
    rest, wave = cycle.rest, one.waveform
    assert rest is not None
    if rest.frequency_mhz >= TETANIC_FROM_MHZ:
        yield Finding((*path, "frequency"), "W19: active rest is slower than 15 Hz")
    if cycle.off_us < SHORTEST_REST_OFF_US:
        least = format_duration(SHORTEST_REST_OFF_US)
        yield Finding(path, f"W19: active rest needs an off time of at least {least}")
    if wave.nlet is not None or not isinstance(wave.phase_width, int):
        yield Finding(path, "W19: active rest goes with single pulses of one phase width")
    elif (rest.phase_width_us or 0) > wave.phase_width:
        yield Finding((*path, "phase_width"), "W19: is wider than in the on time")


def _time(path: Path, one: Segment) -> Iterator[Finding]:
    """W14: one contraction at least fits in; a continuous stage has room for its ramps."""
    cycle = one.cycle
    if cycle is None:
        if one.stage.duration_us < SHORTEST_SESSION_US:
            least = format_duration(SHORTEST_SESSION_US)
            yield Finding(path, f"a continuous stage lasts at least {least}")
        return
    needs_us = ZERO_US + one.begins_us + cycle.on_us
    if one.stage.duration_us < needs_us:
        yield Finding(
            path,
            f"W14: no contraction of {one.role.role} fits in; at least {format_duration(needs_us)}",
        )


def _antagonists(
    protocol: StagedProtocol, path: Path, segments: list[Segment]
) -> Iterator[Finding]:
    """W15: cycles of different periods drift; what is not provably apart is together."""
    by_role = {one.role.role: one for one in segments}
    for one in segments:
        other = antagonist_in(protocol, one.role)
        against = by_role.get(other.role) if other is not None else None
        if against is None:
            continue
        begins_us = against.begins_us - one.begins_us
        if overlap(one.on_off, against.on_off, begins_us):
            yield Finding(
                path,
                f"W10: {one.role.role} and {against.role.role} pull one joint in two directions "
                "and are on at the same time (W15: cycles of different periods meet sooner or "
                "later); move one with start_after, or state co_contraction = true",
            )
