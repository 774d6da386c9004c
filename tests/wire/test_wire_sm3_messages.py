"""ScienceMode 3 messages: what is refused, what is truncated, and what differs from a P24."""

from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.message import Direction, Message
from stimctl.wire.sciencemode3 import messages as m
from stimctl.wire.sciencemode3.codec import decode, encode, problems
from stimctl.wire.sciencemode3.framing import LONGEST_DEVICE_FRAME, RawFrame
from stimctl.wire.sciencemode3.messages import BY_COMMAND
from stimctl.wire.sciencemode3.messages_low import LlChannelConfig
from stimctl.wire.sciencemode3.messages_mid import MlUpdate
from stimctl.wire.sciencemode3.point import Point
from stimctl.wire.sciencemode3.values import (
    high_voltage_name,
    result_name,
    stim_status_name,
)
from stimctl.wire.sciencemode4.messages import BY_COMMAND as BY_COMMAND_4
from stimctl.wire.sciencemode4.messages_plain import Answer

P = m.Point
PULSE = (P(200, 20_000), P(100, 0), P(200, -20_000))
POINT = {"time_us": 200, "current_ma": 20}


def one(points: tuple[Point, ...] = PULSE, period_us: int = 20_000, **more: Any) -> MlUpdate:
    return m.MlUpdate((m.MlChannel(0, period_us, points, **more),))


def pulse(*points: Point) -> LlChannelConfig:
    return m.LlChannelConfig(True, 0, points)


def test_every_command_has_a_message_and_those_of_the_p24_alone_have_none() -> None:
    general = {50, 51, 52, 53, 54, 55, 58, 59, *range(60, 68)}
    assert set(BY_COMMAND) == {*range(6), *range(30, 38)} | general
    assert set(BY_COMMAND_4) - set(BY_COMMAND) == {56, 57, 68, 69}


def test_direction_and_name_are_those_of_the_same_command_of_a_p24() -> None:
    for command, kind in BY_COMMAND.items():
        answer = command % 2 == 1 or command == 66
        assert (kind.direction is Direction.DEVICE_TO_HOST) == answer
        assert (kind.command, kind.name) == (command, BY_COMMAND_4[command].name)


@pytest.mark.parametrize("kind", [k for k in BY_COMMAND.values() if hasattr(k, "highest_result")])
def test_results_end_at_27(kind: type[Answer]) -> None:
    assert len([k for k in BY_COMMAND.values() if hasattr(k, "highest_result")]) == 16
    for result, refused in ((27, False), (28, True), (255, True)):
        data = bytes((result,)) + bytes(60)
        assert bool(problems(decode(RawFrame(0, kind.command, data)))) == refused
    assert "28" not in result_name(27)
    assert result_name(28) == "unknown(28)"
    assert result_name(10) == "electrode error"
    assert (high_voltage_name(4), stim_status_name(3)) == ("90 V", "mid level running")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (m.LlInit(7), "high_voltage 7 is above 6"),
        (pulse(P(200, 150_500)), "point 1: 150500 uA is outside -150000 to 150000 uA"),
        (pulse(P(200, 0), P(1, 5_000, 0, 6)), "point 2: control mode 6 is outside 0 to 5"),
        (pulse(P(1, 0, 3, 7)), "point 1: control mode 7 is outside 0 to 5"),
        (one(ramp=16), "channel index 0: ramp 16 is outside 0 to 15"),
        (one(period_us=0), "channel index 0: period 0 us is outside 1 to 16383000 us"),
        (one(period_us=499), "channel index 0: period 0 us is outside 1 to 16383000 us"),
        (one(period_us=16_383_500), "channel index 0: period 16383500 us is outside"),
        (one((P(200, -150_500),)), "channel index 0: point 1: -150500 uA is outside"),
        (one((P(4096, 0),)), "channel index 0: point 1: 4096 us is outside 0 to 4095 us"),
        (m.GetStimStatusAck(0, 4, 1), "stim_status 4 is above 3"),
        (m.GetStimStatusAck(0, 0, 7), "high_voltage 7 is above 6"),
        (m.LlChannelConfigAck(0, 4), "electrode_error_channel 4 is above 3"),
        (m.GetMainStatusAck(0, 3), "main_status 3 is above 2"),
    ],
)
def test_what_the_receiver_would_refuse_is_named_and_not_written(
    message: Message, sentence: str
) -> None:
    assert sentence in "; ".join(problems(message))
    with pytest.raises(WireFormatError, match="would be refused by the receiver"):
        encode(message, 0)


@pytest.mark.parametrize(
    "message",
    [
        pulse(P(4096, 0)),
        pulse(P(-1, 0)),
        pulse(P(1, 362_000)),
        pulse(P(1, -150_500)),
        pulse(P(1, 0, 4)),
        pulse(P(1, 0, 0, 8)),
        pulse(),
        pulse(*[P(1, 0)] * 17),
        m.LlChannelConfig(True, 4, PULSE),
        m.LlChannelConfig(False, 0, (), 17),
        m.LlChannelConfig(True, 0, PULSE, 0, 2),
        m.LlInit(8),
        m.LlInit(0, 2),
        m.LlInit(0, 0, 2),
        m.LlInitAck(0, b"short"),
        m.LlInitAck(256),
        m.MlInit(2),
        one(ramp=16),
        one(enable_demux=2),
        one(period_us=16_384_000),
        m.MlUpdate((m.MlChannel(4, 20_000, PULSE),)),
        m.MlUpdate((m.MlChannel(1, 20_000, PULSE), m.MlChannel(0, 20_000, PULSE))),
        m.MlUpdate((m.MlChannel(1, 20_000, PULSE), m.MlChannel(1, 20_000, PULSE))),
        m.MlGetCurrentData(256),
        m.MlGetCurrentDataAck(0, 2, 2),
        m.MlGetCurrentDataAck(0, 2, 0, (True,) * 3),
        m.MlGetCurrentDataAck(0, 0, 1),
        m.MlGetCurrentDataAck(0, 1, 0, (True, False, False, False)),
    ],
)
def test_what_has_no_bit_pattern_is_never_written(message: Message) -> None:
    with pytest.raises(WireFormatError):
        encode(message, 0, invalid=True, truncate=True)


def test_the_edges_of_the_valid_ranges_are_written() -> None:
    for message in (
        m.LlInit(6),
        pulse(P(4095, 150_000, 3, 5), P(0, -150_000)),
        one(ramp=15, period_us=16_383_000),
        one((P(100, 1_000),), period_us=500),
        m.LlChannelConfigAck(10, 3),
        m.MlGetCurrentData(255),
    ):
        assert encode(message, 63)


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (pulse(P(200, 10_300)), pulse(P(200, 10_000))),
        (pulse(P(200, -10_300)), pulse(P(200, -10_500))),
        (one(period_us=20_499), one(period_us=20_000)),
        (one((P(200, 700),), period_us=20_001), one((P(200, 500),))),
    ],
)
def test_what_is_between_two_steps_is_written_only_on_purpose(message: Any, sent: Any) -> None:
    with pytest.raises(WireFormatError, match="between two wire steps"):
        encode(message, 1)
    assert encode(message, 1, truncate=True) == encode(sent, 1)


@pytest.mark.parametrize(
    ("busy_us", "period_us", "channels", "fits"),
    [
        (9_660, 10_000, 1, True),  # (9660 + 330) / 10 = 999 exactly
        (9_661, 10_000, 1, False),
        (2 * 4_095, 9_000, 1, True),
        (169, 2_000, 4, True),  # 4 * (169 + 330) / 2 = 998
        (170, 2_000, 4, False),  # 4 * (170 + 330) / 2 = 1000
        (169, 500, 1, True),  # (169 + 330) / 0.5 = 998
        (170, 500, 1, False),
        (171, 500, 1, False),
        # 3 * (669 + 330) / 3 is 999, of thirds that single precision rounds one by one.
        (669, 3_000, 3, True),
        (670, 3_000, 3, False),
        (4_665, 15_000, 3, True),  # 3 * 333 permille
        (4_666, 15_000, 3, False),
    ],
)
def test_the_time_budget_counts_330_us_a_pulse(
    busy_us: int, period_us: int, channels: int, fits: bool
) -> None:
    parts = [min(4_095, busy_us - at) for at in range(0, busy_us, 4_095)]
    form = tuple(P(part, 0) for part in parts)
    message = m.MlUpdate(tuple(m.MlChannel(n, period_us, form) for n in range(channels)))
    assert bool(problems(message)) != fits
    if not fits:
        assert "of every second" in problems(message)[0]


@pytest.mark.parametrize(
    ("half_ms", "busy_us", "fits"),
    [
        ((22, 77, 42), (8_445, 4_229, 2_550), False),  # single precision makes it 999.00006
        ((252, 15, 165), (6_258, 6_532, 6_468), False),
        ((51, 18, 42), (697, 6_879, 4_354), True),  # and this one 998.99994
        ((15, 252, 90), (6_719, 6_594, 2_286), True),
        ((15, 252, 90), (6_719, 6_594, 2_287), False),  # the exact sum is above 999
    ],
)
def test_the_time_budget_is_refused_where_either_way_of_adding_refuses(
    half_ms: tuple[int, ...], busy_us: tuple[int, ...], fits: bool
) -> None:
    """The exact sum is 999 in the first four; the device adds in single precision."""
    channels = []
    for index, (period, busy) in enumerate(zip(half_ms, busy_us, strict=True)):
        first = min(4_095, busy - 330)
        points = [P(first, 0)]
        while (left := busy - 330 - sum(point.duration_us for point in points)) > 0:
            points.append(P(min(4_095, left), 0))
        channels.append(m.MlChannel(index, period * 500, tuple(points)))
    assert bool(problems(m.MlUpdate(tuple(channels)))) != fits


def test_a_pulse_that_is_not_to_be_given_sends_the_number_of_its_points_only() -> None:
    for message, data in (
        (m.LlChannelConfig(False, 2, PULSE), "42"),
        (m.LlChannelConfig(False, 2), "40"),
        (m.LlChannelConfig(False, 3, (), 16), "6f"),
        (m.LlChannelConfig(False, 1, (), 0, 1), "30"),
    ):
        assert message.pack().hex() == data
        assert not problems(message)
        assert not message.off_grid()
    told = decode(RawFrame(0, 2, bytes.fromhex("42") + pulse(*PULSE).pack()[1:]))
    assert told == m.LlChannelConfig(False, 2, PULSE)


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (0, ""),
        (1, ""),
        (2, ""),
        (2, "80"),
        (2, "81 0c850000"),  # two points announced, one came: the second would be -150 mA
        (3, "00"),
        (30, ""),
        (32, ""),
        (32, "01"),
        (32, "01 00 00"),
        (32, "01 10 0050 0c850000"),
        (32, "03 00 0050 0c850000"),
        (36, ""),
        (37, "00"),
        (37, "00 02"),
        (53, "00 31"),
        (55, "00 64 20"),
        (63, "00 00"),
    ],
)
def test_too_few_bytes_are_never_read_as_a_message(command: int, data: str) -> None:
    told = decode(RawFrame(3, command, bytes.fromhex(data)))
    assert isinstance(told, m.Malformed)
    assert problems(told)


def test_both_forms_of_the_answer_to_ll_init_are_read() -> None:
    for extra, demux_id in ((0, b""), (1, b""), (49, b""), (50, bytes(50)), (60, bytes(50))):
        assert decode(RawFrame(0, 1, bytes(1 + extra))) == m.LlInitAck(0, demux_id)
    assert m.LlInitAck(0, b"DEMUX 7".ljust(50, b"\0")).demux_text == "DEMUX 7"


def test_a_question_for_the_extended_version_is_unknown_here() -> None:
    assert isinstance(decode(RawFrame(0, 68, b"")), m.UnknownCommand)


def test_the_largest_update_fits_the_buffer_of_the_device_however_much_is_stuffed() -> None:
    def largest(form: Any, period_us: int, ramp: int = 0) -> Any:
        return m.MlUpdate(tuple(m.MlChannel(n, period_us, (form,) * 16, ramp) for n in range(4)))

    plain = largest(P(100, 5_000), 100_000)
    assert len(plain.pack()) + 12 == 281
    # Three bytes of four in each point, the period and the mask need an escape.
    stuffed = largest(P(0xF0F, -134_000, 0, 2), 0x78F8 * 500)
    assert not problems(stuffed)
    assert 281 + 3 * 64 + 4 * 2 <= len(encode(stuffed, 60)) <= LONGEST_DEVICE_FRAME


@pytest.mark.parametrize(
    ("cmd", "fields", "words"),
    [
        (2, {"enable_stimulation": True, "channel": 0, "points": [POINT], "number_of_points": 2},
         "does not fit the points"),
        (2, {"enable_stimulation": False, "channel": 0, "points": [], "number_of_points": 0},
         "cannot be written"),
        (2, {"enable_stimulation": False, "channel": 0, "points": [], "number_of_points": 17},
         "cannot be written"),
        (2, {"enable_stimulation": True, "channel": 0, "connector": 0, "points": [POINT]},
         "no field connector"),
        (32, {"channels": [{"index": 0, "period_ms": 20, "points": [POINT],
                            "number_of_points": 3}]}, "does not fit the points"),
        (32, {"channels": [{"index": 0, "period_ms": 20, "points": [POINT],
                            "double_accuracy": True}]}, "no field"),
        (1, {"result": 0, "demux_id": "x" * 51}, "50 ASCII characters"),
        (53, {"result": 0, "device_id": "x" * 11}, "10 ASCII characters"),
        (68, {}, "command 68 is not known"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_fields_is_named(cmd: int, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(WireFormatError) as refused:
        encode_line({"cmd": cmd, "fields": {"packet_number": 0, **fields}}, "sciencemode3")
    assert words in str(refused.value)


def test_reserved_fields_may_be_left_out() -> None:
    given = {"packet_number": 1, "channels": [{"index": 0, "period_ms": 20, "points": [POINT]}]}
    wire = encode_line({"cmd": 32, "fields": given}, "sciencemode3").hex
    assert wire == encode(one((P(200, 20_000),)), 1).hex()
    shown = decode_line(wire, "sciencemode3")["frames"][0]["fields"]
    assert shown["softstart"] is False
    given = {"packet_number": 1, "enable_stimulation": False, "channel": 2, "points": []}
    wire = encode_line({"cmd": 2, "fields": given}, "sciencemode3").hex
    assert wire == encode(m.LlChannelConfig(False, 2), 1).hex()
    given |= {"number_of_points": 1}
    assert encode_line({"cmd": 2, "fields": given}, "sciencemode3").hex == wire
