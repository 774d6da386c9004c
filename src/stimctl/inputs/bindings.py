"""Where the samples of an input come from: `crank=sim:crank@50rpm`, `crank=udp:5005:FILE`,
`heel=line:/dev/ttyUSB1:cts`, `emg=lsl:STREAM`, `go=key`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from stimctl.errors import QuantityError, UsageError
from stimctl.quantity import format_duration, parse_duration_us
from stimctl.supervisor.stop_face_names import CTS, DCD, DSR, RI
from stimctl.treatment.functional_plan import latency_of
from stimctl.treatment.program import AnyPlan, CurrentChannel, Stage, of_currents
from stimctl.treatment.switching import InputSpec, source_us

FORM = (
    "INPUT=sim:NAME@RATE, INPUT=udp:PORT[:TOKEN-FILE], INPUT=line:/dev/NAME:cts (dsr, dcd, ri), "
    "INPUT=lsl:STREAM or INPUT=key, and ,TIME for how long the source takes"
)
SHORTEST_TOKEN = 8
_LOWEST_PORT, _HIGHEST_PORT = 1024, 65_535
_SIGNALS = (CTS, DSR, DCD, RI)
KEY = "key"
"""A key of the face: no process reads it."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One input. `latency_us`: of its source, where it was declared. `path`: of a line the port, of
    LSL the stream's name. `kind`: of the input in its file, once that was looked at."""

    name: str
    source: str
    port: int = 0
    token: str = ""
    sensor: str = ""
    latency_us: int | None = None
    path: str = ""
    signal: str = ""
    kind: str = ""


def parse_binding(text: str) -> Binding:
    """Raises UsageError."""
    name, equals, rest = text.partition("=")
    where, _, declared = rest.partition(",")
    source, _, what = where.partition(":")
    try:
        latency_us = parse_duration_us(declared) if declared else None
    except QuantityError as error:
        raise _unusable(text, str(error)) from error
    if equals and name and source == "sim" and what:
        return Binding(name, source, sensor=what, latency_us=latency_us)
    if equals and name and source == "udp":
        port, _, file = what.partition(":")
        if port.isdecimal() and _LOWEST_PORT <= int(port) <= _HIGHEST_PORT:
            token = _token_in(text, file) if file else secrets.token_hex(8)
            return Binding(name, source, int(port), token, latency_us=latency_us)
        raise _unusable(text, f"a port is a number from {_LOWEST_PORT} to {_HIGHEST_PORT}")
    if equals and name and source == "line":
        path, _, signal = what.rpartition(":")  # a path may have colons of its own
        if path.startswith("/") and "\0" not in path and signal in _SIGNALS:
            return Binding(name, source, latency_us=latency_us, path=path, signal=signal)
        raise _unusable(text, f"a line is a port and one of {', '.join(_SIGNALS)}")
    if equals and name and source == "lsl" and what:
        return Binding(name, source, latency_us=latency_us, path=what)
    if equals and name and source == KEY and not what:
        return Binding(name, source, latency_us=latency_us)
    raise _unusable(text, "it is none of these forms")


def _token_in(text: str, file: str) -> str:
    try:
        token = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise _unusable(text, f"the token cannot be read: {error}") from error
    if not SHORTEST_TOKEN <= len(token) <= 64 or not token.isalnum():
        raise _unusable(text, f"a token is {SHORTEST_TOKEN} to 64 letters and digits")
    return token


def _unusable(text: str, why: str) -> UsageError:
    return UsageError(f"--input {text} cannot be used", why=why, what_to_do=f"Write {FORM}")


def check_bindings(
    plan: AnyPlan, bindings: tuple[Binding, ...], *, simulation: bool
) -> tuple[Binding, ...]:
    """Every input of a plan has one way that its file allows, and is quick enough. UsageError. The
    bindings come back with the kinds of their inputs."""
    by_name = {one.name: one for one in bindings}
    if len(by_name) != len(bindings):
        raise UsageError("an input is bound twice", what_to_do="Give --input once for each")
    specs: dict[str, InputSpec] = {}
    for stage in plan.stages:
        if stage.switching is None or not of_currents(stage):
            continue
        specs |= {one.name: one for one in stage.switching.inputs}
        for one in stage.switching.inputs:
            check_binding(plan, stage, one, by_name.get(one.name), simulation=simulation)
    unknown = sorted(by_name.keys() - specs.keys())
    if unknown:
        raise UsageError(
            f'{plan.protocol.id} has no input "{unknown[0]}"',
            what_to_do=f"Its inputs are {', '.join(specs) or 'none'}",
        )
    return tuple(replace(one, kind=specs[one.name].kind.value) for one in bindings)


def check_binding(
    plan: AnyPlan,
    stage: Stage[CurrentChannel],
    spec: InputSpec,
    binding: Binding | None,
    *,
    simulation: bool,
) -> None:
    """One input of a stage has a way that its file allows, and is quick enough. UsageError."""
    if binding is None:
        raise UsageError(
            f'the input "{spec.name}" has no source',
            why=f"{plan.protocol.id} lets it switch output",
            what_to_do=f"Add --input {spec.name}=... ({FORM})",
        )
    _check_source(spec, binding, simulation=simulation)
    _check_latency(plan, stage, spec, binding)


def _check_source(spec: InputSpec, binding: Binding, *, simulation: bool) -> None:
    if binding.source == "sim":
        if not simulation:
            raise UsageError(
                f'a made-up sensor for "{spec.name}" is for simulated devices',
                why="nobody turns it, and nobody can stop turning it",
                what_to_do="Connect a sensor, or use a simulated device",
            )
    elif binding.source not in spec.sources:
        raise UsageError(
            f'the file does not allow "{spec.name}" by {binding.source}',
            why=f"its sources are {', '.join(spec.sources)}",
            what_to_do="Take one of these",
        )


def _check_latency(
    plan: AnyPlan, stage: Stage[CurrentChannel], spec: InputSpec, binding: Binding
) -> None:
    """K15 with what was declared of the source."""
    usual_us = next((source_us(one) for one in spec.sources if one == binding.source), 0)
    takes_us = usual_us if binding.latency_us is None else binding.latency_us
    assert stage.switching is not None
    for one in stage.channels:
        needs_us = takes_us + latency_of(plan.sheet, one)
        if stage.switching.switches[one.channel].input == spec.name and needs_us > spec.latency_us:
            raise UsageError(
                f'K15: "{spec.name}" is too slow: {format_duration(needs_us)} to the first pulse',
                why=f"the file allows {format_duration(spec.latency_us)}",
                what_to_do="Use a quicker source",
            )
