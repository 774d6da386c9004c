"""Every example of a published treatment checks, and is delivered by each device that it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stimctl.bench import rehearse
from stimctl.devices.registry import FAMILIES
from stimctl.report.stage_drawing import draw_stages
from stimctl.safety import Electrode, Profile, Refusal
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment import load_protocol
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.program import ChannelSetup, CurrentPlan
from stimctl.treatment.staged import ProtocolClass, StagedProtocol
from tests.session.test_delivery_grid import independent
from tests.support.broad import broad
from tests.support.paths import ROOT
from tools import make_published
from tools.make_protocols import fits

FOLDER = ROOT / "examples" / "protocols"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
BRIEF_UA, USUAL_UA = 6_000, 20_000
_MARK = re.compile(r"\((?:[A-Z]\d+, )?(?:R2?|M\+|M\?|D|calc)[,;) ]")


def published(name: str) -> StagedProtocol:
    path = FOLDER / f"{name}.toml"
    protocol = load_protocol(path.read_text("utf-8"), path.name)
    assert isinstance(protocol, StagedProtocol)
    return protocol


def profile_of(name: str) -> Profile:
    """What hurts by purpose is for research only (N9)."""
    painful = re.search(r'gives = "(pain|reflex)-threshold"', (FOLDER / f"{name}.toml").read_text())
    return Profile.RESEARCH if painful else Profile.CLINIC


def pairs() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for device in fits(published(name), profile_of(name)):
            yield name, device


PAIRS = list(pairs())


def plan_on(name: str, device: str, most_ua: int | None, *, brief: bool) -> CurrentPlan:
    """`most_ua` None: at the caps of the file, on the device's grid."""
    protocol, sheet = published(name), FAMILIES[device].sheet
    step_ua = sheet.bounds.amplitude_step_ua
    setups = [
        ChannelSetup(
            number,
            Level(CURRENT, min(most_ua or 10**9, (one.amplitude.cap or 0) // step_ua * step_ua)),
            Electrode(protocol.electrodes.minimum_area_mm2),
        )
        for number, one in enumerate(protocol.channels, 1)
    ]
    asked_us = protocol.session.shortest_us if brief else None
    plan = compile_plan(protocol, sheet, setups, duration_us=asked_us, profile=profile_of(name))
    assert not isinstance(plan, Refusal), (name, device, plan.message)
    return plan


def wrong_with(plan: CurrentPlan) -> list[str]:
    """What the rehearsal says, and what an independent count says."""
    rehearsal = rehearse(plan)
    found = list(rehearsal.problems)
    for report in rehearsal.report:
        # The rehearsal counts its events; who feels a rule's first level of zero is given none.
        if any(stage.events for stage in plan.stages):
            continue
        # What inputs switch depends on them: the rehearsal judges it by the rules (N7).
        if any(stage.switching for stage in plan.stages):
            continue
        assert report.pulses
        found += independent(report, plan.channel(report.channel).pulses_a_period)
    return found


def test_every_example_fits_a_device_whose_pulses_change_as_it_asks() -> None:
    for name in NAMES:
        devices = {device for one, device in PAIRS if one == name}
        assert {"p24", "rehamove3"} <= devices, name


@pytest.mark.parametrize("name", NAMES)
def test_an_example_clears_at_its_caps_on_the_smallest_electrode_and_can_be_drawn(
    name: str,
) -> None:
    for device in (device for one, device in PAIRS if one == name):
        for brief in (True, False):
            assert plan_on(name, device, None, brief=brief).duration_us
    picture = draw_stages(published(name))
    viewed = ElementTree.fromstring(picture).attrib["viewBox"].split()
    heights = [float(y) for y in re.findall(r' y[12]?="(-?[\d.]+)"', picture)]
    assert all(0 <= y <= float(viewed[3]) for y in heights)


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_has_its_mark_and_what_was_not_read_says_unverified(name: str) -> None:
    evidence = published(name).evidence.lines
    assert all(_MARK.search(line) for line in evidence), name
    for line in evidence:
        assert "unverified" in line.lower() or not re.search(r"\(M[+?]", line), line


def wrong_in_brief(name: str, device: str) -> list[str]:
    """What goes wrong in the shortest session of an example on a device."""
    return wrong_with(plan_on(name, device, BRIEF_UA, brief=True))


#: A rehearsal of these has four minutes of a sensor, which take seconds.
FUNCTIONAL = [name for name in NAMES if published(name).kind is ProtocolClass.FUNCTIONAL]


@pytest.mark.broad
@pytest.mark.parametrize("device", broad(["p24", "rehamove3", "rehastim2"]))
def test_the_shortest_session_of_each_example_is_delivered(device: str) -> None:
    names = [name for name, one in PAIRS if one == device and name not in FUNCTIONAL]
    assert {name: wrong for name in names if (wrong := wrong_in_brief(name, device))} == {}


@pytest.mark.broad
@pytest.mark.parametrize("name", FUNCTIONAL)
def test_the_shortest_session_of_a_functional_example_is_delivered_by_one_device(name: str) -> None:
    """The devices take turns; the soak has them all."""
    devices = [device for one, device in PAIRS if one == name]
    assert wrong_in_brief(name, devices[NAMES.index(name) % len(devices)]) == []


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "device"), PAIRS)
def test_a_whole_session_of_each_example_is_delivered(name: str, device: str) -> None:
    assert wrong_with(plan_on(name, device, USUAL_UA, brief=False)) == []


def test_the_page_of_published_treatments_is_what_the_tool_makes() -> None:
    assert make_published.PAGE.read_text("utf-8") == make_published.page(), (
        "make it again: python -m tools.make_published"
    )


def test_each_treatment_names_its_files_or_says_why_there_is_none() -> None:
    rows = make_published.rows()
    assert [row.number for row in rows] == list(range(1, 62))
    for row in rows:
        assert bool(row.files) or bool(row.why_not), row
        assert all((ROOT / one).is_file() for one in row.files), row
    named = {Path(one).stem for row in rows for one in row.files if one.startswith("examples/")}
    assert named >= set(NAMES)


def test_what_was_read_and_can_be_said_has_a_file() -> None:
    """A treatment that nothing forbids, whose source was read or quoted, is there."""
    for row in make_published.rows():
        if row.state == "said":
            assert row.files, row
        else:
            assert row.why_not, row
