"""Each fault of the line does what its name says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from firmware_sim.faults import Fault, FaultyTwin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.situation import faulty_twin
from tests.support.faulty_host import MS, SECOND, TEN_MA, FaultyHost, host_with
from tests.support.twin_host import biphasic, pulse

STATUS = Command.GET_STIM_STATUS


def test_unplugged_nothing_passes_and_the_dead_man_ends_the_output() -> None:
    host = host_with("unplug@2s")
    host.stimulate(6)
    assert host.twin.plugged is False
    assert max(one.at_us for one in host.heard) < 2 * SECOND
    assert 3 * SECOND < host.ledger().last_output_us < 4 * SECOND


def test_unplugged_without_supply_the_output_ends_at_once() -> None:
    host = host_with("unplug@2s,powered=0")
    host.stimulate(4)
    assert host.ledger().last_output_us <= 2 * SECOND


def test_plugged_in_again_it_is_the_same_port_and_talks() -> None:
    host = host_with("unplug@2s,for=1s")
    host.run_until(3 * SECOND + MS)
    assert (host.twin.plugged, host.twin.place) == (True, 0)
    assert host.ask(STATUS).data[0] == 0


def test_plugged_in_elsewhere_it_is_another_port() -> None:
    host = host_with("replug-elsewhere@2s")
    host.run_until(2 * SECOND)
    assert (host.twin.plugged, host.twin.place) == (False, 0)
    host.run_until(3 * SECOND + MS)
    assert (host.twin.plugged, host.twin.place) == (True, 1)


def test_a_device_that_lost_its_supply_boots_and_knows_nothing() -> None:
    host = host_with("unplug@2s,for=1s,powered=0")
    host.stimulate(4)
    assert host.say(STATUS) == []
    host.run_until(5 * SECOND)
    assert host.status() == 0


@pytest.mark.parametrize("number", [5, 59, 60, 61])  # 60 has to be stuffed
@pytest.mark.parametrize("command", [Command.ML_STOP, Command.LL_STOP])
def test_the_plug_is_pulled_while_a_stop_is_on_the_line(number: int, command: Command) -> None:
    host = host_with("unplug-during-stop@1s")
    host.stimulate(2)
    assert host.twin.plugged
    host.send_bytes(encode(number, command, b""))
    host.run_for(MS)
    assert host.twin.plugged is False
    at_us = host.now_us
    host.run_for(5 * SECOND)
    assert SECOND < host.ledger().last_output_us - at_us < 2 * SECOND, "the dead-man, not the stop"


def test_a_device_that_hangs_hears_everything_at_the_end() -> None:
    host = host_with("hang@2s,for=1s")
    host.run_until(2 * SECOND + MS)
    assert host.twin.reading is False
    assert host.say(STATUS, wait_us=900 * MS) == []
    host.run_for(200 * MS)
    assert host.twin.reading is True
    assert [one.at_us for one in host.answers(STATUS)] == [3 * SECOND + MS]


def test_a_mute_device_obeys() -> None:
    host = host_with("mute@100ms")
    host.stimulate(2)
    assert host.answers(Command.ML_UPDATE) == []
    assert host.peak_ua(SECOND, 2 * SECOND) == 10_000


def test_a_slow_line_takes_eleven_bits_a_byte() -> None:
    host = host_with("slow@1s,direction=to-device")
    host.run_until(2 * SECOND)
    asked_us = host.now_us
    answer = host.ask(STATUS)
    assert answer.at_us - asked_us == 12 * (11_000_000 // 300) + MS


def test_latency_counts_each_way() -> None:
    host = host_with("latency@1s")
    host.run_until(2 * SECOND)
    assert host.ask(STATUS).at_us == 2 * SECOND + 401 * MS


def test_jitter_keeps_the_order_and_its_bound() -> None:
    host = host_with("jitter@1s,most=50ms,direction=to-host")
    host.run_until(2 * SECOND)
    numbers, delays = [], set()
    for _ in range(40):
        asked_us = host.now_us
        number = host.send(STATUS)
        host.run_for(2 * MS)
        numbers.append((number, asked_us))
    host.run_for(SECOND)
    heard = host.answers(STATUS)
    assert [one.number for one in heard] == [number for number, _ in numbers]
    delays = {one.at_us - asked for one, (_, asked) in zip(heard, numbers, strict=True)}
    assert len(delays) > 5
    assert max(delays) <= 51 * MS


@pytest.mark.parametrize("permille", [0, 300, 1000])
def test_dropped_frames_are_lost_whole(permille: int) -> None:
    host = host_with(f"drop@1s,permille={permille},direction=to-host")
    host.run_until(2 * SECOND)
    for _ in range(200):
        host.say(STATUS, wait_us=2 * MS)
    assert host.damaged == []
    lost = 200 - len(host.answers(STATUS))
    assert abs(lost - permille / 5) <= 25 * (permille == 300)
    assert host.twin.changes[0][1] == lost


def test_flipped_bits_are_found_by_the_checksum() -> None:
    host = host_with("flip@1s,ppm=20000,direction=to-host")
    host.run_until(2 * SECOND)
    for _ in range(100):
        host.say(STATUS, wait_us=2 * MS)
    assert host.damaged
    assert {one.data for one in host.answers(STATUS)} == {b"\0\x02\x06"}


def test_duplicated_frames_come_twice() -> None:
    host = host_with("duplicate@1s,direction=to-device")
    host.run_until(2 * SECOND)
    assert [one.number for one in host.say(STATUS)] == [2, 2]


def test_split_bytes_have_time_between_them() -> None:
    host = host_with("split@1s,spacing=100us,direction=to-host")
    host.run_until(2 * SECOND)
    host.say(STATUS)
    pieces = [(at, data) for at, data in host.bytes if at > 2 * SECOND]
    assert {len(data) for _, data in pieces} == {1}
    assert {later - at for (at, _), (later, _) in pairwise(pieces)} == {100}
    assert len(host.answers(STATUS)) == 1


def test_merged_bytes_come_in_lumps() -> None:
    host = host_with("merge@1s,every=16ms,direction=to-host")
    host.run_until(2 * SECOND)
    for _ in range(10):
        host.send(STATUS)
        host.run_for(3 * MS)
    host.run_for(SECOND)
    lumps = [(at, data) for at, data in host.bytes if at > 2 * SECOND]
    assert all(at % (16 * MS) == 0 for at, _ in lumps)
    assert len(lumps) < 10
    assert len(host.answers(STATUS)) == 10


def test_garbage_is_not_an_answer_and_the_next_frame_is_heard() -> None:
    host = host_with("garbage@2s,bytes=300")
    host.run_until(3 * SECOND)
    assert sum(len(data) for at, data in host.bytes if at == 2 * SECOND) == 300
    for _ in range(3):
        host.say(STATUS)
    assert host.answers(STATUS)[-1].data == b"\0\x02\x06"


def test_garbage_can_come_again_and_again() -> None:
    host = host_with("garbage@2s,bytes=5,every=100ms,for=1s,direction=to-host")
    host.run_until(5 * SECOND)
    times = [at for at, data in host.bytes if len(data) == 5]
    assert times == list(range(2 * SECOND, 3 * SECOND, 100 * MS))


@pytest.mark.parametrize(
    ("direction", "reading", "executed_us"),
    [("to-device", False, 3 * SECOND), ("to-host", True, 2 * SECOND + MS)],
)
def test_flow_control_holds_back_one_way(direction: str, reading: bool, executed_us: int) -> None:
    host = host_with(f"xoff-stuck@2s,for=1s,direction={direction}", wiretap=True)
    host.run_until(2 * SECOND + MS)
    assert host.twin.reading is reading
    assert host.say(STATUS, wait_us=900 * MS) == []
    host.run_until(4 * SECOND)
    assert len(host.answers(STATUS)) == 1
    received = [row["at_us"] for row in host.twin.records() if row["kind"] == "rx"]
    assert received[-1] == executed_us


def test_echo_is_what_was_sent() -> None:
    host = host_with("echo@1s")
    host.run_until(2 * SECOND)
    assert [one.command for one in host.say(STATUS)] == [STATUS, STATUS + 1]


def test_half_a_frame_then_silence() -> None:
    host = host_with("half-frame@1s")
    host.run_until(2 * SECOND)
    host.stimulate(2)
    assert sum(len(data) for at, data in host.bytes if at > 2 * SECOND) == 6
    assert host.peak_ua(3 * SECOND, 4 * SECOND) == 10_000, "the device hears"


def test_with_a_wrong_checksum_no_frame_is_taken() -> None:
    host = host_with("wrong-crc@1s")
    host.run_until(2 * SECOND)
    for _ in range(70):  # every packet number, so that every stuffing is met
        host.say(STATUS, wait_us=5 * MS)
    assert host.answers(STATUS) == []
    assert [kind for _, kind in host.damaged] == ["crc"] * 70


def test_a_break_is_a_nul_and_then_nothing() -> None:
    host = host_with("break@2s,direction=to-host")
    host.run_until(2 * SECOND)
    assert host.bytes[-1] == (2 * SECOND, b"\0")
    assert host.say(STATUS) == []
    host.run_for(SECOND)
    assert len(host.say(STATUS)) == 1


def test_at_another_rate_nobody_understands_anything() -> None:
    host = host_with("baud-mismatch@1s")
    host.run_until(2 * SECOND)
    host.stimulate(4)
    assert host.answers(Command.ML_UPDATE) == []
    assert host.ledger().last_output_us is None


def test_a_second_writer_gets_answers_that_nobody_here_asked_for() -> None:
    host = host_with("second-writer@2s,every=500ms,for=2s")
    host.run_until(5 * SECOND)
    assert [one.at_us for one in host.answers(STATUS)] == [
        at_us + MS for at_us in range(2 * SECOND, 4 * SECOND, 500 * MS)
    ]


def test_a_line_that_holds_does_not_keep_more_than_a_system_would() -> None:
    host = host_with("hang@1s,for=1s", wiretap=True)
    host.run_until(1500 * MS)
    host.send_bytes(bytes(100_000))
    host.run_until(3 * SECOND)
    taken = [row["hex"] for row in host.twin.records() if row["kind"] == "rx"]
    assert len(taken[-1]) // 2 == 65_536


def test_another_device_can_stand_behind_a_faulty_line() -> None:
    inner = faulty_twin("p24")
    host = FaultyHost(FaultyTwin([Fault("latency", 0)], device=inner))
    assert host.ask(STATUS).at_us == 401 * MS


def test_low_level_pulses_pass_too() -> None:
    host = FaultyHost(faulty_twin("p24", faults=[Fault("duplicate", 0, {"direction": 1})]))
    host.ask(Command.LL_INIT, b"\0")
    host.say(Command.LL_CHANNEL_CONFIG, pulse(biphasic(10)))
    assert host.ledger()[1].pulses == 2


def test_what_waits_when_the_host_goes_away_is_lost() -> None:
    host = host_with("latency@1s,delay=500ms")
    host.run_until(2 * SECOND)
    host.send(Command.ML_UPDATE, TEN_MA)
    host.twin.line_lost()
    host.run_for(SECOND)
    assert host.ledger().last_output_us is None


@pytest.mark.parametrize("name", ["hang", "xoff-stuck"])
def test_bytes_that_a_host_could_not_write_count_as_changed(name: str) -> None:
    host = host_with(f"{name}@1s,for=2s")
    for at_us, waited in ((500 * MS, 3), (2 * SECOND, 5), (4 * SECOND, 7)):
        host.run_until(at_us)
        host.twin.waited(waited)
    ((_, changed),) = host.twin.changes
    assert changed == 5
