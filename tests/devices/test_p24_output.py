"""The last gate sends exactly what was cleared, and nothing that a P24 cannot do exactly."""

from __future__ import annotations

import pytest

from stimctl.devices.output_frame import lowest
from stimctl.devices.p24.output import ALL_OFF, OutputEncoder, used_period_us
from stimctl.devices.p24.sheet import FRAME_MAX_BYTES
from stimctl.errors import LimitRefusedError
from stimctl.stimulus import PulseShape
from stimctl.wire.sciencemode4.framing import encode_frame
from stimctl.wire.sciencemode4.messages import MlUpdate
from stimctl.wire.sciencemode4.point import Point
from tests.support.p24_bench import OTHER_DEVICE, cleared, forged, point


def points_of(**how: object) -> tuple[tuple[int, int], ...]:
    trains = OutputEncoder().frame({1: point(**how)})  # type: ignore[arg-type]
    update = MlUpdate.unpack(trains.payload)
    return tuple((one.duration_us, one.current_ua) for one in update.channels[0].points)


@pytest.mark.hazard("H60")
def test_a_symmetric_pulse_is_three_points_and_two_without_a_gap() -> None:
    assert points_of() == ((200, 20_000), (100, 0), (200, -20_000))
    assert points_of(gap_us=0) == ((200, 20_000), (200, -20_000))


@pytest.mark.hazard("H60")
def test_an_asymmetric_pulse_balances_a_low_long_phase_against_a_high_short_one() -> None:
    how = {"shape": PulseShape.ASYMMETRIC, "ratio": 4, "gap_us": 0}
    assert points_of(amplitude_ua=8_000, **how) == ((200, 8_000), (800, -2_000))


def test_a_monophasic_pulse_is_one_point() -> None:
    how = {"shape": PulseShape.MONOPHASIC, "gap_us": 0, "frequency_mhz": 1_000, "width_us": 50}
    assert points_of(amplitude_ua=1_000, **how) == ((50, 1_000),)


def test_the_payload_of_a_pulse_is_the_documented_one() -> None:
    payload, used, _ = OutputEncoder().pulse(1, point())
    # Third worked example of the wire specification: +20 mA 200 us, 0 mA 100 us, -20 mA 200 us.
    assert payload == bytes.fromhex("82 0C855000 0644B000 0C841000")
    assert (used.channel, used.level, used.phase_width_us) == (1, 20_000, 200)


@pytest.mark.parametrize(("channel", "head"), [(1, 0x82), (4, 0xE2), (5, 0x92), (8, 0xF2)])
def test_a_single_pulse_goes_to_the_connector_that_carries_its_channel(
    channel: int, head: int
) -> None:
    assert OutputEncoder().pulse(channel, point())[0][0] == head


def test_channels_are_sent_in_ascending_order_and_ramps_are_the_hosts() -> None:
    trains = OutputEncoder().frame({8: point(), 2: point(5_000)})
    update = MlUpdate.unpack(trains.payload)
    assert [one.index for one in update.channels] == [1, 7]
    assert {one.ramp for one in update.channels} == {0}
    assert trains.outputs.keys() == {2, 8}
    assert [one.channel for one in trains.channels] == [2, 8]


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (500, 500),
        (501, 750),
        (10_000, 10_000),
        (10_001, 10_250),
        (8_191_750, 8_191_750),
        (8_191_751, 8_192_000),
        (8_192_001, 8_192_500),
        (16_383_000, 16_383_000),
    ],
)
def test_a_period_is_rounded_up_never_down(asked: int, used: int) -> None:
    assert used_period_us(asked) == used


def test_the_period_used_is_reported_beside_the_one_asked_for() -> None:
    one = OutputEncoder().frame({1: point(device=OTHER_DEVICE, frequency_mhz=33_300)}).channels[0]
    assert (one.period_asked_us, one.period_us) == (30_031, 30_250)


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("grid", {"amplitude_ua": 20_100}),
        ("10 to 4095 us", {"width_us": 9}),
        ("10 to 4095 us", {"width_us": 4_096, "amplitude_ua": 1_000, "frequency_mhz": 10_000}),
        ("10 to 4095 us", {"gap_us": 9}),
        ("10 to 4095 us", {"gap_us": 4_096}),
        ("500 to 16383000 us", {"frequency_mhz": 60}),
        ("500 to 16383000 us", {"frequency_mhz": 5_000_000, "width_us": 10, "gap_us": 0}),
        ("999", {"frequency_mhz": 2_000_000, "gap_us": 50, "amplitude_ua": 1_000}),
        (
            "grid",
            {"shape": PulseShape.ASYMMETRIC, "ratio": 3, "amplitude_ua": 3_000 + 300, "gap_us": 0},
        ),
        (
            "grid",
            {"shape": PulseShape.ASYMMETRIC, "ratio": 4, "amplitude_ua": 1_000, "gap_us": 0},
        ),
    ],
)
def test_a_genuine_set_point_that_a_p24_cannot_do_exactly_is_refused(
    words: str, how: dict[str, object]
) -> None:
    one = point(device=OTHER_DEVICE, **how)  # type: ignore[arg-type]
    with pytest.raises(LimitRefusedError, match=words):
        OutputEncoder().frame({1: one})


@pytest.mark.parametrize("channel", [0, 9, -1])
def test_a_channel_that_a_p24_does_not_have_is_refused(channel: int) -> None:
    with pytest.raises(LimitRefusedError, match=r"1 to 8"):
        OutputEncoder().frame({channel: point()})
    with pytest.raises(LimitRefusedError, match=r"1 to 8"):
        OutputEncoder().pulse(channel, point())


@pytest.mark.parametrize(
    "false",
    [
        None,
        20_000,
        object(),
        object.__new__(object),
        (PulseShape.SYMMETRIC, 1, 1, 1, 1, 1),
        cleared(),
    ],
    ids=["none", "number", "object", "empty", "tuple", "cleared"],
)
def test_what_the_safety_model_did_not_make_is_refused(false: object) -> None:
    with pytest.raises(LimitRefusedError, match="not a set point"):
        OutputEncoder().frame({1: false})  # type: ignore[dict-item]
    with pytest.raises(LimitRefusedError, match="not a set point"):
        OutputEncoder().pulse(1, false)  # type: ignore[arg-type]


@pytest.mark.hazard("H08")
def test_a_forged_set_point_is_refused_even_when_a_genuine_twin_of_it_was_sent_before() -> None:
    encoder = OutputEncoder()
    genuine = point()
    encoder.frame({1: genuine})
    with pytest.raises(LimitRefusedError, match="not a set point"):
        encoder.frame({1: forged(*tuple(genuine)[:-1])})


@pytest.mark.hazard("H08")
@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("0 to 130000 uA", (PulseShape.SYMMETRIC, 130_500, 200, 100, 1, 20_000)),
        ("0 to 130000 uA", (PulseShape.SYMMETRIC, -500, 200, 100, 1, 20_000)),
        ("balance", (PulseShape.ASYMMETRIC, 20_500, 200, 100, 3, 20_000)),
        ("10 to 4095 us", (PulseShape.SYMMETRIC, 20_500, 0, 100, 1, 20_000)),
        ("500 to 16383000 us", (PulseShape.SYMMETRIC, 20_500, 200, 100, 1, 0)),
    ],
)
def test_the_gate_holds_even_if_the_safety_model_were_wrong(
    words: str, values: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.devices.output_frame.is_genuine", lambda *_: True)
    with pytest.raises(LimitRefusedError, match=words):
        OutputEncoder().frame({1: forged(*values, 1, 0)})


@pytest.mark.hazard("H49", "H60")
def test_the_last_gate_refuses_a_pulse_that_carries_charge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lopsided = (Point(200, 20_000), Point(200, -19_500))
    monkeypatch.setattr("stimctl.devices.p24.output._pulse_points", lambda _form: lopsided)
    with pytest.raises(LimitRefusedError, match="carries no charge"):
        OutputEncoder().frame({1: point(20_000)})


def test_the_channels_share_the_time_and_the_sum_counts() -> None:
    # (200 + 100 + 200 + 60) us each: at 250 Hz seven fit in 4000 us, the eighth does not.
    one = point(1_000, frequency_mhz=250_000, device=OTHER_DEVICE)
    OutputEncoder().frame(dict.fromkeys(range(1, 8), one))
    with pytest.raises(LimitRefusedError, match="999"):
        OutputEncoder().frame(dict.fromkeys(range(1, 9), one))


def test_the_longest_frame_stays_within_what_the_device_takes() -> None:
    one = point(30_000, frequency_mhz=20_000)
    payload = OutputEncoder().frame(dict.fromkeys(range(1, 9), one)).payload
    assert len(encode_frame(60, MlUpdate.command, payload)) <= FRAME_MAX_BYTES


def test_all_off_is_an_empty_mask() -> None:
    assert OutputEncoder().frame({}) is ALL_OFF
    assert ALL_OFF.payload == b"\x00"


def test_the_same_set_points_are_encoded_once_and_different_ones_never_mixed_up() -> None:
    encoder = OutputEncoder()
    ladder = cleared(130_000, 100, 10_000)
    first = [encoder.frame({1: ladder.point(500 * n)}) for n in range(261)]
    again = [encoder.frame({1: ladder.point(500 * n)}) for n in range(261)]
    assert all(a is b for a, b in zip(first, again, strict=True))
    assert len({one.payload for one in first}) == 261


def test_the_memory_of_encoded_trains_is_bounded() -> None:
    encoder = OutputEncoder()
    ladder = cleared(130_000, 100, 10_000)
    for channel in range(1, 9):
        for n in range(261):
            assert encoder.frame({channel: ladder.point(500 * n)}).outputs.keys() == {channel}


class TestRaisingAndLowering:
    def test_each_parameter_counts(self) -> None:
        base = OutputEncoder().frame({1: point(20_000)})
        for how, raises, lowers in [
            ({"amplitude_ua": 20_500}, True, False),
            ({"amplitude_ua": 19_500}, False, True),
            ({"width_us": 210}, True, False),
            ({"width_us": 190}, False, True),
            ({"frequency_mhz": 60_000}, True, False),
            ({"frequency_mhz": 40_000}, False, True),
            ({"gap_us": 50}, True, False),
            ({"amplitude_ua": 10_000, "width_us": 400}, True, True),
        ]:
            other = OutputEncoder().frame({1: point(**{"amplitude_ua": 20_000, **how})})
            assert (other.raises(base), other.lowers(base)) == (raises, lowers), how

    def test_a_channel_more_raises_and_a_channel_less_lowers(self) -> None:
        one, two = (
            OutputEncoder().frame({1: point()}),
            OutputEncoder().frame({1: point(), 2: point()}),
        )
        assert (two.raises(one), two.lowers(one)) == (True, False)
        assert (one.raises(two), one.lowers(two)) == (False, True)
        assert (ALL_OFF.raises(two), ALL_OFF.lowers(two)) == (False, True)

    def test_the_lowest_of_several_raises_nothing_against_any(self) -> None:
        encoder = OutputEncoder()
        wanted = encoder.frame({1: point(30_000), 2: point(5_000), 3: point(1_000)})
        before = encoder.frame({1: point(20_000), 2: point(10_000)})
        found = lowest(wanted, [before, wanted], encoder.make)
        assert {c: f.amplitude_ua for c, f in found.outputs.items()} == {1: 20_000, 2: 5_000}
        assert not found.raises(before)
        assert not found.raises(wanted)

    def test_set_points_of_which_none_is_the_least_are_off(self) -> None:
        encoder = OutputEncoder()
        wide = encoder.frame({1: point(10_000, width_us=400)})
        high = encoder.frame({1: point(20_000, width_us=200)})
        assert lowest(wide, [high], encoder.make).outputs == {}
