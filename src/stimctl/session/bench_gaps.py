"""What is missing of commissioning: before output on a person, and before a bench session's own."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.session.commissioning import (
    BENCH_MOST_PERCENT,
    BENCH_MOST_UA,
    LEAST_OHM,
    MOST_OHM,
    NOBODY,
)
from stimctl.session.needs import Gap, Known, Need, Preparation
from stimctl.stimulus.level import CURRENT, AnyLevel, Level
from stimctl.treatment.program import AnyPlan


def about_commissioning(
    plan: AnyPlan | None,  # noqa: ARG001
    said: Preparation,  # noqa: ARG001
    known: Known,
) -> Iterator[Gap]:
    """This very device was measured at a resistor, and nothing has changed since."""
    if known.uncommissioned:
        device = next(iter(sorted(known.devices)), f"family {known.family}")
        yield Gap(
            Need.COMMISSIONING,
            "this device has not been commissioned",
            known.uncommissioned,
            "put a resistor on its leads and run: stimctl commission DEVICE. Or accept the "
            "statement of use with this device named in it: stimctl commission DEVICE "
            f"--accept-without {device!r}",
            device,
        )


def about_load(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """The resistor on the leads, in ohm."""
    if said.load_ohm is None or not LEAST_OHM <= said.load_ohm <= MOST_OHM:
        yield Gap(
            Need.LOAD_VALUE,
            "the value of the load is not known"
            if said.load_ohm is None
            else f"a load of {said.load_ohm} ohm is not for this",
            "currents are computed from the voltage at a known resistor",
            f"measure the resistor with a meter, and give it: {LEAST_OHM} to {MOST_OHM} ohm",
        )


def about_nobody(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """Never on a person: typed word by word, and no code of a person is given."""
    if said.nobody != NOBODY or known.person:
        yield Gap(
            Need.NOBODY_CONNECTED,
            "it is not confirmed that nobody is connected",
            "a session on the bench asks for no screening, no site and no maximum of a person"
            if not known.person
            else f"this session was begun for {known.person}",
            f'take every electrode off every person, begin without a code, and type "{NOBODY}"',
        )


def about_stop_tried(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """A stop was asked for in this session, before anything can be on."""
    if not known.stop_tried:
        yield Gap(
            Need.STOP_TRIED,
            "the stop has not been tried in this session",
            "whoever puts something out has seen that the stop is heard",
            "ask for a stop once",
        )


def about_level(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """A bench session stays low."""
    for one in () if plan is None else plan.channels:
        asked: AnyLevel = one.setup.most
        current = asked.scale is CURRENT
        most: AnyLevel = Level(asked.scale, BENCH_MOST_UA if current else BENCH_MOST_PERCENT)
        if asked.value > most.value:
            yield Gap(
                Need.BENCH_LEVEL,
                f"channel {one.channel} may go to {asked}, and a bench session to {most}",
                "no person's limits are asked for on the bench",
                f"set channel {one.channel} to {most} or less",
                str(one.channel),
            )
