"""Connect: every family, by port or as a twin, with what each can do and what it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.supervisor import ports
from stimctl.supervisor.families import family_named
from stimctl.supervisor.ports import SerialPortInfo
from stimctl.tui.model.connect import ConnectPage
from stimctl.tui.model.device_facts import families, plain_facts
from stimctl.tui.model.persons import Settings
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World

Plug = Callable[..., None]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Ports as the system would list them."""

    def put(*found: SerialPortInfo) -> None:
        monkeypatch.setattr(ports, "list_ports", lambda: found)

    return put


def port(address: str, vendor: str = "", product: str = "", **more: object) -> SerialPortInfo:
    facts = {"description": "USB serial", "serial_number": "A1", "driver": "x", "stable_path": "",
             "may_open": True, "group": "dialout", "holder": "", **more}  # fmt: skip
    return SerialPortInfo(address=address, vendor=vendor, product=product, **facts)  # type: ignore[arg-type]


def connected_to(world: World) -> str:
    return world.bed.device


def devices(world: World) -> ConnectPage:
    """The screen of devices, open."""
    world.desk.open("connect")
    page = world.desk.pages["connect"]
    assert isinstance(page, ConnectPage)
    return page


def pick(page: ConnectPage, label: str) -> None:
    page.picked = [one.label for one in page.places()].index(label)


def test_every_family_has_its_twin_in_the_list_and_its_facts_below(
    world: World, plug: Plug
) -> None:
    plug()
    with Headless(world) as ui:
        page = devices(world)
        for name in families():
            pick(page, f"sim:{name}")
            ui.settle()
            assert f"sim:{name}" in ui.text
            shown = " ".join(ui.text.split())
            assert f"simulated {FAMILIES[name].sheet.model}" in shown
            for words in ("this computer fails", "Feedback", "Patient stop button", "channels"):
                assert words in shown, words


@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_device_can_do_is_said_with_what_it_cannot(name: str) -> None:
    sheet = FAMILIES[name].sheet
    told = " ".join(words for _, words in plain_facts(family_named(name)))
    assert sheet.intended_use.value in told
    assert ("calibrated current" if sheet.calibrated else "UNCALIBRATED") in told
    assert "stops within" in told or "without limit" in told
    if sheet.watchdog_us is None:
        assert "stay with the patient" in told.lower()
    for word in ("Electrode-off detection:", "Overload cut-off:", "Patient stop button:"):
        assert word in told
    assert "unknown" not in told.replace("intended use unknown", "")


@pytest.mark.hazard("H07")
def test_usb_ids_choose_a_family_only_where_they_fit_one(world: World, plug: Plug) -> None:
    plug(port("/dev/ttyACM0", "0483", "5740"), port("/dev/ttyUSB0", "0403", "6001"))
    world.bed.take_person("K-17")
    with Headless(world) as ui:
        page = devices(world)
        ui.settle()
        assert page.place.device == "p24:/dev/ttyACM0"
        ui.press("down", "enter")
        assert "Which device is it?" in world.desk.message
        assert connected_to(world) == ""
        ui.press("right")
        assert page.place.device == "p24:/dev/ttyUSB0"
        ui.press("right", "enter")
        assert connected_to(world) == "rehastim2:/dev/ttyUSB0"


def test_a_port_in_use_or_not_ours_or_without_a_person_is_refused(world: World, plug: Plug) -> None:
    plug(
        port("/dev/ttyACM0", "0483", "5740", holder="pid 4711"),
        port("/dev/ttyACM1", "0483", "5740", may_open=False),
        port("/dev/ttyACM2", "0483", "5740", stable_path="/dev/serial/by-id/p24-1"),
    )
    with Headless(world) as ui:
        devices(world)
        ui.settle()
        for words in (
            "in use by pid 4711. End that session first", "no permission (group dialout)",
            "patient code first",
        ):  # fmt: skip
            ui.press("enter")
            assert words in " ".join(ui.text.split())
            ui.press("down")
        assert connected_to(world) == ""
        world.bed.take_person("K-17")
        ui.press("up", "enter")
        assert connected_to(world) == "p24:/dev/serial/by-id/p24-1"


def test_a_port_that_is_not_listed_can_be_typed(world: World, plug: Plug, tmp_path: Path) -> None:
    plug()
    there = tmp_path / "tty7"
    there.touch()
    world.bed.take_person("K-17")
    with Headless(world, (140, 45)) as ui:
        devices(world)
        ui.settle()
        ui.press("end", "enter")
        for text, words in (
            ("p24", "does not name a device"), (f":{there}x", "there is no port"),
        ):  # fmt: skip
            ui.type(text)
            ui.press("enter")
            assert words in " ".join(ui.text.split())
            assert connected_to(world) == ""
        ui.press("backspace", "enter")
        assert connected_to(world) == f"p24:{there}"


@pytest.mark.parametrize("name", ["p24:/dev/none4", "p24", "sim:nothing", ""])
def test_a_name_mistyped_drops_no_connection(world: World, plug: Plug, name: str) -> None:
    from stimctl.errors import UsageError

    plug()
    world.to_run()
    before = world.bed.client
    with pytest.raises(UsageError):
        devices(world).connect_to(name)
    assert world.bed.client is before
    assert world.bed.live.identified


def test_digits_open_screens_once_the_list_has_the_keys_again(world: World, plug: Plug) -> None:
    """Enter connects; then a digit is no part of a name."""
    plug()
    with Headless(world) as ui:
        devices(world)
        ui.settle()
        ui.press("end", "enter")
        ui.type("sim:p24")
        ui.press("enter")
        ui.pass_time(1 * S)
        assert world.bed.live.identified
        ui.press("4")
        assert ui.name == "protocols"
        assert connected_to(world) == "sim:p24"


def test_enter_connects_and_then_goes_on(world: World, plug: Plug) -> None:
    plug()
    with Headless(world) as ui:
        devices(world)
        ui.settle()
        ui.press("enter")
        ui.pass_time(1 * S)
        assert "Identified     ✓ sim:p24" in ui.text
        ui.press("enter")
        assert ui.name == "protocols"
        assert "Next: No protocol is chosen" in ui.text


def test_the_device_of_last_time_is_picked_and_said_where_it_is_missing(
    world: World, plug: Plug
) -> None:
    plug(port("/dev/ttyACM0", "0483", "5740"), port("/dev/ttyACM1", "0483", "5740"))
    world.bed.take_person("K-17")
    world.bed.keep(settings={"tens-conventional": Settings("p24:/dev/ttyACM1", 60_000_000)})
    assert devices(world).place.device == "p24:/dev/ttyACM1"
    assert connected_to(world) == ""  # picked, and not connected by itself
    plug()
    devices(world)
    assert "not plugged in" in world.desk.message


def test_what_was_checked_is_told_for_a_device_without_a_serial_number(
    world: World, plug: Plug
) -> None:
    plug()
    page = devices(world)
    pick(page, "sim:rehastim2")
    page.act("choose")
    world.pass_time(1 * S)
    checks = {one.label: (one.words, one.passed) for one in page.checks()}
    assert checks["Identified"][0].startswith("sim:rehastim2, no serial number")
    assert checks["Output"] == ("zero verified", True)
    assert checks["Link"] == ("good", True)


def test_a_session_on_the_other_device_goes_in_its_own_steps(world: World) -> None:
    world.to_run("nmes-tka", device="sim:rehastim2")
    world.pass_time(2 * S)
    assert world.desk.offers()["arm"] is None
    world.key("a")
    world.pass_time(600 * MS)
    world.key("g")
    world.pass_time(1 * S)
    world.key("alt+1")
    assert "2 mA" in world.desk.pages["run"].labels["raise"]
    world.pass_time(3 * S)  # past the ramp of its first contraction
    world.key("up")
    world.pass_time(1 * S)
    assert world.set_level() == 2_000
    world.key("space")
    world.pass_time(1 * S)
    assert world.bed.live.zero


def test_connecting_waits_for_stop_and_is_not_for_views(world: World, plug: Plug) -> None:
    plug()
    world.to_running(steps=1)
    world.desk.open("connect")
    assert "STOP first" in str(world.desk.offers()["choose"])
    world.desk.mode = "watch"
    assert "connects to nothing" in str(world.desk.offers()["choose"])


def test_what_an_older_session_still_says_is_not_taken_for_the_new_one(world: World) -> None:
    world.to_run()
    old = world.clients[-1]
    world.bed.connect("sim:rehastim2")
    world.desk.take_rows()
    old._on_row({"kind": "state", "state": "running", "mono_ns": world.clock.now_ns})
    world.desk.take_rows()
    assert world.bed.live.state != "running"


@pytest.mark.hazard("H11")
def test_a_device_left_without_a_confirmed_zero_is_unknown_and_no_other_follows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.to_run()
    monkeypatch.setattr(world.clients[-1], "close", lambda: 6)
    before = len(world.clients)
    world.bed.connect("sim:rehastim2")
    world.desk.take_rows()
    assert "U N K N O W N" in world.text()
    assert all(not client.sent for client in world.clients[before:])
    assert world.bed.close() == 6
