"""One simulated session as data, every part of it drawn from its seed.

A seed is a text, so that it can be typed to replay a session: `quiet-17` is a long session in
which little goes wrong, `long-17` one of plain trains only, `storm-17` a short one full of trouble,
`aim-17-running.drop+paused.flip` a storm with these faults in these states among others, and
`point-17-running.hang` the same with those faults lasting that need time to meet a byte, and
`meet-17-disconnected.twice` that, with somebody who stops while connecting. All of these are on a
P24. `reha-17` is a storm on a RehaStim2, which may have aims too (`reha-17-running.echo`), and
`rehaquiet-17` a long session on one; `move-17` and `movequiet-17` are the same on a RehaMove3.
`burst-17` is a storm over bursts, mostly in on/off cycles, on a P24, and `rehaburst-17` one over
doublets and triplets on a RehaStim2; `burstline-17` and `rehaburstline-17` are the same where
nothing is wrong but the line.

What these words draw must stay as it is, or the seeds in seeds.txt mean other sessions: a new kind
of story gets a word of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from firmware_sim.faults import TO_HOST
from firmware_sim.faults.misbehaviour import ALL_COMMANDS
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.states import State
from stimctl.treatment.program import AnyPlan
from tests.soak.soak_devices import P24, P24_BURSTS, REHAMOVE3, REHASTIM2, REHASTIM2_GROUPS, Device
from tests.soak.soak_troubles import (
    HOST_FAULTS,
    JOURNAL_FAILS,
    Trouble,
    drawn_murmur,
    drawn_trouble,
)

_QUIET_S = (3_600, 3_600, 1_800, 1_200)
_STORM_S = 120
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
_LINE = ("jitter", "latency", "duplicate", "split", "merge", "drop", "slow")
"""What a bad line does that a session may outlive."""
_STORMY_STATES = (State.RUNNING,) * 8 + tuple(State)
_WITHIN_US = {State.RUNNING: 12_000_000, State.PAUSED: 400_000, State.CLOSED: 500_000}
_WITHIN_ELSEWHERE_US = 60_000
_NEEDS_TIME = frozenset({"hang", "number-wrap", "xoff-stuck"})
"""Faults that change nothing until a byte meets them, in states in which few are said."""
_LONG_US = 4_000_000
_OBEYED_OTHERWISE = {"command": ALL_COMMANDS, "for_us": _LONG_US}
_PULLED = {"powered": 1, "for_us": 600_000}
_MEETS_A_STOP: Mapping[tuple[State, str], Mapping[str, int]] = {
    **{(State.DISCONNECTED, name): _OBEYED_OTHERWISE for name in ("ack-only", "no-ack", "twice")},
    (State.DISCONNECTED, "unplug-during-stop"): _PULLED,
    (State.RUNNING, "unplug-during-stop"): _PULLED,
}
"""Faults that a stop alone can meet in these states, with parameters that let them wait for it."""
Pairs = list[tuple[State, str]]


@dataclass(frozen=True, slots=True)
class Story:
    """What happens in one session. `length_ns`: when everybody goes home, wherever it stands."""

    seed: str
    device: Device
    plan: AnyPlan
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
    if not number.isdigit() or kind not in KINDS:
        raise ValueError(f"no seed: {seed!r}")
    device, draw = KINDS[kind]
    return draw(device, seed, Random(f"story/{kind}/{number}"), _pairs(device, aims))


def aimed_seed(number: int, pairs: Pairs) -> str:
    """A seed for a storm with these faults in these states."""
    return f"meet-{number}-" + "+".join(f"{state.value}.{name}" for state, name in pairs)


def _pairs(device: Device, text: str) -> Pairs:
    if not text:
        return []
    parts = [part.partition(".") for part in text.split("+")]
    if not all(name in device.faults for _, _, name in parts):
        raise ValueError(f"no faults: {text!r}")
    return [(State(state), name) for state, _, name in parts]


def _config(chance: Random, *, trip: float) -> EngineConfig:
    return EngineConfig(
        scripted_raise=chance.random() < 0.3,
        watchdog_test=chance.random() < trip,
        attended_by_prompt=chance.random() < 0.5,
        requires_hold=chance.random() < 0.1,
    )


def _drawn_plan(
    device: Device,
    chance: Random,
    duration_s: int,
    names: tuple[str, ...],
    *,
    shipped: float = 0.6,
) -> AnyPlan:
    """A plan that is cleared; most are, and the first ones to be refused cost nothing."""
    while True:
        drawn = chance.random() >= shipped
        name = str(chance.randrange(10_000)) if drawn else chance.choice(names)
        plan = device.plan(name, duration_s, device.amplitudes(chance))
        if plan is not None:
            return plan


def _quiet(
    device: Device, seed: str, chance: Random, _pairs: Pairs, *, plain_share: float
) -> Story:
    duration_s = chance.choice(_QUIET_S)
    # Plain trains make the hours; what changes by itself many times a second costs ten times more.
    plain = chance.random() < plain_share
    names = device.long if plain else device.any_long
    plan = _drawn_plan(device, chance, duration_s, names, shipped=1.0 if plain else 0.3)
    within_us = duration_s * 1_000_000
    gentle = tuple(name for name in _GENTLE if name in device.faults)
    troubles = tuple(
        _drawn(device, chance, chance.choice(gentle), State.RUNNING, nth=1, within_us=within_us)
        for _ in range(chance.choice((0, 0, 1, 2)))
    ) + tuple(drawn_murmur(chance, within_us) for _ in range(chance.randint(10, 50)))
    return Story(
        seed=seed,
        device=device,
        plan=plan,
        config=_config(chance, trip=0.5),
        scenario=chance.choice(device.calm),
        latency_ns=chance.choice((200_000, 1 * MS, 8 * MS)),
        journal_ns=chance.choice((0, 300_000, 20 * MS)),
        temper="careful",
        troubles=troubles,
        length_ns=(duration_s + 120) * SECOND,
    )


def _storm(
    device: Device,
    seed: str,
    chance: Random,
    pairs: Pairs,
    *,
    lasting: bool = False,
    shipped: float = 0.6,
    among: tuple[str, ...] | None = None,
) -> Story:
    names = tuple(name for name in among or device.faults if name != JOURNAL_FAILS)
    drawn = [
        (chance.choice(_STORMY_STATES), chance.choice(names)) for _ in range(chance.randint(8, 24))
    ]
    if among is None and chance.random() < 0.1:
        drawn.append((chance.choice(tuple(State)), JOURNAL_FAILS))
    troubles = [_in_state(device, chance, state, name) for state, name in drawn]
    for state, name in pairs:
        aimed = _aimed(device, chance, state, name)
        if lasting and name in _NEEDS_TIME:
            aimed = [
                replace(one, parameters={**one.parameters, "for_us": _LONG_US}) for one in aimed
            ]
        troubles += aimed
    return Story(
        seed=seed,
        device=device,
        plan=_drawn_plan(device, chance, _STORM_S, device.shipped, shipped=shipped),
        config=_config(chance, trip=0.3),
        scenario=chance.choice(device.scenarios),
        latency_ns=chance.choice((200_000, 200_000, 2 * MS, 16 * MS)),
        journal_ns=chance.choice((0, 0, 300_000, 30 * MS, 120 * MS)),
        temper=chance.choice(("hasty", "hasty", "monkey", "careful")),
        troubles=tuple(troubles),
        length_ns=_STORM_S * SECOND,
        near_wrap=lasting,
    )


def _meeting(device: Device, seed: str, chance: Random, pairs: Pairs) -> Story:
    """A lasting storm with somebody who thinks better of it, and faults that wait for that stop.

    Connecting to a device that is at rest asks and changes nothing, and most runs end by a fault:
    faults of a stop, and of commands that change something, would seldom meet one there.
    """
    story = _storm(device, seed, chance, pairs, lasting=True)
    meeting = [pair for pair in pairs if pair in _MEETS_A_STOP]
    if not meeting:
        return story
    waiting = tuple(
        Trouble(name, state, nth, 0, _MEETS_A_STOP[state, name])
        for nth, (state, name) in enumerate(chance.sample(meeting, len(meeting)), start=1)
    )
    return replace(story, temper="nervous", troubles=story.troubles + waiting)


def _bad_line(device: Device, seed: str, chance: Random, pairs: Pairs) -> Story:
    """A careful operator, a sound device, a drawn protocol, and a line that is not sound."""
    story = _storm(device, seed, chance, pairs, shipped=0.0, among=_LINE)
    return replace(story, scenario=chance.choice(device.calm), temper="careful")


def _drawn(
    device: Device, chance: Random, name: str, state: State, *, nth: int, within_us: int
) -> Trouble:
    return drawn_trouble(
        chance, name, state, nth=nth, within_us=within_us, particular=device.particular
    )


def _in_state(device: Device, chance: Random, state: State, name: str) -> Trouble:
    within_us = _WITHIN_US.get(state, _WITHIN_ELSEWHERE_US)
    return _drawn(device, chance, name, state, nth=chance.randint(1, 4), within_us=within_us)


def _aimed(device: Device, chance: Random, state: State, name: str) -> list[Trouble]:
    """The fault in that state, what leads there, and what makes the host say more there."""
    within_us = _WITHIN_US.get(state, 20_000)
    troubles = [_drawn(device, chance, name, state, nth=nth, within_us=within_us) for nth in (1, 2)]
    if state in device.leading and name not in HOST_FAULTS:
        troubles.append(_in_state(device, chance, State.RUNNING, device.leading[state]))
    if name == "number-wrap":
        # Packet numbers wrap only after 64 frames: stops that are not heard of are repeated.
        silence = {"direction": TO_HOST, "for_us": 2_500_000}
        troubles += [Trouble("mute", state, nth, 0, silence) for nth in (1, 2)]
    return troubles


KINDS: Mapping[str, tuple[Device, Callable[[Device, str, Random, Pairs], Story]]] = {
    "quiet": (P24, partial(_quiet, plain_share=0.8)),
    "long": (P24, partial(_quiet, plain_share=1.0)),
    "storm": (P24, _storm),
    "aim": (P24, _storm),
    "point": (P24, partial(_storm, lasting=True)),
    "meet": (P24, _meeting),
    "reha": (REHASTIM2, _storm),
    "burst": (P24_BURSTS, partial(_storm, shipped=0.0)),
    "rehaburst": (REHASTIM2_GROUPS, partial(_storm, shipped=0.0)),
    "burstline": (P24_BURSTS, _bad_line),
    "rehaburstline": (REHASTIM2_GROUPS, _bad_line),
    "rehaquiet": (REHASTIM2, partial(_quiet, plain_share=0.5)),
    "move": (REHAMOVE3, _storm),
    "movequiet": (REHAMOVE3, partial(_quiet, plain_share=0.5)),
}
"""Each word that a seed may begin with: on which device, and how the story is drawn."""
