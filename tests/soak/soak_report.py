"""The words and the table that a soak prints."""

from __future__ import annotations

from collections.abc import Iterator

from soak_campaign import Tally
from soak_reach import WANTED, pairs, unreachable
from soak_troubles import ALL_FAULTS

from stimctl.session.states import State

_LISTED = 60


def report(tally: Tally, seconds: float) -> str:
    """Everything that a soak has to say."""
    return "\n".join([*_summary(tally, seconds), "", *_matrix(tally), "", *_gaps(tally)])


def _summary(tally: Tally, seconds: float) -> Iterator[str]:
    played = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.sessions.items()))
    ended = ", ".join(f"{count} {state}" for state, count in tally.ended_in.most_common())
    yield f"{sum(tally.sessions.values())} sessions in {seconds:.0f} s ({played}), ended in {ended}"
    yield f"simulated hours with output on: {tally.output_hours:.1f}"
    yield f"simulated hours in all: {tally.lived_us / 3.6e9:.1f}"
    yield (
        "faults that changed a byte, a command, a timer or a load while running: "
        f"{tally.faults_while_running}"
    )
    yield f"violations: {len(tally.violations)}"
    for seed, what in tally.violations:
        yield f"  {what}\n    replay: python tests/soak --replay {seed}"


def _matrix(tally: Tally) -> Iterator[str]:
    yield "how often each fault changed something in each state (- = cannot be):"
    yield " " * 20 + "".join(f"{state.value[:4]:>6}" for state in State)
    for name in ALL_FAULTS:
        cells = (
            "-" if unreachable((state, name)) else str(tally.hits[state, name]) for state in State
        )
        yield f"{name:20}" + "".join(f"{cell:>6}" for cell in cells)


def _gaps(tally: Tally) -> Iterator[str]:
    few = [pair for pair in pairs() if tally.hits[pair] < WANTED]
    yield f"pairs seen fewer than {WANTED} times: {len(few)}"
    listed = [f"{state.value}.{name} {tally.hits[state, name]}" for state, name in few]
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
