"""Named situations as data: who wears the pads, what happens when, and what the chance is.

A scenario is deterministic: the same name, seed and bytes from the host give the same record, in
real time or at any speed. What happens begins at EVENT_US, when a session is usually running.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .body.battery import Battery
from .body.body import Body
from .body.events import LoadEvent, LoadEventKind
from .body.interface import Contact
from .body.person import Person, Site, draw_person
from .devices import make_twin, twin_named
from .faults import TO_DEVICE, TO_HOST, Fault, FaultError, FaultyTwin

SECOND = 1_000_000
EVENT_US = 20 * SECOND
#: Scenarios that never come to rest go on for so long.
LONGEST_US = 900 * SECOND
EVERY_CHANNEL = range(1, 9)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation.

    seed: used where none is given. person: None = drawn from the seed. site, contact: of every
    channel. turnaround_us: how long the device takes to answer, None = as long as it does.
    battery_permille: None = none.
    """

    name: str
    what: str
    seed: int = 0
    person: Person | None = None
    site: Site = field(default_factory=Site)
    contact: Contact = field(default_factory=Contact)
    turnaround_us: int | None = None
    battery_permille: int | None = None
    events: tuple[LoadEvent, ...] = ()
    faults: tuple[Fault, ...] = ()

    def start(
        self,
        device: str,
        seed: int | None = None,
        *,
        faults: Sequence[Fault] = (),
        **told: Any,
    ) -> FaultyTwin:
        """Return the twin of that name in this situation, at time 0.

        faults: on top of its own. told: what the twin's `make` takes. FaultError where the device
        cannot have what happens.
        """
        if not twin_named(device).worn:
            raise FaultError(f"nobody can be at the leads of this device ({device})")
        seed = self.seed if seed is None else seed
        if told.get("turnaround_us") is None and self.turnaround_us is not None:
            told["turnaround_us"] = self.turnaround_us
        chance = random.Random(f"{seed}/body")
        person = self.person or draw_person(chance)
        battery = self.battery_permille
        body = Body(
            chance,
            dict.fromkeys(EVERY_CHANNEL, self.site),
            person,
            contacts=dict.fromkeys(EVERY_CHANNEL, self.contact),
            events=self.events,
            battery=None if battery is None else Battery(charge_permille=battery),
        )
        return FaultyTwin(
            (*self.faults, *faults),
            seed=seed,
            device=make_twin(device, seed=seed, faulty=True, **told),
            body=body,
        )


def scenario(name: str) -> Scenario:
    """Return the scenario of that name; FaultError with the names there are."""
    if name not in SCENARIOS:
        raise FaultError(f"no scenario {name!r}; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def listing() -> str:
    """Return a line for each scenario: its name and what it is."""
    return "\n".join(f"{each.name:22} {each.what}" for each in SCENARIOS.values())


def _all(kind: LoadEventKind, at_us: int, **options: int) -> tuple[LoadEvent, ...]:
    return tuple(LoadEvent(at_us, kind, channel, **options) for channel in EVERY_CHANNEL)


def _drying() -> tuple[LoadEvent, ...]:
    steps = ((1, 2_500), (2, 5_000), (3, 10_000))
    return sum(
        (_all(LoadEventKind.DRIED, number * EVENT_US, value=value) for number, value in steps), ()
    )


def _wobbling() -> tuple[LoadEvent, ...]:
    """Contacts that never rest: 60 to 95 % of the area, each second another."""
    times = range(EVENT_US, LONGEST_US, SECOND)
    return tuple(
        LoadEvent(
            at_us, LoadEventKind.CONTACT, 1, duration_us=50_000, value=600 + number * 137 % 350
        )
        for number, at_us in enumerate(times)
    )


def _fault(name: str, at_us: int = EVENT_US, **parameters: int) -> tuple[Fault, ...]:
    return (Fault(name, at_us, parameters),)


_NMES = Site(area_mm2=5_000)
_DRY = Contact(dry_series_permille=10_000, dry_skin_permille=6_000)

_ALL = (
    Scenario("normal-tens", "fresh pads of 25 cm2, nothing happens"),
    Scenario("normal-nmes", "fresh pads of 50 cm2 over a muscle, nothing happens", site=_NMES),
    Scenario(
        "high-Z",
        "dry pads from the start",
        contact=Contact(dry_series_permille=5_000, dry_skin_permille=4_000),
    ),
    Scenario("dry-gel", "the gel dries out in three steps", events=_drying()),
    Scenario(
        "lift-and-return",
        "the pads lift and are back two seconds later",
        events=_all(LoadEventKind.LIFT, EVENT_US)
        + _all(LoadEventKind.RECONTACT, EVENT_US + 2 * SECOND),
    ),
    Scenario("lead-off", "the leads are pulled off", events=_all(LoadEventKind.LEAD_OFF, EVENT_US)),
    Scenario("shorted", "the leads touch", events=_all(LoadEventKind.LEAD_SHORT, EVENT_US)),
    Scenario(
        "pads-touching",
        "the pads of a channel touch each other",
        events=_all(LoadEventKind.PADS_TOUCHING, EVENT_US),
    ),
    Scenario(
        "sweat-bridge",
        "sweat joins the pads of a channel",
        events=_all(LoadEventKind.SWEAT_BRIDGE, EVENT_US),
    ),
    Scenario("wet-electrodes", "wet skin from the start", contact=Contact(wet_permille=5_000)),
    Scenario(
        "clip-and-imbalance",
        "so dry that strong pulses clip, the first phase more than the second",
        contact=_DRY,
    ),
    Scenario("damaged-pad", "most current through a spot", contact=Contact(damaged=True)),
    Scenario(
        "usb-unplug",
        "the cable is pulled for five seconds",
        faults=_fault("unplug", for_us=5 * SECOND),
    ),
    Scenario(
        "freeze-host",
        "five seconds without a byte from the host, as from a frozen one",
        faults=_fault("mute", direction=TO_DEVICE, for_us=5 * SECOND),
    ),
    Scenario(
        "watchdog-short",
        "the device waits half a second for a keep-alive, not two",
        faults=_fault("dead-man-short", 0),
    ),
    Scenario(
        "lost-acks",
        "three of ten answers are lost",
        faults=_fault("drop", permille=300, direction=TO_HOST),
    ),
    Scenario("duplicate-frames", "every frame comes twice", faults=_fault("duplicate", 0)),
    Scenario("corrupt", "one byte in five hundred is wrong", faults=_fault("flip", ppm=2_000)),
    Scenario(
        "reboot-restores-amp",
        "the device starts again and restores its output",
        faults=_fault("reset-keeps-output"),
    ),
    Scenario(
        "local-knob",
        "channel 1 is switched off at the device",
        faults=_fault("local-knob", channel=1),
    ),
    Scenario(
        "battery-low",
        "the supply is weak: bit errors, and a reset every 30 s under load",
        battery_permille=200,
        faults=_fault("low-battery", every_us=30 * SECOND),
    ),
    Scenario(
        "battery-dead",
        "the supply is gone",
        battery_permille=50,
        faults=_fault("unplug", powered=0),
    ),
    Scenario("slow-device", "every answer takes 120 ms", turnaround_us=120_000),
    Scenario(
        "clock-jump", "the device's clock wraps and its timer fires", faults=_fault("clock-wrap")
    ),
    Scenario("fatigued", "a tired muscle", person=Person(fitness_permille=300), site=_NMES),
    Scenario("sensitive-patient", "half the usual thresholds", person=Person(factor_permille=500)),
    Scenario("insensate-patient", "a person who feels nothing", person=Person(sensate=False)),
    Scenario(
        "bp-rise",
        "a dysreflexic person whose pressure rises",
        person=Person(dysreflexic=True, pressure_mmhg_per_tenth=4),
        site=_NMES,
    ),
    Scenario("obese-high-threshold", "twice the thresholds", site=Site(anatomical_permille=2_000)),
    Scenario("denervated-no-response", "a denervated muscle", site=Site(denervated=True)),
    Scenario(
        "cross-channel-current",
        "three tenths of channel 1's current go through channel 2's site",
        events=(LoadEvent(EVENT_US, LoadEventKind.CROSSED, 1, other=2),),
    ),
    Scenario("two-programs", "another program asks for the status", faults=_fault("second-writer")),
    Scenario(
        "wrong-device",
        "unplugged, and another device of its kind is there a second later",
        faults=_fault("other-serial"),
    ),
    Scenario(
        "stop-fails",
        "the device says yes to a stop and goes on, without a watchdog",
        faults=_fault("stuck-output"),
    ),
    Scenario("noisy-impedance", "the contact of channel 1 never rests", events=_wobbling()),
)

#: Every scenario by name.
SCENARIOS: Mapping[str, Scenario] = {each.name: each for each in _ALL}
