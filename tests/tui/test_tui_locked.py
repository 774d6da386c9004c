"""Locked protocols and signed libraries in the terminal UI: the same list, in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.errors import UsageError
from stimctl.records import library_station
from stimctl.records.forks import ancestry
from stimctl.tui.model.adjusting import FIELDS
from stimctl.tui.model.planning import Choice, choose
from stimctl.tui.model.protocols import ProtocolsPage
from stimctl.tui.model.steps import steps
from stimctl.tui.plain.face import PlainFace
from tests.support.tui_desk import MS, World, type_lines

DEVICE = "p24:/dev/ttyS9"


def begun(world: World, protocol: str) -> World:
    world.begin(DEVICE, protocol)
    world.desk.open("run")
    world.pass_time(500 * MS)
    return world


def missing_on_protocol(world: World) -> list[str]:
    return [gap.text for step in steps(world.desk) if step.name == "Protocol" for gap in step.gaps]


def protocols_of(world: World) -> ProtocolsPage:
    page = world.desk.pages["protocols"]
    assert isinstance(page, ProtocolsPage)
    return page


def test_a_locked_protocol_is_missing_its_approval_until_w_says_that_it_is_on_file(
    world: World,
) -> None:
    begun(world, "tens-dpn")
    assert missing_on_protocol(world) == ["tens-dpn is locked: it has to be approved (w)"]
    world.desk.open("protocols")
    world.key("w")
    assert "is on file" in world.desk.message
    assert missing_on_protocol(world) == []
    world.key("w")
    assert missing_on_protocol(world) == ["tens-dpn is locked: it has to be approved (w)"]


def test_one_that_is_not_locked_takes_no_approval(world: World) -> None:
    begun(world, "tens-conventional")
    assert missing_on_protocol(world) == []
    assert protocols_of(world).offers()["accept-warning"] == "it is not locked"
    with pytest.raises(UsageError, match="needs no approval"):
        protocols_of(world).approve("tens-conventional")
    assert not world.bed.papers.approvals


def test_in_words_the_approval_is_read_by_the_name(world: World, face: PlainFace) -> None:
    begun(world, "tens-dpn")
    type_lines(world, face, "read tens-dpn")
    assert world.bed.papers.approvals == {"TENS-DPN"}
    assert missing_on_protocol(world) == []


def test_the_screen_tells_the_lock_and_who_may_approve(world: World) -> None:
    told = dict(protocols_of(world).facts("nmes-icu"))
    assert "sedated" in told["L: locked on hardware"]
    assert "The physician in charge" in told["L: locked on hardware"]
    assert told["Approval on file"] == "press w"
    assert "L: locked on hardware" not in dict(protocols_of(world).facts("nmes-tka"))


def test_in_locked_mode_what_is_not_signed_is_missing_and_an_adjusted_one_too(
    world: World,
) -> None:
    begun(world, "tens-conventional")
    library_station.lock_station(world.bed.state_folder, with_shipped=True)
    assert missing_on_protocol(world) == []
    choice = world.bed.choice
    assert choice is not None
    assert world.bed.take(with_frequency(choice, 90_000))
    assert missing_on_protocol(world) == ["tens-conventional is not of a signed library"]
    library_station.lock_station(world.bed.state_folder, with_shipped=False)
    assert world.bed.take(choice)
    (words,) = missing_on_protocol(world)
    assert words == "tens-conventional is shipped with stimctl, and not of the clinic's library"


def with_frequency(choice: Choice, frequency_mhz: int) -> Choice:
    (field,) = (one for one in FIELDS if (one.section, one.key) == ("waveform", "frequency"))
    return choice.with_field(0, field, frequency_mhz)


def test_what_is_adjusted_is_a_fork_and_as_it_was_it_is_none(tmp_path: Path) -> None:
    choice = choose("tens-conventional")
    changed = with_frequency(choice, 90_000)
    parent = changed.protocol.parent
    assert parent is not None
    assert (parent.id, parent.sha256) == ("tens-conventional", choice.origin.sha256)
    found = ancestry(changed.protocol, [tmp_path])
    assert found is not None
    assert found.same
    assert [one.field for one in found.differences] == ["channels[0].waveform.frequency_mhz"]
    again = with_frequency(with_frequency(changed, 80_000), 100_000)
    assert again.text == choice.origin.text
    assert changed.as_text(tmp_path).sha256 == changed.file(tmp_path)[1]
    assert changed.as_text(tmp_path).path.resolve() == changed.file(tmp_path)[0]
