"""An output that is not confirmed: one list of what to do, and the ways out of it."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.errors import NoDeviceError
from stimctl.supervisor.families import every_family, family_named
from stimctl.supervisor.phrases import steps_to_zero
from tests.support.broad import broad
from tests.support.headless import Headless
from tests.support.tui_desk import MS, BenchClient, S, World

pytestmark = pytest.mark.hazard("H11")


def dead(client: BenchClient) -> BenchClient:
    """Nothing that is sent to it arrives."""
    client.bench.to_device.hook = lambda _now, _data: b""
    return client


@pytest.fixture
def lost(world: World) -> World:
    """A session whose device has fallen silent while output was on."""
    world.to_running(steps=2)
    dead(world.clients[-1])
    world.pass_time(2 * S)
    assert world.bed.live.state == "unknown"
    return world


def clients_become(world: World, change: Any) -> None:
    make = world.bed._make_client
    world.bed._make_client = lambda *given: change(make(*given))


def sent(world: World, do: str) -> list[dict[str, Any]]:
    return [fields for did, fields in world.clients[-1].sent if did == do]


@pytest.mark.parametrize("family", every_family())
def test_every_family_has_one_list_that_begins_with_the_electrode_cable(family: str) -> None:
    instruction = family_named(family).sheet.stop_instruction
    steps = steps_to_zero(instruction)
    assert steps[0].startswith("PULL THE ELECTRODE CABLE")
    assert all(step[0].isupper() and step.endswith(".") for step in steps)
    assert len(steps) in (2, 3)
    told = " ".join(steps).lower()
    assert all(word in told for word in instruction.replace(", then", "").lower().split())


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 45)])
def test_the_screen_is_one_numbered_list_and_orders_nothing_else(
    lost: World, size: tuple[int, int]
) -> None:
    with Headless(lost, size) as ui:
        text = ui.text
        assert ui.name == "unknown"
    orders = ("PULL THE ELECTRODE CABLE", "Pull the USB", "Take off the electrodes", "Plug it in")
    at = [text.index(words) for words in orders]
    assert at == sorted(at)
    assert text.count("Pull") == 1
    assert "check the cable" not in text
    assert "connect again" not in text
    assert "serial SIM0000000" in text
    assert "SIMULATED" in text
    assert "mA" not in text


@pytest.mark.parametrize(("width", "height"), [(20, 5), (40, 12), (79, 24), (80, 10)])
def test_in_a_small_window_the_first_order_and_stop_are_read(
    lost: World, width: int, height: int
) -> None:
    with Headless(lost, (width, height)) as ui:
        told = " ".join(ui.text.split())
    assert "OUTPUT UNKNOWN" in told
    assert "PULL THE ELECTRODE CABLE" in told
    assert "STOP" in told


def test_connecting_again_verifies_zero_and_only_then_is_it_confirmed(lost: World) -> None:
    with Headless(lost) as ui:
        ui.press("r")
        assert ui.name == "run"
    assert lost.bed.live.state in ("identified", "checked")
    assert len(lost.clients) == 2
    assert lost.bed.close() != 6


def test_a_device_that_stays_silent_stays_unknown(lost: World) -> None:
    clients_become(lost, dead)
    lost.key("r")
    for _ in range(20):
        lost.pass_time(1 * S)
        assert lost.bed.live.state == "unknown"
        assert lost.desk.front.name == "unknown"
    assert lost.bed.output_may_be_on
    assert lost.bed.close() == 6


@pytest.mark.parametrize(("before", "after", "words"), [
    ("P24-1", "P24-2", "another stimulator answers: serial P24-2, not P24-1"),
    ("P24-1", "", "nobody can tell that it is the same one"),
    ("", "P24-1", "nobody can tell that it is the same one"),
])  # fmt: skip
def test_zero_of_a_device_that_may_be_another_one_confirms_nothing(
    lost: World, before: str, after: str, words: str
) -> None:
    """Of hardware: a twin is the same one by its name."""
    lost.bed.live.serial, lost.bed.live.simulation = before, False

    def real(client: BenchClient) -> BenchClient:
        tell = client._on_row

        def told(row: Any) -> None:
            if row["kind"] == "identity":
                lost.bed.live.simulation = False
                row = {**row, "serial": after}
            tell(row)

        client._on_row = told
        return client

    clients_become(lost, real)
    lost.key("r")
    lost.desk.take_rows()
    lost.bed.live.simulation = False
    lost.pass_time(1 * S)
    assert lost.bed.live.state == "unknown"
    assert lost.bed.close() == 6


def test_the_same_serial_number_is_the_same_device(lost: World) -> None:
    lost.bed.live.simulation = False
    lost.key("r")
    lost.desk.take_rows()
    assert lost.bed.live.state != "unknown"


def test_where_nothing_is_there_to_connect_to_it_is_tried_again_and_said(lost: World) -> None:
    tries = []

    def gone(client: BenchClient) -> BenchClient:
        def start() -> None:
            tries.append(1)
            raise NoDeviceError("there is no device at PORT", what_to_do="plug it in")

        client.start = start  # type: ignore[method-assign]
        return client

    make = lost.bed._make_client
    clients_become(lost, gone)
    lost.key("r")
    assert lost.bed.live.state == "unknown"
    with Headless(lost) as ui:
        assert "Tried again every 2 s" in ui.text
        ui.press("space")
        assert "nothing is connected. Follow the list" in lost.desk.message
        assert "nothing is on" not in lost.desk.message
        ui.press("u")
        assert "no session to record it in" in lost.desk.message
    before = len(tries)
    lost.pass_time(10 * S)
    assert 4 <= len(tries) - before <= 6
    lost.bed._make_client = make
    lost.pass_time(3 * S)
    assert lost.bed.live.state in ("identified", "checked")


def test_who_has_unplugged_the_electrodes_says_so_and_it_is_still_unknown(lost: World) -> None:
    with Headless(lost) as ui:
        ui.press("u")
        assert "still not confirmed" in lost.desk.message
        assert "✓ recorded" in ui.text
        assert ui.name == "unknown"
    assert sent(lost, "note")[-1]["topic"] == "unconfirmed output"
    assert lost.bed.live.state == "unknown"
    assert lost.bed.close() == 6


def test_what_is_not_recorded_is_not_said_to_be(lost: World) -> None:
    def refuse(do: str, fields: dict[str, Any]) -> Any:
        raise NoDeviceError(f"{do}: the session is over")

    lost.clients[-1]._do = refuse  # type: ignore[method-assign]
    lost.key("u")
    assert "Recorded" not in lost.desk.message
    assert "over" in lost.desk.message


@pytest.mark.parametrize(
    "key",
    broad(["q", "b", "escape", "left", "question_mark", "1", "2", "9", "0", "a", "g", "x", "n",
           "up", "enter", "tab"], every=3),
)  # fmt: skip
def test_no_other_key_leads_away_and_each_says_why(lost: World, key: str) -> None:
    left: list[int] = []
    with Headless(lost) as ui:
        lost.desk.leave = lambda: left.append(1)
        before = lost.desk.page.name
        ui.press(key)
        assert (ui.name, lost.desk.page.name) == ("unknown", before)
        assert lost.desk.message or key == "tab"
    assert not left
    assert len(lost.clients) == 1


def test_ctrl_q_leaves(lost: World) -> None:
    left: list[int] = []
    with Headless(lost) as ui:
        lost.desk.leave = lambda: left.append(1)
        ui.press("ctrl+q")
    assert left


def test_stop_goes_out_again_from_it(lost: World) -> None:
    before = lost.stop_line.count
    with Headless(lost) as ui:
        ui.press("space", "ctrl+x", "f12")
        ui.click("StopKey")
    assert lost.stop_line.count == before + 4
    lost.pass_time(100 * MS)


@pytest.mark.hazard("H31")
@pytest.mark.parametrize(("width", "height"), [(20, 5), (12, 2), (79, 24), (140, 10)])
def test_a_small_window_shows_state_amplitudes_time_and_stop(
    world: World, width: int, height: int
) -> None:
    world.to_running(steps=3)
    with Headless(world, (width, height)) as ui:
        assert ui.name == "small"
        assert "● ON 29:" in ui.text
        assert "STOP" in ui.lines[-1]
        if height > 2:
            assert "1: 1.5 mA" in ui.text
        ui.press("down")
        ui.pass_time(500 * MS)
        assert world.set_level() == 1_000
        ui.click("StopKey")
        ui.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H31", "H35")
def test_a_small_window_asks_for_attendance(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(301 * S, 1 * S)
    with Headless(world, (20, 5)) as ui:
        assert "ANY KEY: there?" in ui.text
