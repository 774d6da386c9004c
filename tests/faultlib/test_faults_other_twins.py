"""Other twins than the P24: every fault of the line and of electrodes, and none of its firmware."""

from __future__ import annotations

import io
import json

import pytest

from firmware_sim.__main__ import main
from firmware_sim.faults import SPECS, Fault, FaultError, FaultyTwin, listing, usable
from firmware_sim.faults.model import Place
from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.rehastim2_commands import Command
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder, encode
from firmware_sim.scenarios import SCENARIOS, scenario
from firmware_sim.twin import LocalTwin

TWINS = {"rehastim2": RehaStim2Twin, "openemsstim": OpenEmsStimTwin}
SECOND = 1_000_000_000
ON_LINE = sorted(s.name for s in SPECS.values() if s.place is Place.LINK and not s.inapplicable)
ON_PADS = sorted(s.name for s in SPECS.values() if s.place is Place.ELECTRODES)
IN_P24 = sorted(s.name for s in SPECS.values() if s.place is Place.DEVICE and not s.inapplicable)
SCENARIOS_OF_P24 = {
    one.name for one in SCENARIOS.values() if any(f.name in IN_P24 for f in one.faults)
}


def spoken_to(twin: LocalTwin, seconds: int = 3) -> list[bytes]:
    """What a host hears that says something ten times a second."""
    heard = []
    for tenth in range(1, 10 * seconds + 1):
        now_ns = tenth * SECOND // 10
        twin.advance(now_ns)
        twin.receive(now_ns, b"\xf0\x81\x47\x81\x56\x00\x01\x01\x0f" + b"2B\n")
        heard.append(twin.transmit())
    return heard


@pytest.mark.parametrize("family", TWINS)
@pytest.mark.parametrize("name", ON_LINE)
def test_every_fault_of_the_line_goes_with_every_twin(family: str, name: str) -> None:
    if name not in usable(family):
        with pytest.raises(FaultError, match="cannot have it: its lines have no checksum"):
            FaultyTwin([Fault(name, 500_000)], device=TWINS[family]())
        assert f"not for {family}" in next(
            line for line in listing(family).splitlines() if line.startswith(name)
        )
        return
    twin = FaultyTwin([Fault(name, 500_000)], seed=3, device=TWINS[family]())
    spoken_to(twin)
    assert twin.changes[0][0].name == name
    begun = [row for row in twin.records() if row["kind"] == "fault"]
    assert begun[0]["event"] == "begins"


def _frame(family: str, tenth: int) -> bytes:
    """What a host of this family says, and at 2 s its stop."""
    if family == "openemsstim":
        return b"Connection End\n" if tenth == 20 else b"x\n" if tenth % 3 == 0 else b""
    return encode(tenth, Command.STOP_CHANNEL_LIST if tenth == 20 else Command.WATCHDOG)


@pytest.mark.no_invariant("nobody stops what a line of noise makes the board do")
@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family in TWINS for name in usable(family)]
)
def test_every_fault_that_counts_as_usable_changes_something(family: str, name: str) -> None:
    """The P24 has its own test of this, of every fault: `test_faults_every`."""
    make = OpenEmsStimTwin(boot_us=0) if family == "openemsstim" else RehaStim2Twin()
    twin = FaultyTwin([Fault(name, 500_000)], seed=3, device=make)
    for tenth in range(1, 60):
        now_ns = tenth * SECOND // 10
        twin.advance(now_ns)
        twin.receive(now_ns, _frame(family, tenth))
        twin.transmit()
    ((_, changed),) = twin.changes
    assert changed > 0


@pytest.mark.parametrize("name", ["drop", "duplicate", "jitter", "half-frame"])
@pytest.mark.parametrize("chunk", [1, 5, 1_000])
def test_a_line_of_text_is_a_frame_in_any_pieces(name: str, chunk: int) -> None:
    def heard(size: int) -> bytes:
        board = OpenEmsStimTwin(boot_us=0)
        told = {"permille": 500} if name in ("drop", "duplicate") else {}
        twin = FaultyTwin([Fault(name, 500_000, told)], seed=7, device=board)
        said = b""
        for tenth in range(6, 40):
            now_ns = tenth * SECOND // 10
            twin.advance(now_ns)
            line = b"x\n" if tenth % 4 == 0 else b""
            for at in range(0, len(line), size):
                twin.receive(now_ns, line[at : at + size])
            said += twin.transmit()
        return said

    assert heard(chunk) == heard(1_000)


@pytest.mark.parametrize("chunk", [1, 4, 1_000])
def test_the_cable_is_pulled_in_the_middle_of_the_stop_of_a_text_wire(chunk: int) -> None:
    twin = FaultyTwin([Fault("unplug-during-stop", 0)], device=OpenEmsStimTwin(boot_us=0))
    twin.advance(SECOND)
    twin.receive(SECOND, b"x\nConn\n")
    assert twin.plugged
    line = b"\nConnection End\nxbdfh\n"
    for at in range(0, len(line), chunk):
        twin.receive(2 * SECOND, line[at : at + chunk])
    twin.advance(3 * SECOND)
    assert not twin.plugged


@pytest.mark.parametrize("family", TWINS)
def test_a_mute_line_says_nothing_and_a_whole_one_what_the_twin_alone_says(family: str) -> None:
    alone, behind = TWINS[family](), FaultyTwin(device=TWINS[family]())
    assert spoken_to(alone) == spoken_to(behind)
    mute = FaultyTwin([Fault("mute", 0)], device=TWINS[family]())
    assert not any(spoken_to(mute))


def test_a_wrong_checksum_is_wrong_in_frames_of_sciencemode_2_and_nothing_else_is() -> None:
    twin = FaultyTwin([Fault("wrong-crc", 0)], device=RehaStim2Twin())
    found = list(FrameDecoder().feed(b"".join(spoken_to(twin))))
    assert len(found) > 3
    assert {getattr(one, "kind", one) for one in found} == {"crc"}


def test_half_a_frame_of_sciencemode_2_is_the_last_that_is_heard() -> None:
    whole = RehaStim2Twin()
    twin = FaultyTwin([Fault("half-frame", 700_000)], device=RehaStim2Twin())
    said, heard = b"".join(spoken_to(whole)), b"".join(spoken_to(twin))
    sound = list(FrameDecoder().feed(heard))
    assert len(sound) == 2  # at 0 and at 500 ms
    assert said.startswith(heard)
    assert 0 < len(heard) - len(b"".join(spoken_to(RehaStim2Twin())[:6])) < 9


@pytest.mark.parametrize(
    ("command", "pulled"), [(Command.WATCHDOG, False), (Command.STOP_CHANNEL_LIST, True)]
)
def test_the_cable_is_pulled_during_the_stop_of_this_wire(command: int, pulled: bool) -> None:
    twin = FaultyTwin([Fault("unplug-during-stop", 0)], device=RehaStim2Twin())
    twin.advance(SECOND // 100)
    twin.receive(SECOND // 50, encode(1, command))  # 4, the Watchdog, is a stop on the other wire
    twin.advance(SECOND)
    assert twin.plugged is not pulled


def test_a_restart_reaches_the_board_whatever_its_line_does() -> None:
    board = OpenEmsStimTwin(boot_us=0)
    twin = FaultyTwin([Fault("mute", 0)], device=board)
    twin.advance(SECOND)
    twin.reset(SECOND)
    told = [row["at_us"] for row in board.records() if row.get("event") == "reset"]
    assert told == [1_000_000]
    other = FaultyTwin(device=RehaStim2Twin())
    other.reset(SECOND)  # it has no such line
    assert other.now_us == 1_000_000


@pytest.mark.parametrize("family", TWINS)
@pytest.mark.parametrize("name", IN_P24)
def test_a_fault_of_the_p24s_firmware_is_refused_in_words(family: str, name: str) -> None:
    with pytest.raises(FaultError, match=r"fault of the firmware|faults of its line"):
        FaultyTwin([Fault(name, 0)], device=TWINS[family]())


@pytest.mark.parametrize("name", ON_PADS)
def test_electrodes_go_wrong_where_a_device_has_some(name: str) -> None:
    device = RehaStim2Twin()
    twin = FaultyTwin([Fault(name, 1_000_000, {"for_us": 90_000_000})], device=device)
    before = device.load(1)
    twin.advance(80 * SECOND)
    assert device.load(1) != before
    twin.advance(100 * SECOND)
    assert device.load(1) == before
    with pytest.raises(FaultError, match="faults of its line"):
        FaultyTwin([Fault(name, 0)], device=OpenEmsStimTwin())


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_scenario_is_played_on_a_rehastim2_or_refused_in_words(name: str) -> None:
    if name in SCENARIOS_OF_P24:
        with pytest.raises(FaultError, match="fault of the firmware"):
            scenario(name).start("rehastim2")
        return
    twin = scenario(name).start("rehastim2")
    spoken_to(twin, seconds=30)
    assert twin.recorder is not None


def test_nobody_wears_an_attenuator() -> None:
    with pytest.raises(FaultError, match="nobody can be at the leads"):
        scenario("normal-tens").start("openemsstim")


@pytest.mark.parametrize("family", TWINS)
def test_lock_step_tells_of_the_fault(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Source:
        buffer = io.BytesIO(b"run 2000000\n")

    class Sink:
        buffer = io.BytesIO()

    monkeypatch.setattr("sys.stdin", Source)
    monkeypatch.setattr("sys.stdout", Sink)
    assert main([family, "--lock-step", "--fault", "mute@1s,for=500ms"]) == 0
    told = [json.loads(line) for line in Sink.buffer.getvalue().splitlines()]
    events = [
        one["record"]["event"] for one in told if one.get("record", {}).get("kind") == "fault"
    ]
    assert events == ["begins", "ends"]
