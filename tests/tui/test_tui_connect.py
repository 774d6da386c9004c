"""Connect: every family, by port or as a twin, with what each can do and what it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stimctl.devices.registry import FAMILIES
from stimctl.supervisor import ports
from stimctl.supervisor.families import family_named
from stimctl.supervisor.ports import SerialPortInfo
from stimctl.tui.model.device_facts import families, sheet_lines
from stimctl.tui.model.text import plain
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


def test_every_family_has_its_twin_in_the_list_and_its_sheet_below(
    world: World, plug: Plug
) -> None:
    plug()
    world.desk.open("connect")
    for number, name in enumerate(families()):
        world.desk.pages["connect"].picked = number  # type: ignore[attr-defined]
        shown = world.text()
        assert f"sim:{name}" in shown
        assert FAMILIES[name].sheet.model in shown
        for words in ("if this computer dies", "reads back", "patient stop", "channels"):
            assert words in shown, words


@pytest.mark.parametrize("name", FAMILIES)
def test_a_sheet_in_words_has_class_strength_death_readback_and_protections(name: str) -> None:
    sheet = FAMILIES[name].sheet
    told = " ".join(" ".join(plain(one).split()) for one in sheet_lines(family_named(name), 76))
    assert sheet.intended_use.value in told
    assert ("calibrated current" if sheet.calibrated else "UNCALIBRATED") in told
    assert "within" in told or "NOT BOUNDED" in told
    if sheet.watchdog_us is None:
        assert "attended only" in told
    for word in ("overload trip", "no-load trip", "shut-off", "patient stop"):
        assert word in told


@pytest.mark.hazard("H07")
def test_usb_ids_choose_a_family_only_where_they_fit_one(world: World, plug: Plug) -> None:
    plug(port("/dev/ttyACM0", "0483", "5740"), port("/dev/ttyUSB0", "0403", "6001"))
    world.bed.take_person("K-17")
    world.desk.open("connect")
    assert "◂ p24 ▸" in world.text()
    world.key("down", "enter")
    assert "which device is it?" in world.desk.message
    assert connected_to(world) == ""
    world.key("right")
    assert "◂ p24 ▸  USB serial" in world.text().splitlines()[3]
    world.key("right")
    world.key("enter")
    assert connected_to(world) == "rehastim2:/dev/ttyUSB0"


def test_a_port_in_use_or_not_ours_or_without_a_person_is_refused(world: World, plug: Plug) -> None:
    plug(
        port("/dev/ttyACM0", "0483", "5740", holder="pid 4711"),
        port("/dev/ttyACM1", "0483", "5740", may_open=False),
        port("/dev/ttyACM2", "0483", "5740", stable_path="/dev/serial/by-id/p24-1"),
    )
    world.desk.open("connect")
    for words in ("in use by pid 4711", "no permission (group dialout)", "person's code first"):
        world.key("enter")
        assert words in world.desk.message
        world.key("down")
    assert connected_to(world) == ""
    world.bed.take_person("K-17")
    world.key("up", "enter")
    assert connected_to(world) == "p24:/dev/serial/by-id/p24-1"


def test_a_port_that_is_not_listed_can_be_typed(world: World, plug: Plug) -> None:
    plug()
    world.bed.take_person("K-17")
    world.desk.open("connect")
    world.key(*["down"] * 12)
    for text, words in (("p24", "does not name a device"), (":/dev/pts/7", "")):
        for character in text:
            world.pass_time(100 * MS)
            world.desk.key("slash" if character == "/" else character, character,
                           world.clock.now_ns)  # fmt: skip
        world.key("enter")
        assert words in world.desk.message
    assert connected_to(world) == "p24:/dev/pts/7"


def test_what_was_checked_is_told_for_a_device_without_a_serial_number(
    world: World, plug: Plug
) -> None:
    plug()
    world.desk.open("connect")
    world.key("down", "enter")
    world.pass_time(1 * S)
    shown = world.text()
    assert "✓ sim:rehastim2, it reports no serial number" in shown
    assert "zero verified" in shown
    assert "✓ good" in shown


def test_a_session_on_the_other_device_goes_in_its_own_steps(world: World) -> None:
    world.to_run("nmes-tka", device="sim:rehastim2")
    world.pass_time(2 * S)
    assert world.desk.offers()["arm"] is None
    world.key("a")
    world.pass_time(600 * MS)
    world.key("g")
    world.pass_time(1 * S)
    world.key("1")
    assert "up 2 mA" in world.text()
    world.pass_time(3 * S)  # past the ramp of its first contraction
    world.key("up")
    world.pass_time(1 * S)
    assert world.set_level() == 2_000
    assert "sim:rehastim2" in world.text(100, 30).splitlines()[0]
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
    assert "OUTPUT UNKNOWN" in world.text()
    assert all(not client.sent for client in world.clients[before:])
    assert world.bed.close() == 6
