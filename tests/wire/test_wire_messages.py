"""Messages: layout, what the device would refuse, and what has no bit pattern at all."""

import dataclasses
from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.message import Message
from stimctl.wire.sciencemode4 import messages as m
from stimctl.wire.sciencemode4 import values
from stimctl.wire.sciencemode4.codec import (
    LONGEST_DEVICE_FRAME,
    decode,
    encode,
    problems,
    wire_length,
)
from stimctl.wire.sciencemode4.framing import FrameDecoder, RawFrame
from stimctl.wire.sciencemode4.messages_mid import MlChannel, MlUpdate
from stimctl.wire.sciencemode4.point import Point, plain_point_words, point_words

PULSE = m.biphasic(20_000, 200, 100)
NONE = (False,) * 8


def channel(
    index: int = 0,
    period_us: int = 20_000,
    points: tuple[Point, ...] = PULSE,
    ramp: int = 0,
    double_accuracy: bool = False,
) -> MlChannel:
    return m.MlChannel(index, period_us, points, ramp, double_accuracy)


def update(*channels: MlChannel) -> MlUpdate:
    return m.MlUpdate(channels)


def through_the_wire(message: Any, **how: Any) -> Any:
    (frame,) = FrameDecoder().feed(encode(message, 9, **how))
    assert isinstance(frame, RawFrame)
    return decode(frame)


def decoded(command: int, data: bytes) -> Any:
    return decode(RawFrame(0, command, data))


def test_every_command_of_the_specification_but_dyscom_has_a_message() -> None:
    low, mid = {0, 1, 2, 3, 4, 5}, set(range(30, 38))
    general = set(range(50, 70))
    assert set(m.BY_COMMAND) == low | mid | general


def test_direction_follows_from_the_command_number() -> None:
    for command, kind in m.BY_COMMAND.items():
        from_device = command in (66, 67) or command in {
            request + 1 for request in m.BY_COMMAND if request % 2 == 0 and request != 66
        }
        assert (kind.direction is m.Direction.DEVICE_TO_HOST) == from_device, kind


def test_names_follow_from_the_class_and_messages_are_frozen() -> None:
    for kind in m.BY_COMMAND.values():
        words = "".join(c if c.islower() else f"_{c.lower()}" for c in kind.__name__)
        assert kind.name == words.lstrip("_")
        assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        m.LlInit().measurement = 1  # type: ignore[misc]


def test_a_balanced_pulse_has_a_pause_only_where_one_is_asked_for() -> None:
    assert list(PULSE) == [m.Point(200, 20_000), m.Point(100, 0), m.Point(200, -20_000)]
    assert m.biphasic(500, 10) == (m.Point(10, 500), m.Point(10, -500))


@pytest.mark.parametrize(
    ("current_ua", "code"),
    [
        (0, 300),
        (500, 301),
        (-500, 299),
        (130_000, 560),
        (-130_000, 40),
        (10_300, 320),
        (-10_300, 279),
        (499, 300),
        (-1, 299),
        (-150_000, 0),
        (361_500, 1023),
    ],
)
def test_currents_between_two_steps_are_cut_down_as_the_maker_does_it(
    current_ua: int, code: int
) -> None:
    assert point_words([m.Point(1, current_ua)]) == [1 << 20 | code << 10]


def test_the_quick_point_words_are_the_same_for_everything_that_is_valid() -> None:
    for code in range(40, 561):
        point = m.Point(4095, (code - 300) * 500, 1)
        assert plain_point_words([point]) == point_words([point])


@pytest.mark.parametrize(
    "point",
    [
        m.Point(4096, 0),
        m.Point(-1, 0),
        m.Point(10, -150_001),
        m.Point(10, 362_000),
        m.Point(10, 0, 4),
        m.Point(10, 0, -1),
    ],
)
def test_a_point_without_a_bit_pattern_is_never_written(point: Point) -> None:
    config = m.LlChannelConfig(True, 0, 0, (point,))
    with pytest.raises(WireFormatError):
        encode(config, 0)
    with pytest.raises(WireFormatError, match="cannot be written"):
        encode(config, 0, invalid=True, truncate=True)
    with pytest.raises(WireFormatError, match="cannot be written"):
        encode(update(channel(points=(point,))), 0, invalid=True, truncate=True)


@pytest.mark.parametrize("count", [0, 17])
def test_no_points_or_too_many_are_never_written(count: int) -> None:
    # A device would read a count of none as sixteen points of -150 mA.
    points = PULSE[:1] * count
    for message in (m.LlChannelConfig(True, 0, 0, points), update(channel(points=points))):
        with pytest.raises(WireFormatError, match=f"{count} points cannot be written"):
            encode(message, 0)
        with pytest.raises(WireFormatError, match=f"{count} points cannot be written"):
            encode(message, 0, invalid=True)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (m.LlInit(4, 0), "measurement 4 is above 3"),
        (m.LlInit(0, 7), "high_voltage 7 is above 6"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, 130_500),)), "130500 uA is outside"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, -130_500),)), "-130500 uA is outside"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, -130_100),)), "-130100 uA is outside"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, 0, 2),)), "interpolation 2 is not 0 or 1"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(4096, 0),)), "4096 us is outside"),
        (update(channel(3, points=(m.Point(9, 131_000),))), "channel index 3: point 1: 131000"),
        (update(channel(period_us=0)), "period 0 us is outside"),
        (update(channel(period_us=300)), "period 0 us is outside"),
        (update(channel(period_us=-500)), "period -500 us is outside"),
        (update(channel(period_us=16_383_500)), "period 16383500 us is outside"),
        (update(channel(ramp=16)), "ramp 16 is outside"),
        (update(channel(ramp=-1)), "ramp -1 is outside"),
        (m.MlGetCurrentData(1), "data_selection 1 is not 2, 3 or 4"),
        (m.MlGetCurrentDataAck(0, 9), "data_selection 9 is not 2, 3 or 4"),
        (m.MlGetCurrentDataAck(0, 4, NONE, (0,) * 7 + (4,)), "channel_state 4 is above 3"),
        (m.MlGetCurrentDataAck(29, 4, NONE, (0,) * 8), "result 29 is above 28"),
        (m.MlUpdateAck(255), "result 255 is above 28"),
        (m.LlChannelConfigAck(29, 0, 0), "result 29 is above 28"),
        (m.LlChannelConfigAck(0, 4, 0), "channel 4 is above 3"),
        (m.LlChannelConfigAck(0, 0, 2), "connector 2 is above 1"),
        (m.GetStimStatusAck(0, 4, 0), "stim_status 4 is above 3"),
        (m.GetStimStatusAck(0, 0, 7), "high_voltage 7 is above 6"),
        (m.GetMainStatusAck(0, 3), "main_status 3 is above 2"),
        (m.GetBatteryStatusAck(29, 0, 0), "result 29 is above 28"),
        (m.GetDeviceIdAck(29, bytes(10)), "result 29 is above 28"),
        (m.GetVersionMainAck(29, m.Version(1, 2, 3), m.Version(4, 0, 0)), "result 29"),
        (
            m.GetExtendedVersionAck(0, m.Version(1, 2, 3), m.Version(4, 0, 0), 0, 4, 2),
            "hash_type 4 is above 3; hash_valid 2 is above 1",
        ),
    ],
)
def test_what_the_receiver_would_refuse_is_named_and_not_written(
    message: Message, sentence: str
) -> None:
    assert sentence in "; ".join(problems(message))
    with pytest.raises(WireFormatError, match="would be refused by the receiver"):
        encode(message, 0)


def test_the_edges_of_the_valid_ranges_are_written() -> None:
    for message in (
        update(channel(period_us=16_383_000)),
        update(channel(period_us=500, points=(m.Point(10, 0),))),
        update(channel(period_us=250, points=(m.Point(10, 0),), double_accuracy=True)),
        update(channel(period_us=8_191_750, double_accuracy=True)),
        update(channel(ramp=15, points=(m.Point(4095, 130_000, 1), m.Point(0, -130_000)))),
        update(*(channel(index) for index in range(8))),
        update(),
        m.LlChannelConfig(True, 3, 1, (m.Point(4095, -130_000),) * 16),
        m.LlInit(3, 6),
    ):
        assert problems(message) == ()
        assert through_the_wire(message) == message


def test_refused_values_can_be_written_on_purpose() -> None:
    for message in (
        m.LlInit(7, 7),
        update(channel(period_us=16_383_500, points=(m.Point(9, 361_500, 3),))),
        update(channel(period_us=0)),
        m.ResetAck(255),
    ):
        assert through_the_wire(message, invalid=True) == message


@pytest.mark.parametrize(
    ("busy_us", "period_us", "fits"),
    [
        # Eight channels of two points: 8 * (2 * busy + 60) us in each period, below 999 ms/s.
        (400, 10_000, True),
        (594, 10_000, True),
        (595, 10_000, False),
        (500, 8_000, False),
    ],
)
def test_the_time_budget_is_exact(busy_us: int, period_us: int, fits: bool) -> None:
    message = update(*(channel(i, period_us, m.biphasic(20_000, busy_us)) for i in range(8)))
    assert (8 * (2 * busy_us + 60) * 1000 < 999 * period_us) is fits
    assert (not problems(message)) is fits
    assert bool(through_the_wire(message, invalid=True) == message)
    if not fits:
        with pytest.raises(WireFormatError, match="of every second"):
            encode(message, 0)


def test_the_time_budget_stays_below_999_ms_where_the_device_rounds() -> None:
    one = m.Point(4095, 0)
    # 1938 us + 60 us in 2 ms = 999 ms in each second.
    assert problems(update(channel(period_us=2_000, points=(m.Point(1937, 0),)))) == ()
    assert problems(update(channel(period_us=2_000, points=(m.Point(1938, 0),))))
    # 998.999 ms: the last us of 16 points in 1 s, and 998 ms
    most = channel(1, 1_000_000, (m.Point(939, 0),))
    assert problems(update(channel(0, 2_000, (m.Point(1936, 0),)), most)) == ()
    over = channel(1, 1_000_000, (m.Point(940, 0),))
    assert problems(update(channel(0, 2_000, (m.Point(1936, 0),)), over))
    assert problems(update(channel(0, 20_000, (one,) * 4), channel(1, 30_000, (one,) * 2)))
    assert not problems(update(channel(0, 20_000, (one,) * 2), channel(1, 30_000, (one,) * 2)))


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, 10_300),)), "10000 uA is what is sent"),
        (m.LlChannelConfig(True, 0, 0, (m.Point(9, -10_300),)), "-10500 uA is what is sent"),
        (update(channel(points=(m.Point(9, 130_300),))), "130000 uA is what is sent"),
        (update(channel(period_us=33_300)), "33000 us is what is sent"),
        (update(channel(period_us=33_300, double_accuracy=True)), "33250 us is what is sent"),
    ],
)
def test_what_is_between_two_steps_is_written_only_on_purpose(message: Any, sent: str) -> None:
    with pytest.raises(WireFormatError, match=f"between two wire steps: .*{sent}"):
        encode(message, 0)
    (note,) = message.off_grid()
    assert note.endswith(sent)
    assert not through_the_wire(message, truncate=True).off_grid()


def test_channels_come_once_and_in_order() -> None:
    for indexes in ((1, 0), (2, 2)):
        with pytest.raises(WireFormatError, match="twice or out of order"):
            encode(update(*(channel(index) for index in indexes)), 0)
    for index in (-1, 8):
        with pytest.raises(WireFormatError, match="channel index"):
            encode(update(channel(index)), 0)


@pytest.mark.parametrize(
    "message",
    [
        m.LlInit(8, 0),
        m.LlInit(0, -1),
        m.LlChannelConfig(True, 4, 0, PULSE),
        m.LlChannelConfig(True, 0, 2, PULSE),
        m.LlChannelConfig(False, 0, 0, (), 17),
        m.LlChannelConfig(False, 0, 0, (), -1),
        m.LlChannelConfigAck(256, 0, 0),
        m.LlChannelConfigAck(0, 16, 0),
        m.LlChannelConfigAck(0, 0, 0, 1, 10, (1,) * 127),
        m.LlChannelConfigAck(0, 0, 0, 1, 65_536, (1,) * 128),
        m.LlChannelConfigAck(0, 0, 0, 1, 10, (65_536,) * 128),
        update(channel(period_us=16_384_000)),
        m.MlGetCurrentData(256),
        m.MlGetCurrentDataAck(0, 4, NONE[1:], (0,) * 8),
        m.MlGetCurrentDataAck(0, 4, NONE, (0,) * 7),
        m.MlGetCurrentDataAck(0, 4, NONE, (16,) * 8),
        m.MlGetCurrentDataAck(0, 2, (), (), 2, NONE),
        m.MlGetCurrentDataAck(0, 2, (), (), 1, (*NONE[1:], True)),
        m.MlUpdateAck(True),
        m.MlUpdateAck(1.0),  # type: ignore[arg-type]
        m.GetDeviceIdAck(0, bytes(9)),
        m.GetBatteryStatusAck(0, 0, 65_536),
        m.GetVersionStimAck(0, m.Version(1, 2, 256), m.Version(4, 0, 0)),
    ],
)
def test_what_has_no_bit_pattern_is_never_written(message: Message) -> None:
    with pytest.raises(WireFormatError, match="cannot be written"):
        encode(message, 0, invalid=True)


def test_a_pulse_that_is_not_to_be_given_sends_the_number_of_its_points_only() -> None:
    assert m.LlChannelConfig(False, 2, 1).pack() == b"\x50"
    assert m.LlChannelConfig(False, 2, 1, PULSE).pack() == b"\x52"
    assert decode(RawFrame(0, 2, b"\x52")) == m.LlChannelConfig(False, 2, 1, (), 3)
    assert decode(RawFrame(0, 2, b"\x50")) == m.LlChannelConfig(False, 2, 1)
    # Whatever its points are, they are not executed: no reason to refuse or to round.
    silent = m.LlChannelConfig(False, 0, 0, (m.Point(9, 150_300),))
    assert problems(silent) == silent.off_grid() == ()


def test_points_that_a_peer_sends_with_a_pulse_not_to_be_given_are_read() -> None:
    with_points = bytes((0x52,)) + m.LlChannelConfig(True, 2, 1, PULSE).pack()[1:]
    assert decode(RawFrame(0, 2, with_points)) == m.LlChannelConfig(False, 2, 1, PULSE)
    assert decode(RawFrame(0, 2, with_points[:-1])) == m.LlChannelConfig(False, 2, 1, (), 3)


def test_the_older_forms_of_the_current_data_answer() -> None:
    two = decoded(37, b"\x00\x02\x11")
    assert (two.stimulation_state, two.electrode_error) == (1, (True, *NONE[1:]))
    three = decoded(37, b"\x00\x03\x12\x18")
    assert three.electrode_error == (False, True, *NONE[1:6], True)
    assert three.pack() == b"\x00\x03\x12\x18"
    assert decode(RawFrame(0, 37, b"\x02\x09")) == m.MlGetCurrentDataAck(2, 9)


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 3),
        (5, 1),
        (30, 1),
        (32, 1),
        (36, 1),
        (37, 2),
        (51, 7),
        (53, 11),
        (55, 4),
        (56, 8),
        (57, 1),
        (61, 7),
        (63, 3),
        (65, 2),
        (66, 1),
        (67, 1),
        (69, 13),
    ],
)
def test_too_few_data_bytes_are_reported_and_extra_ones_ignored(command: int, needed: int) -> None:
    short = decode(RawFrame(0, command, bytes(needed - 1)))
    assert isinstance(short, m.Malformed)
    assert (short.command, short.data) == (command, bytes(needed - 1))
    assert short.name == m.BY_COMMAND[command].name
    assert short.direction is m.BY_COMMAND[command].direction
    assert f"has {needed - 1} data bytes and needs {needed}" in problems(short)[0]
    with pytest.raises(WireFormatError, match="too short"):
        encode(short, 0)
    assert encode(short, 0, invalid=True)
    whole = decode(RawFrame(0, command, bytes(needed)))
    assert isinstance(whole, Message)
    assert decode(RawFrame(0, command, bytes(needed) + b"\x00\x00\x00")) == whole


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (2, b"\x82" + bytes(11)),
        (3, b"\x00\x00\x01" + bytes(257)),
        (32, b"\x01\x20\x00"),
        (32, b"\x01\x20\x00\x50" + bytes(11)),
        (32, b"\x81\x00\x00\x50" + bytes(4)),
        (37, b"\x00\x04" + bytes(4)),
        (37, b"\x00\x02"),
        (37, b"\x00\x03\x00"),
    ],
)
def test_what_the_first_bytes_promise_must_come(command: int, data: bytes) -> None:
    message = decode(RawFrame(0, command, data))
    assert isinstance(message, m.Malformed)
    assert message.off_grid() == ()
    assert message.quick_pack() is None


def test_a_short_answer_still_tells_its_result() -> None:
    assert decoded(63, b"\x07").result == 7
    assert decoded(63, b"").result is None
    assert decoded(32, b"\x01").result is None


def test_every_result_code_decodes() -> None:
    for kind in m.BY_COMMAND.values():
        if kind.direction is m.Direction.DEVICE_TO_HOST:
            for result in range(256):
                assert decoded(kind.command, bytes((result, *[0] * 12))).result == result


def test_a_command_from_the_wrong_side_is_unknown() -> None:
    frame = RawFrame(0, 62, b"")
    assert decode(frame, m.Direction.HOST_TO_DEVICE) == m.GetStimStatus()
    assert decode(frame, m.Direction.DEVICE_TO_HOST) == m.UnknownCommand(62)
    assert decode(RawFrame(0, 99, b"\x01")) == m.UnknownCommand(99, b"\x01")
    assert m.UnknownCommand(99).direction is None
    assert through_the_wire(m.UnknownCommand(99, b"\xf0"), invalid=True).data == b"\xf0"
    assert m.UnknownCommand(99).quick_pack() is None
    assert m.UnknownCommand(99).off_grid() == ()


def test_the_largest_update_that_a_device_may_not_take_can_be_seen_from_outside() -> None:
    full = update(*(channel(i, 400_000, (m.Point(100, 0),) * 16) for i in range(8)))
    assert wire_length(m.GetStimStatus()) == 13
    assert wire_length(update(*(channel(i) for i in range(8)))) <= LONGEST_DEVICE_FRAME
    assert wire_length(full) == len(encode(full, 60))
    awkward = update(*(channel(i, 400_000, (m.Point(0xF0, 0),) * 16) for i in range(8)))
    assert LONGEST_DEVICE_FRAME < wire_length(awkward) <= 1200


@pytest.mark.parametrize(
    ("data", "modules"),
    [
        ("0f00000000000000", (0, 1, 2, 3)),  # as the maker's own test of its library has it
        ("0000000000000000", ()),
        ("1000000000000000", (4,)),
        ("8001000000000080", (7, 8, 63)),
        ("ffffffffffffffff", tuple(range(64))),
    ],
)
def test_set_power_is_one_bit_a_module(data: str, modules: tuple[int, ...]) -> None:
    message = decode(RawFrame(5, 56, bytes.fromhex(data)))
    assert message == m.SetPower(modules)
    assert through_the_wire(message) == message
    assert message.pack().hex() == data


@pytest.mark.parametrize("module", [64, -1, True])
def test_a_module_that_the_wire_has_no_bit_for_is_refused(module: int) -> None:
    with pytest.raises(WireFormatError, match="0 to 63"):
        m.SetPower((module,)).pack()


def test_device_ids_lose_their_padding_only() -> None:
    for raw, text in (
        (b"0123456789", "0123456789"),
        (b"P24-1\x00\x00\x00\x00\x00", "P24-1"),
        (b"P24 1 \x00 \x00\x00", "P24 1"),
        (b"\x00" * 10, ""),
        (b"P\x8124" + bytes(6), "P�24"),
    ):
        assert m.GetDeviceIdAck(0, raw).device_id == text


def test_codes_have_names_and_unknown_ones_too() -> None:
    assert values.result_name(7) == "not initialized"
    assert values.result_name(200) == "unknown(200)"
    assert len(values.RESULT_NAMES) == values.HIGHEST_RESULT + 1
    assert values.stim_status_name(3) == "mid level running"
    assert values.stim_status_name(4) == "unknown(4)"
    assert values.high_voltage_name(6) == "150 V"
    assert values.high_voltage_name(9) == "unknown(9)"
    assert values.channel_state_name(1) == "electrode error"
    assert values.channel_state_name(15) == "unknown(15)"
    assert str(m.Version(1, 4, 2)) == "1.4.2"
