"""Promises about what goes wrong at the electrodes: scripted as data, played in small steps."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from firmware_sim.body.body import Body
from firmware_sim.body.events import LoadEvent, LoadEventKind, steps_of
from firmware_sim.body.interface import Contact
from firmware_sim.body.person import Site
from tests.support.body_world import MS, SECOND, Output, biphasic, body

K = LoadEventKind


def contact_at(the_body: Body, at_us: int, channel: int = 1) -> Contact:
    """Play the script as a twin does: every step at its own time."""
    while (due := the_body.deadline_us()) is not None and due <= at_us:
        the_body.move(due)
    pads = the_body.pads(channel)
    assert pads is not None
    return pads.contact


def test_a_lift_takes_the_edges_first_and_ends_open() -> None:
    the_body = body(events=[LoadEvent(SECOND, K.LIFT, 1, duration_us=200 * MS)])
    shares = [contact_at(the_body, SECOND + ms * MS).contact_permille for ms in range(0, 201, 5)]
    assert shares[0] == 1000
    assert all(later < earlier for earlier, later in pairwise(shares))
    assert shares[-1] == 0
    assert not contact_at(the_body, 2 * SECOND).touching
    # The same current through less area: density rises before the circuit opens.
    again = body(events=[LoadEvent(SECOND, K.LIFT, 1, duration_us=200 * MS)])
    contact_at(again, SECOND + 150 * MS)
    pads = again.pads(1)
    assert pads is not None
    assert pads.touching_mm2 == pytest.approx(625, abs=1)


def test_re_contact_takes_20_ms_and_ends_at_95_percent() -> None:
    the_body = body(
        events=[LoadEvent(0, K.LIFT, 1), LoadEvent(SECOND, K.RECONTACT, 1)],
    )
    assert not contact_at(the_body, SECOND - 1).touching
    assert 0 < contact_at(the_body, SECOND + 10 * MS).contact_permille < 950
    assert contact_at(the_body, SECOND + 20 * MS).contact_permille == 950


def test_a_lead_that_is_off_can_be_put_back() -> None:
    the_body = body(
        events=[LoadEvent(SECOND, K.LEAD_OFF, 1), LoadEvent(2 * SECOND, K.RECONTACT, 1)],
    )
    assert contact_at(the_body, SECOND - 1).touching
    assert not contact_at(the_body, SECOND).touching
    assert contact_at(the_body, 3 * SECOND).contact_permille == 950


@pytest.mark.parametrize(
    ("kind", "shunt_ohm", "wet"),
    [(K.LEAD_SHORT, 30, 1000), (K.PADS_TOUCHING, 100, 1000), (K.SWEAT_BRIDGE, 5_000, 2000)],
)
def test_shunts_come_and_go(kind: LoadEventKind, shunt_ohm: int, wet: int) -> None:
    the_body = body(events=[LoadEvent(SECOND, kind, 1), LoadEvent(2 * SECOND, K.SEPARATED, 1)])
    bridged = contact_at(the_body, SECOND)
    assert (bridged.shunt_ohm, bridged.wet_permille) == (shunt_ohm, wet)
    separated = contact_at(the_body, 2 * SECOND)
    assert (separated.shunt_ohm, separated.wet_permille) == (None, 1000)


def test_dry_gel_is_the_golden_one() -> None:
    dried = contact_at(body(events=[LoadEvent(0, K.DRIED, 1)]), 0)
    assert (dried.dry_series_permille, dried.dry_skin_permille) == (10_000, 6_000)


def test_a_damaged_pad_is_12_times_denser_somewhere() -> None:
    assert contact_at(body(), 0).spot_factor == 1
    assert contact_at(body(events=[LoadEvent(0, K.DAMAGED_PAD, 1)]), 0).spot_factor == 12


def test_contact_can_be_set_and_moved_anywhere() -> None:
    the_body = body(events=[LoadEvent(0, K.CONTACT, 1, value=400)])
    assert contact_at(the_body, 0).contact_permille == 400


def test_a_broken_lead_opens_for_10_to_50_ms_as_often_as_it_was_told() -> None:
    event = LoadEvent(SECOND, K.INTERMITTENT, 1, duration_us=SECOND, value=8)
    steps = steps_of([event], Random(3))
    gaps = [(one.at_us, two.at_us) for one, two in zip(steps[::2], steps[1::2], strict=True)]
    assert len(gaps) == 8
    assert all(10 * MS <= end - start <= 50 * MS for start, end in gaps)
    assert all(one[1] <= two[0] for one, two in pairwise(gaps))
    assert gaps[0][0] >= SECOND
    assert gaps[-1][1] <= 2 * SECOND
    the_body = body(events=[event])
    states = [contact_at(the_body, SECOND + ms * MS).connected for ms in range(1000)]
    assert True in states
    assert False in states
    assert contact_at(the_body, 3 * SECOND).connected
    assert steps == steps_of([event], Random(3))
    assert steps != steps_of([event], Random(4))


def test_swapped_leads_bring_the_current_to_the_other_place() -> None:
    sites = {1: Site(), 2: Site(anatomical_permille=2000)}
    the_body = body(sites, events=[LoadEvent(SECOND, K.SWAPPED, 1, other=2)])
    mine, theirs = the_body.pads(1), the_body.pads(2)
    assert the_body.move(SECOND) == {1, 2}
    assert (the_body.pads(1), the_body.pads(2)) == (theirs, mine)
    output = Output(the_body)
    output.rest(2 * SECOND).train(biphasic(20, 300), 50, 2 * SECOND).rest(2 * SECOND).end()
    # At twice the threshold the muscle there stays still.
    assert output.words() == ["tingling", "nothing"]


def test_a_crossing_takes_part_of_the_current_elsewhere() -> None:
    sites = {1: Site(), 2: Site()}
    the_body = body(sites, events=[LoadEvent(0, K.CROSSED, 1, other=2, value=400)])
    output = Output(the_body).rest(SECOND).train(biphasic(20, 300), 50, 2 * SECOND).end()
    words = {event.channel: dict(event.data)["word"] for event in output.of("response")[:2]}
    assert words == {1: "tingling", 2: "tingling"}  # 12 and 8 mA instead of 20 and none


def test_events_are_told_as_they_come() -> None:
    the_body = body(events=[LoadEvent(SECOND, K.LIFT, 1), LoadEvent(2 * SECOND, K.RECONTACT, 1)])
    output = Output(the_body).rest(3 * SECOND, looks=300).end()
    assert [(event.kind, event.at_us) for event in output.events] == [
        ("lift", 1_050_000),
        ("recontact", 2_020_000),
    ]
    assert output.events[0].as_dict() == {
        "kind": "body",
        "at_us": 1_050_000,
        "channel": 1,
        "event": "lift",
    }


def test_gel_dries_and_skin_warms_up_while_it_is_worn() -> None:
    the_body = Body(Random(1), {1: Site()})
    pads = the_body.pads(1)
    assert pads is not None
    first = pads.nominal_ohm
    moved: set[int] = set()
    while (due := the_body.deadline_us()) is not None and due <= 600 * SECOND:
        moved |= the_body.move(due)
    assert moved == {1}
    assert pads.contact.dry_series_permille == 1050
    assert pads.contact.dry_skin_permille == 840
    assert pads.nominal_ohm is not None
    assert first is not None
    assert pads.nominal_ohm != first


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": K.SWAPPED, "channel": 1},
        {"kind": K.SWAPPED, "channel": 1, "other": 1},
        {"kind": K.LIFT, "channel": 1, "other": 2},
        {"kind": K.LIFT, "channel": 9},
        {"kind": K.CROSSED, "channel": 1, "other": 0},
        {"kind": K.LIFT, "channel": 1, "at_us": -1},
        {"kind": K.LIFT, "channel": 1, "duration_us": -1},
        {"kind": K.LEAD_SHORT, "channel": 1, "value": -5},
    ],
)
def test_an_event_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"channel|other|negative"):
        LoadEvent(**{"at_us": 0, **wrong})  # type: ignore[arg-type]


def test_an_event_on_a_channel_that_hangs_in_the_air_changes_nothing() -> None:
    the_body = body({1: Site()}, events=[LoadEvent(0, K.LIFT, 5)])
    assert the_body.move(SECOND) == frozenset()
    assert the_body.pads(5) is None
    assert the_body.load(5).through(biphasic(20, 200), 150_000).open
    with pytest.raises(KeyError, match="not clipped"):
        the_body.region(5)
