"""Rules over inputs and functional stages of a file; each finding names the key it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.quantity import format_duration
from stimctl.suggestion import meant_by
from stimctl.treatment.consistency import Finding
from stimctl.treatment.inputs_schema import (
    USUAL_DUTY_PERMILLE,
    ActivationPart,
    InputKind,
    InputPart,
    Source,
)
from stimctl.treatment.locate import Path
from stimctl.treatment.segments import Segment
from stimctl.treatment.staged import OWN, ProtocolClass, StagedProtocol, StagePart, StageWord
from stimctl.treatment.switching import HOST_US, source_us

_MINUTE_US = 60_000_000
_FASTEST_MRPM = 120_000
_HYSTERESIS_PERMILLE = 50
_KEYS = {
    InputKind.EVENT: frozenset({"on_us"}),
    InputKind.STATE: frozenset({"start", "stop", "extend_us"}),
    InputKind.PHASE: frozenset({"from_mdeg", "to_mdeg", "lead_us"}),
    InputKind.LEVEL: frozenset({"above_permille", "below_permille", "on_us"}),
}
_NEEDED = {
    InputKind.EVENT: frozenset({"on_us"}),
    InputKind.STATE: frozenset({"start", "stop"}),
    InputKind.PHASE: frozenset({"from_mdeg", "to_mdeg"}),
    InputKind.LEVEL: frozenset({"above_permille", "below_permille"}),
}
_OF_A_KIND = frozenset().union(*_KEYS.values())


def functional_findings(protocol: StagedProtocol) -> Iterator[Finding]:
    """Everything wrong with inputs, activations, and the class of the file."""
    yield from _class(protocol)
    names = [one.name for one in protocol.inputs]
    used = {part.input for stage in protocol.stages for part in stage.activation.values()}
    for index, one in enumerate(protocol.inputs):
        path: Path = ("inputs", index)
        if names.index(one.name) != index:
            yield Finding((*path, "name"), f'the input "{one.name}" is there twice')
        elif one.name not in used:
            yield Finding((*path, "name"), f'no activation uses the input "{one.name}"')
        yield from _input(path, one)
    for index, stage in enumerate(protocol.stages):
        yield from _stage(protocol, ("stages", index), stage)


def _class(protocol: StagedProtocol) -> Iterator[Finding]:
    functional = any(stage.kind is StageWord.FUNCTIONAL for stage in protocol.stages)
    if protocol.kind is ProtocolClass.FUNCTIONAL and not functional:
        message = 'class = "functional" needs a stage of kind = "functional"'
        yield Finding(("class",), message)
    if protocol.kind is not ProtocolClass.FUNCTIONAL and (functional or protocol.inputs):
        message = 'inputs and functional stages need class = "functional"'
        yield Finding(("class",), message)


def _input(path: Path, one: InputPart) -> Iterator[Finding]:
    phase = one.kind is InputKind.PHASE
    if phase and one.unit is None:
        yield Finding((*path, "unit"), 'a phase counts in "deg" or "%"; write unit = "deg"')
    for key, value in (("unit", one.unit), ("rate", one.rate_mrpm)):
        if value is not None and not phase:
            yield Finding((*path, key), "is for inputs of the kind phase")
    slowest, fastest = one.slowest_fastest_mrpm
    if not 0 < slowest < fastest <= _FASTEST_MRPM:
        yield Finding((*path, "rate"), "goes from a lower rate to a higher one, at most 120 rpm")
    if one.debounce_us is not None and one.kind is not InputKind.STATE:
        yield Finding((*path, "debounce"), "is for inputs of the kind state")
    if Source.KEY in one.sources and one.kind is not InputKind.EVENT:
        message = "a key gives events only: no terminal tells when a key is released"
        yield Finding((*path, "sources"), message)
    if Source.LINE in one.sources and one.kind not in (InputKind.EVENT, InputKind.STATE):
        yield Finding((*path, "sources"), "a line is on or off; it has no angle and no level")
    quickest_us = min(map(source_us, one.sources)) + HOST_US
    if one.latency_us < quickest_us:
        yield Finding(
            (*path, "latency"),
            f"K15: source and computer need {format_duration(quickest_us)} before any device",
        )


def _stage(protocol: StagedProtocol, path: Path, stage: StagePart) -> Iterator[Finding]:
    if stage.one_at_a_time and stage.kind is not StageWord.TUNE:
        yield Finding((*path, "one_at_a_time"), "is for tune stages")
    if stage.kind is not StageWord.FUNCTIONAL:
        for key in ("activation", "duty_permille", "per_minute", "exclusive"):
            if key in stage.model_fields_set:
                yield Finding((*path, key.removesuffix("_permille")), "is for functional stages")
        return
    if stage.plateau == OWN:
        yield Finding(
            (*path, "plateau"),
            "a functional stage takes its plateau from an earlier stage, where a hand found it",
        )
    elif (source := protocol.stage(stage.plateau)) and source.kind is StageWord.FUNCTIONAL:
        yield Finding((*path, "plateau"), "is found in a tune stage or a program stage")
    if not stage.activation:
        yield Finding((*path, "activation"), "says for each role which input switches it")
    if stage.cycle is not None:
        yield Finding((*path, "cycle"), "inputs switch the roles of a functional stage")
    roles = [channel.role for channel in protocol.channels]
    for role, part in stage.activation.items():
        where = (*path, "activation", role)
        if role not in roles:
            yield Finding(where, _unknown(role, roles, "role"))
        elif stage.roles is not None and role not in stage.roles:
            yield Finding(where, f'"{role}" is off in this stage')
        yield from _activation(protocol, where, part)
        yield from _times(where, part, stage.duty_permille or USUAL_DUTY_PERMILLE)
    for index, group in enumerate(stage.exclusive):
        for role in group:
            if role not in stage.activation:
                known = list(stage.activation)
                yield Finding((*path, "exclusive", index), _unknown(role, known, "role of it"))
        if len(group) < 2:
            yield Finding((*path, "exclusive", index), "names two roles or more")


def switched_findings(path: Path, one: Segment) -> Iterator[Finding]:
    """What a role that an input switches gives is constant: nothing else may change meanwhile."""
    wave = one.waveform
    constant = isinstance(wave.frequency, int) and isinstance(wave.phase_width, int)
    if not constant or wave.level is not None:
        message = f"{one.role.role} is switched by an input; its rate, width and level are constant"
        yield Finding(path, message)


def _unknown(name: str, known: list[str], what: str) -> str:
    near = meant_by(name, known)
    return f'"{name}" is no {what}' + (f'; did you mean "{near[0]}"?' if near else "")


def _activation(protocol: StagedProtocol, path: Path, part: ActivationPart) -> Iterator[Finding]:
    """Which keys there are goes by the kind of the input."""
    names = [one.name for one in protocol.inputs]
    of = next((one for one in protocol.inputs if one.name == part.input), None)
    if of is None:
        yield Finding((*path, "input"), _unknown(part.input, names, "input of this file"))
        return
    for key in sorted(_OF_A_KIND & part.model_fields_set - _KEYS[of.kind]):
        yield Finding((*path, _shown(key)), f"is not for an input of the kind {of.kind.value}")
    for key in sorted(_NEEDED[of.kind] - part.model_fields_set):
        yield Finding((*path, _shown(key)), f"is missing: the input is of the kind {of.kind.value}")
    if part.start is not None and part.start is part.stop:
        yield Finding((*path, "stop"), "the same edge cannot start and stop")
    if part.from_mdeg is not None and part.from_mdeg == part.to_mdeg:
        yield Finding((*path, "to"), "must differ from where it begins")
    above, below = part.above_permille, part.below_permille
    if above is not None and below is not None and above - below < _HYSTERESIS_PERMILLE:
        yield Finding((*path, "below"), "lies at least 5 % under above, or noise switches it")


def _shown(key: str) -> str:
    return key.partition("_")[0]


def _times(path: Path, part: ActivationPart, duty_permille: int) -> Iterator[Finding]:
    ramps_us = part.ramp_up_us + part.ramp_down_us
    if part.on_us is not None and part.on_us > part.longest_us:
        longest = format_duration(part.longest_us)
        yield Finding((*path, "on"), f"W17: is above longest, which is {longest}")
    if part.on_at_most_us < ramps_us:
        yield Finding(path, f"W5: ramps of {format_duration(ramps_us)} do not fit its on time")
    if part.on_at_most_us * 1_000 > _MINUTE_US * duty_permille:
        yield Finding((*path, "longest"), "W17: one on time would be more than duty allows of 60 s")
