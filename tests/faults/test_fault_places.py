"""`stimctl stop` depends on nothing that can be missing: by the twin's own record, as an ordinary
user, since permissions do not bind root."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from firmware_sim.ledger import Ledger
from tests.support.broad import broad
from tests.support.broken_places import PLACES, CannotError, World

pytestmark = pytest.mark.pty


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.end()


@pytest.mark.hazard("H01", "H61")
@pytest.mark.parametrize("place", broad(PLACES, every=3))
def test_a_stop_reaches_the_device_wherever_it_is_run(world: World, place: str) -> None:
    try:
        record = world.start_twin()
        PLACES[place](world)
        world.switch_on(record)
        code, out, err = world.stop()
    except (CannotError, PermissionError) as error:
        pytest.skip(f"cannot be made here: {error}")
    ledger = Ledger.from_file(record)
    assert not ledger.running, (out, err)
    assert code == 0, (out, err)
    assert "bug" not in err
    assert "keep-alive expired" not in record.read_text(), "the device's own watchdog was quicker"
    if out:
        assert "No session held it" in out
        assert "serial number SIM" in out


# Each of these hides the session in another way: its folder, its locks, its sockets, its process.
HIDING = [
    "XDG_RUNTIME_DIR is /proc",
    "a folder that may not be entered",
    "another user's leftover folder",
    "our place in /tmp taken",
    "no variables at all",
    "no /proc",
    "six descriptors left",
    "no more threads",
]


@pytest.mark.hazard("H61")
@pytest.mark.parametrize("place", broad(HIDING))
def test_a_stop_finds_a_session_that_was_started_in_a_better_place(
    world: World, place: str
) -> None:
    try:
        record = world.start_twin()
        supervisor = world.start_session(broken=False)
        PLACES[place](world)
        code, out, err = world.stop()
    except (CannotError, PermissionError) as error:
        pytest.skip(f"cannot be made here: {error}")
    assert not Ledger.from_file(record).running, (out, err)
    assert code == 0, (out, err)
    assert f"Session {supervisor} held it" in out
    world.wait_for_face("ended", "bye")  # it was asked, and has not just been killed


@pytest.mark.hazard("H61")
@pytest.mark.parametrize(
    "place",
    broad(
        [
            "XDG_RUNTIME_DIR is /proc",
            "another user's leftover folder",
            "a folder that may not be written",
            "a full disk",
            "our place in /tmp taken",
            "no temporary folder",
        ]
    ),
)
def test_a_stop_finds_a_session_that_was_started_in_a_worse_place(world: World, place: str) -> None:
    try:
        record = world.start_twin()
        PLACES[place](world)
        supervisor = world.start_session(broken=True)
        code, out, err = world.stop(broken=False)
    except (CannotError, PermissionError) as error:
        pytest.skip(f"cannot be made here: {error}")
    assert not Ledger.from_file(record).running, (out, err)
    assert code == 0, (out, err)
    assert f"Session {supervisor} held it" in out


@pytest.mark.parametrize("place", ["XDG_RUNTIME_DIR is /proc", "another user's leftover locks"])
def test_a_frozen_session_that_cannot_be_found_by_its_folder_is_ended(
    world: World, place: str
) -> None:
    try:
        record = world.start_twin()
        supervisor = world.start_session(broken=False)
        PLACES[place](world)
        os.kill(supervisor, signal.SIGSTOP)
        code, out, err = world.stop()
    except (CannotError, PermissionError) as error:
        pytest.skip(f"cannot be made here: {error}")
    assert not Ledger.from_file(record).running, (out, err)
    assert code == 0, (out, err)
    assert f"Session {supervisor} held it" in out


def test_a_session_whose_folder_was_removed_is_still_found(world: World) -> None:
    try:
        record = world.start_twin()
        supervisor = world.start_session(broken=False)
    except CannotError as error:
        pytest.skip(f"cannot be made here: {error}")
    shutil.rmtree(world.runtime / "stimctl")
    code, out, err = world.stop()
    assert not Ledger.from_file(record).running, (out, err)
    assert code == 0, (out, err)
    assert f"Session {supervisor} held it" in out
