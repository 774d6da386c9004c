"""The words and the table that a soak prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from stimctl.session.states import State
from tests.soak.soak_campaign import Played, Tally
from tests.soak.soak_devices import DEVICES, P24, Device
from tests.soak.soak_reach import WANTED, pairs, unreachable
from tests.soak.soak_troubles import ALL_FAULTS

_LISTED = 60


def report(tally: Tally, seconds: float) -> str:
    """Everything that a soak has to say."""
    lines = [f"{seconds:.0f} s"]
    for device in DEVICES:
        lines += ["", *_summary(device.sheet.model, tally.devices[device.family])]
    lines += ["", *_violations(tally), "", *_matrix(tally.p24), "", *_gaps(tally.p24)]
    for device in DEVICES:
        if device is not P24:
            lines += ["", *_seen(device, tally.devices[device.family])]
    return "\n".join(lines)


def _summary(model: str, played: Played) -> Iterator[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(played.sessions.items()))
    ended = ", ".join(f"{count} {state}" for state, count in played.ended_in.most_common())
    yield f"{sum(played.sessions.values())} sessions on a {model} ({kinds}), ended in {ended}"
    yield f"simulated hours with output on: {played.output_hours:.1f}"
    yield f"simulated hours in all: {played.lived_us / 3.6e9:.1f}"
    yield (
        "faults that changed a byte, a command, a timer or a load while running: "
        f"{played.faults_while_running}"
    )


def _violations(tally: Tally) -> Iterator[str]:
    yield f"violations: {len(tally.violations)}"
    for seed, what in tally.violations:
        yield f"  {what}\n    replay: python -m tests.soak --replay {seed}"


def _seen(device: Device, played: Played) -> Iterator[str]:
    """What went wrong on a device whose pairs of state and fault are not aimed at."""
    seen: Counter[str] = Counter()
    for (_, name), times in played.hits.items():
        seen[name] += times
    yield f"how often each fault changed something on a {device.sheet.model}, in any state:"
    yield "  " + ", ".join(f"{name} {seen[name]}" for name in device.faults)


def _matrix(played: Played) -> Iterator[str]:
    yield "how often each fault changed something in each state of a P24 (- = cannot be):"
    yield " " * 20 + "".join(f"{state.value[:4]:>6}" for state in State)
    for name in ALL_FAULTS:
        cells = (
            "-" if unreachable((state, name)) else str(played.hits[state, name]) for state in State
        )
        yield f"{name:20}" + "".join(f"{cell:>6}" for cell in cells)


def _gaps(played: Played) -> Iterator[str]:
    few = [pair for pair in pairs() if played.hits[pair] < WANTED]
    yield f"pairs seen fewer than {WANTED} times: {len(few)}"
    listed = [f"{state.value}.{name} {played.hits[state, name]}" for state, name in few]
    yield "  " + ", ".join(listed[:_LISTED]) + (", ..." if len(listed) > _LISTED else "")
    reasons: dict[tuple[State, str], list[str]] = {}
    for state in State:
        for name in ALL_FAULTS:
            why = unreachable((state, name))
            if why is not None:
                reasons.setdefault((state, why), []).append(name)
    yield "pairs that cannot be:"
    yield from (
        f"  {state.value}: {why} ({', '.join(names)})" for (state, why), names in reasons.items()
    )
