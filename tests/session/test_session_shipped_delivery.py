"""Every shipped protocol is delivered as planned by the twin of each device that it fits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stimctl.bench import rehearse
from stimctl.devices.registry import FAMILIES
from stimctl.records.protocol_files import list_percent_protocols, list_protocols, read_protocol
from stimctl.safety import Electrode
from stimctl.safety.intensity import ATTENDED
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.consistency import cycle_period_us
from stimctl.treatment.load import load_any
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.program import AnyPlan, ChannelSetup, Plan, makes_current
from tests.session.test_delivery_grid import independent
from tests.support.broad import broad
from tools.make_protocols import fits

ALL = [one.name for one in (*list_protocols(), *list_percent_protocols())]
# Long enough for the whole raise of a continuous programme and for two contractions of a cycle.
BRIEF_US, BRIEF_UA, USUAL_UA = 10_000_000, 4_000, 20_000


def pairs() -> Iterator[tuple[str, str]]:
    for name in ALL:
        text = read_protocol(name)
        for device in fits(load_any(text.text, text.path.name)):
            yield name, device


PAIRS = list(pairs())


def plan_on(name: str, device: str, level_ua: int, *, brief: bool) -> AnyPlan:
    """As `check` compiles it."""
    text = read_protocol(name)
    protocol = load_any(text.text, text.path.name)
    area_mm2 = max(2_500, protocol.electrodes.minimum_area_mm2)
    level = 20 if protocol.scale is PERCENT else level_ua
    setups = [
        ChannelSetup(number, Level(protocol.scale, level), Electrode(area_mm2))
        for number in range(1, len(protocol.channels) + 1)
    ]
    period_us = cycle_period_us(protocol)
    plan = compile_plan(
        protocol, FAMILIES[device].sheet, setups,
        duration_us=(2 * period_us if period_us else BRIEF_US) if brief else None,
        acknowledged=frozenset({ATTENDED}),
    )  # fmt: skip
    assert isinstance(plan, Plan), plan
    return plan


def wrong_with(plan: AnyPlan) -> list[str]:
    """What the product itself says of the rehearsal, and what an independent count says."""
    rehearsal = rehearse(plan)
    found = list(rehearsal.problems)
    if makes_current(plan):
        assert rehearsal.report
        for report in rehearsal.report:
            assert report.pulses
            found += independent(report, plan.channel(report.channel).pulses_a_period)
    return found


def test_every_protocol_fits_a_device_and_most_fit_all_with_current_control() -> None:
    devices = {name: [device for one, device in PAIRS if one == name] for name in ALL}
    assert [name for name in ALL if not devices[name]] == []
    # A RehaStim2 neither makes groups of ten pulses nor changes its rate.
    fewer = {name for name in ALL if len(devices[name]) < 3 and not name.startswith("gate-")}
    assert fewer == {"tens-burst", "tens-modulated"}


@pytest.mark.parametrize("device", broad(["p24", "rehamove3", "rehastim2"]))
def test_a_brief_session_of_each_shipped_protocol_is_delivered(device: str) -> None:
    names = [name for name, one in PAIRS if one == device]
    brief = [plan_on(name, device, BRIEF_UA, brief=True) for name in names]
    assert {plan.protocol.id: wrong for plan in brief if (wrong := wrong_with(plan))} == {}


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "device"), PAIRS)
def test_a_whole_session_of_each_shipped_protocol_is_delivered(name: str, device: str) -> None:
    assert wrong_with(plan_on(name, device, USUAL_UA, brief=False)) == []
