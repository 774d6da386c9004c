"""One simulated session as data, every part of it drawn from its seed.

A seed is a text, so that it can be typed to replay a session: `quiet-17` is a long session in
which little goes wrong, `long-17` one of plain trains only, `storm-17` a short one full of trouble,
`aim-17-running.drop+paused.flip` a storm with these faults in these states among others, and
`point-17-running.hang` the same with those faults lasting that need time to meet a byte, and
`meet-17-disconnected.twice` that, with somebody who stops while connecting.

What these words draw must stay as it is, or the seeds in seeds.txt mean other sessions: a new kind
of story gets a word of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from soak_protocols import SHIPPED, plan_for
from soak_troubles import (
    ALL_FAULTS,
    JOURNAL_FAILS,
    TWIN_FAULTS,
    Trouble,
    drawn_murmur,
    drawn_trouble,
)

from firmware_sim.faults import TO_HOST
from firmware_sim.faults.misbehaviour import ALL_COMMANDS
from firmware_sim.scenarios import SCENARIOS
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.states import State
from stimctl.treatment.plan import Plan

_QUIET_S = (3_600, 3_600, 1_800, 1_200)
_STORM_S = 120
_LONG = ("tens-conventional", "tens-spasticity", "ttns-oab")
_ANY_LONG = (*_LONG, "tens-modulated")
_GENTLE = (
    "jitter",
    "merge",
    "split",
    "duplicate",
    "latency",
    "drop",
    "clock-step",
    "impedance-rising",
    "second-writer",
    "local-knob",
)
_CALM_SCENARIOS = (
    "normal-tens",
    "normal-nmes",
    "high-Z",
    "wet-electrodes",
    "fatigued",
    "sensitive-patient",
    "insensate-patient",
    "obese-high-threshold",
    "denervated-no-response",
    "noisy-impedance",
    "dry-gel",
)
_LEADING = {State.UNKNOWN: "mute", State.FAULT: "over-temperature"}
_STORMY_STATES = (State.RUNNING,) * 8 + tuple(State)
_WITHIN_US = {State.RUNNING: 12_000_000, State.PAUSED: 400_000, State.CLOSED: 500_000}
_WITHIN_ELSEWHERE_US = 60_000
_NEEDS_TIME = frozenset({"hang", "number-wrap", "xoff-stuck"})
"""Faults that change nothing until a byte meets them, in states in which few are said."""
_MEETS_A_STOP = tuple((State.DISCONNECTED, name) for name in ("ack-only", "no-ack", "twice"))
"""Faults of commands that change something: the only one in this state is a stop."""
_LONG_US = 4_000_000
_KINDS = ("quiet", "long", "storm", "aim", "point", "meet")
_LASTING = ("point", "meet")


@dataclass(frozen=True, slots=True)
class Story:
    """What happens in one session. `length_ns`: when everybody goes home, wherever it stands."""

    seed: str
    plan: Plan
    config: EngineConfig
    scenario: str
    latency_ns: int
    journal_ns: int
    temper: str
    troubles: tuple[Trouble, ...]
    length_ns: int
    near_wrap: bool = False
    """The host's packet numbers are near their end when a fault of their wrap begins."""

    @property
    def chance(self) -> Random:
        """A fresh generator for the operator."""
        return Random(f"operator/{self.seed}")


def story_of(seed: str) -> Story:
    """The session of a seed; ValueError for a text that is none."""
    kind, _, rest = seed.partition("-")
    number, _, aims = rest.partition("-")
    if not number.isdigit() or kind not in _KINDS:
        raise ValueError(f"no seed: {seed!r}")
    chance = Random(f"story/{kind}/{number}")
    if kind == "quiet":
        return _quiet(seed, chance, plain_share=0.8)
    if kind == "long":
        return _quiet(seed, chance, plain_share=1.0)
    story = _storm(seed, chance, _pairs(aims), lasting=kind in _LASTING)
    return _meeting(story, chance, _pairs(aims)) if kind == "meet" else story


def aimed_seed(number: int, pairs: list[tuple[State, str]]) -> str:
    """A seed for a storm with these faults in these states."""
    return f"meet-{number}-" + "+".join(f"{state.value}.{name}" for state, name in pairs)


def _pairs(text: str) -> list[tuple[State, str]]:
    if not text:
        return []
    parts = [part.partition(".") for part in text.split("+")]
    if not all(name in ALL_FAULTS for _, _, name in parts):
        raise ValueError(f"no faults: {text!r}")
    return [(State(state), name) for state, _, name in parts]


def _config(chance: Random, *, trip: float) -> EngineConfig:
    return EngineConfig(
        scripted_raise=chance.random() < 0.3,
        dead_man_trip=chance.random() < trip,
        attended_by_prompt=chance.random() < 0.5,
        requires_hold=chance.random() < 0.1,
    )


def _drawn_plan(
    chance: Random, duration_s: int, names: tuple[str, ...], *, shipped: float = 0.6
) -> Plan:
    """A plan that is cleared; most are, and the first ones to be refused cost nothing."""
    while True:
        drawn = chance.random() >= shipped
        name = str(chance.randrange(10_000)) if drawn else chance.choice(names)
        amplitudes = [1_000 * chance.randint(2, 25) for _ in range(chance.choice((1, 1, 2)))]
        plan = plan_for(name, duration_s, *amplitudes)
        if plan is not None:
            return plan


def _quiet(seed: str, chance: Random, *, plain_share: float) -> Story:
    duration_s = chance.choice(_QUIET_S)
    # Plain trains make the hours; what changes by itself many times a second costs ten times more.
    plain = chance.random() < plain_share
    names = _LONG if plain else _ANY_LONG
    plan = _drawn_plan(chance, duration_s, names, shipped=1.0 if plain else 0.3)
    within_us = duration_s * 1_000_000
    troubles = tuple(
        drawn_trouble(chance, chance.choice(_GENTLE), State.RUNNING, nth=1, within_us=within_us)
        for _ in range(chance.choice((0, 0, 1, 2)))
    ) + tuple(drawn_murmur(chance, within_us) for _ in range(chance.randint(10, 50)))
    return Story(
        seed=seed,
        plan=plan,
        config=_config(chance, trip=0.5),
        scenario=chance.choice(_CALM_SCENARIOS),
        latency_ns=chance.choice((200_000, 1 * MS, 8 * MS)),
        journal_ns=chance.choice((0, 300_000, 20 * MS)),
        temper="careful",
        troubles=troubles,
        length_ns=(duration_s + 120) * SECOND,
    )


def _storm(seed: str, chance: Random, pairs: list[tuple[State, str]], *, lasting: bool) -> Story:
    names = tuple(name for name in ALL_FAULTS if name != JOURNAL_FAILS)
    drawn = [
        (chance.choice(_STORMY_STATES), chance.choice(names)) for _ in range(chance.randint(8, 24))
    ]
    if chance.random() < 0.1:
        drawn.append((chance.choice(tuple(State)), JOURNAL_FAILS))
    troubles = [_in_state(chance, state, name) for state, name in drawn]
    for state, name in pairs:
        aimed = _aimed(chance, state, name)
        if lasting and name in _NEEDS_TIME:
            aimed = [
                replace(one, parameters={**one.parameters, "for_us": _LONG_US}) for one in aimed
            ]
        troubles += aimed
    return Story(
        seed=seed,
        plan=_drawn_plan(chance, _STORM_S, SHIPPED),
        config=_config(chance, trip=0.3),
        scenario=chance.choice(tuple(SCENARIOS)),
        latency_ns=chance.choice((200_000, 200_000, 2 * MS, 16 * MS)),
        journal_ns=chance.choice((0, 0, 300_000, 30 * MS, 120 * MS)),
        temper=chance.choice(("hasty", "hasty", "monkey", "careful")),
        troubles=tuple(troubles),
        length_ns=_STORM_S * SECOND,
        near_wrap=lasting,
    )


def _meeting(story: Story, chance: Random, pairs: list[tuple[State, str]]) -> Story:
    """The story with somebody who stops while connecting, and faults that wait for that stop.

    Connecting to a device that is at rest asks and changes nothing, so that faults of commands
    which change something would meet none there.
    """
    names = [name for state, name in pairs if (state, name) in _MEETS_A_STOP]
    if not names:
        return story
    lasting = {"command": ALL_COMMANDS, "for_us": _LONG_US}
    waiting = tuple(
        Trouble(name, State.DISCONNECTED, nth, 0, lasting)
        for nth, name in enumerate(chance.sample(names, len(names)), start=1)
    )
    return replace(story, temper="nervous", troubles=story.troubles + waiting)


def _in_state(chance: Random, state: State, name: str) -> Trouble:
    within_us = _WITHIN_US.get(state, _WITHIN_ELSEWHERE_US)
    return drawn_trouble(chance, name, state, nth=chance.randint(1, 4), within_us=within_us)


def _aimed(chance: Random, state: State, name: str) -> list[Trouble]:
    """The fault in that state, what leads there, and what makes the host say more there."""
    troubles = [
        drawn_trouble(chance, name, state, nth=nth, within_us=_WITHIN_US.get(state, 20_000))
        for nth in (1, 2)
    ]
    if state in _LEADING and name in TWIN_FAULTS:
        troubles.append(_in_state(chance, State.RUNNING, _LEADING[state]))
    if name == "number-wrap":
        # Packet numbers wrap only after 64 frames: stops that are not heard of are repeated.
        silence = {"direction": TO_HOST, "for_us": 2_500_000}
        troubles += [Trouble("mute", state, nth, 0, silence) for nth in (1, 2)]
    return troubles
