"""Hex lines and JSON lines: exact both ways, and a clear word for every mistake."""

import json
from binascii import crc_hqx
from typing import Any

import pytest

from stimctl.errors import ExitCode, WireFormatError
from stimctl.wire.hexlines import Encoded, decode_line, encode_line, encode_text
from stimctl.wire.sciencemode2 import codec as sm2
from stimctl.wire.sciencemode2 import messages as sm2_messages
from stimctl.wire.sciencemode4 import messages as m
from stimctl.wire.sciencemode4.codec import encode
from stimctl.wire.sciencemode4.framing import encode_frame

POINT = {"time_us": 200, "current_ma": 20, "interpolation": 0}
CONFIG = {
    "packet_number": 1,
    "enable_stimulation": True,
    "channel": 0,
    "connector": 0,
    "points": [POINT],
}
TRAIN = {"index": 0, "ramp": 0, "period_ms": 20, "double_accuracy": False, "points": [POINT]}


def config(**changes: Any) -> dict[str, Any]:
    return {"cmd": 2, "fields": {**CONFIG, **changes}}


def train(**changes: Any) -> dict[str, Any]:
    return {"cmd": 32, "fields": {"packet_number": 2, "channels": [{**TRAIN, **changes}]}}


def only_frame(wire: str) -> dict[str, Any]:
    (frame,) = decode_line(wire, "sciencemode4")["frames"]
    return frame


def test_a_line_has_the_promised_form() -> None:
    shown = decode_line(encode(m.GetStimStatus(), 5).hex(), "sciencemode4")
    assert shown == {
        "frames": [
            {
                "cmd": 62,
                "name": "get_stim_status",
                "direction": "host->device",
                "fields": {"packet_number": 5},
            }
        ],
        "errors": [],
    }
    assert type(shown["frames"][0]["direction"]) is str


def test_a_stream_of_frames_in_one_line_comes_back_as_that_line() -> None:
    wire = (encode(m.MlInit(True), 1) + encode(m.MlStop(), 2)).hex()
    shown = decode_line(wire, "sciencemode4")
    assert [frame["name"] for frame in shown["frames"]] == ["ml_init", "ml_stop"]
    assert encode_line(shown, "sciencemode4") == Encoded(wire, ())


def test_spaces_and_capitals_and_an_empty_line_are_fine() -> None:
    assert only_frame("F0 81 55 81 59 81 4D 81 7F 14 3E 0F\n")["cmd"] == 62
    assert decode_line("  \n", "sciencemode4") == {"frames": [], "errors": []}


@pytest.mark.parametrize(
    "line",
    [
        "f0 8",
        "zz",
        "0xf0 0x8",
        "f0,8g",
        "0xf00x81",
        "0x",
        "f0 = 81",
        "240, 129",
        "\N{DIGIT ZERO}ｆ0",
    ],
)
def test_what_is_not_hex_is_a_clear_usage_error(line: str) -> None:
    with pytest.raises(WireFormatError, match="the line is not hex") as caught:
        decode_line(line, "sciencemode4")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "0xF0, 0x81" in caught.value.what_to_do


@pytest.mark.parametrize(
    "line",
    [
        "f0815581598 14d817f143e0f".replace(" ", ""),
        "F0|81|55|81|59|81|4D|81|7F|14|3E|0F",
        "0xF0, 0x81, 0x55, 0x81, 0x59, 0x81, 0x4D, 0x81, 0x7F, 0x14, 0x3E, 0x0F",
        "f0:81:55:81:59:81:4d:81:7f:14:3e:0f",
        "F0-81-55-81-59-81-4D-81-7F-14-3E-0F",
        "{0xF0,0x81,0x55,0x81,0x59,0x81,0x4D,0x81,0x7F,0x14,0x3E,0x0F};",
        "[f0 81 55 81] 59 81 4d 81; 7f 14 3e 0f",
        "\\xf0\\x81\\x55\\x81\\x59\\x81\\x4d\\x81\\x7f\\x14\\x3e\\x0f",
        "0xF08155815981 4D817F143E0F",
    ],
)
def test_the_usual_ways_to_write_bytes_are_taken(line: str) -> None:
    assert only_frame(line)["cmd"] == 62


def test_errors_carry_what_the_damaged_frame_claims() -> None:
    damaged = bytearray(encode(m.MlUpdateAck(0), 9))
    damaged[11] ^= 1
    shown = decode_line(damaged.hex(), "sciencemode4")
    assert shown["errors"] == ["crc"]
    right = encode(m.MlUpdateAck(0), 9)
    carried = (right[6] ^ 0x55) << 8 | right[8] ^ 0x55
    assert shown["error_details"] == [
        {
            "error": "crc",
            "cmd": 33,
            "packet_number": 9,
            "found": f"0x{carried:02x}",
            "expected": f"0x{crc_hqx(damaged[9:-1], 0):02x}",
        }
    ]


def test_a_wrong_checksum_of_the_older_generation_is_told_too() -> None:
    frame = bytearray(sm2.encode(sm2_messages.GetStimulationMode(), 3))
    frame[2] ^= 0x20
    (told,) = decode_line(frame.hex(), "sciencemode2")["error_details"]
    assert int(told["found"], 16) ^ int(told["expected"], 16) == 0x20


def test_bytes_of_a_frame_without_an_end_are_counted() -> None:
    assert decode_line(encode(m.MlStop(), 1)[:-1].hex(), "sciencemode4")["pending_bytes"] == 11


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (5, b"\x00\xaa"),  # extra byte
        (0, b"\x81"),  # reserved bits of Ll_init
        (30, b"\xff"),  # reserved bits of Ml_init
        (2, b"\x80\x0c\x85\x53\x9f"),  # reserved bits of a point
        (2, b"\x50\x0c\x85\x50\x00"),  # points with a pulse that is not to be given
        (37, b"\x00\x02\xf1"),
        (53, b"\x00P24 1 \x00 \x00\x00\x00"),
        (53, b"\x00P24\xff1\x00\x00\x00\x00\x00"),
    ],
)
def test_bits_that_the_fields_do_not_say_are_kept_beside_them(command: int, data: bytes) -> None:
    frame = only_frame(encode_frame(3, command, data).hex())
    assert frame["exact_payload_hex"] == data.hex()
    assert "problems" not in frame
    assert encode_line(frame, "sciencemode4").hex == encode_frame(3, command, data).hex()


def test_fields_changed_by_hand_are_never_overruled_by_the_kept_bytes() -> None:
    frame = only_frame(encode_frame(3, 0, b"\x81").hex())
    frame["fields"]["measurement"] = 1
    with pytest.raises(WireFormatError, match="say different things: leave out"):
        encode_line(frame, "sciencemode4")
    del frame["exact_payload_hex"]
    assert encode_line(frame, "sciencemode4").hex == encode(m.LlInit(1, 0), 3).hex()


def test_a_short_payload_is_reported_and_writes_back() -> None:
    wire = encode_frame(3, 63, b"\x02\x00").hex()
    frame = only_frame(wire)
    assert frame["fields"] == {"packet_number": 3, "result": 2, "payload_hex": "0200"}
    assert frame["problems"] == [
        "get_stim_status_ack is too short: it has 2 data bytes and needs 3"
    ]
    with pytest.raises(WireFormatError, match="refused by the receiver"):
        encode_line(frame, "sciencemode4")
    assert encode_line(frame, "sciencemode4", invalid=True).hex == wire


def test_numbers_are_shown_without_a_needless_decimal_point() -> None:
    message = m.MlUpdate(
        (m.MlChannel(7, 12_250, m.biphasic(10_500, 200), 3, double_accuracy=True),)
    )
    shown = only_frame(encode(message, 0).hex())["fields"]["channels"][0]
    assert json.dumps(shown["period_ms"]) == "12.25"
    assert [p["current_ma"] for p in shown["points"]] == [10.5, -10.5]
    whole = only_frame(encode(m.MlUpdate((m.MlChannel(0, 20_000, (m.Point(9, 0),)),)), 0).hex())
    assert '"period_ms": 20,' in json.dumps(whole)
    assert '"current_ma": 0,' in json.dumps(whole)


@pytest.mark.parametrize(
    ("current_ma", "sent_ma"),
    [(10.3, 10), (-10.3, -10.5), (10.4999999, 10), (-10.0000001, -10.5), (1e-9, 0), (-0.0, 0)],
)
def test_a_current_between_two_steps_is_sent_as_the_maker_does_it_and_noted(
    current_ma: float, sent_ma: float
) -> None:
    encoded = encode_line(config(points=[{**POINT, "current_ma": current_ma}]), "sciencemode4")
    assert only_frame(encoded.hex)["fields"]["points"][0]["current_ma"] == sent_ma
    if current_ma not in (1e-9, 0):
        assert "uA is what is sent" in encoded.notes[0]


def test_a_period_between_two_steps_is_sent_as_the_maker_does_it_and_noted() -> None:
    encoded = encode_line(train(period_ms=33.3), "sciencemode4")
    assert only_frame(encoded.hex)["fields"]["channels"][0]["period_ms"] == 33
    assert encoded.notes == (
        "channel index 0: period 33300 us is not a multiple of 500 us; 33000 us is what is sent",
    )


def test_what_can_be_left_out_may_be() -> None:
    short = {"index": 0, "period_ms": 20, "points": [{"time_us": 200, "current_ma": 20}]}
    given = {"cmd": 32, "fields": {"packet_number": 2, "channels": [short]}}
    assert encode_line(given, "sciencemode4") == encode_line(train(), "sciencemode4")


def test_channels_may_come_in_any_order_and_once_only() -> None:
    rows = [{**TRAIN, "index": index} for index in (5, 0, 7)]
    encoded = encode_line(
        {"cmd": 32, "fields": {"packet_number": 0, "channels": rows}}, "sciencemode4"
    )
    channels = only_frame(encoded.hex)["fields"]["channels"]
    assert [channel["index"] for channel in channels] == [0, 5, 7]
    with pytest.raises(WireFormatError, match="twice"):
        encode_line(
            {"cmd": 32, "fields": {"packet_number": 0, "channels": [TRAIN, TRAIN]}}, "sciencemode4"
        )


def test_a_whole_number_may_have_a_decimal_point() -> None:
    assert encode_line(
        {"cmd": 62, "fields": {"packet_number": 5.0}}, "sciencemode4"
    ) == encode_line({"cmd": 62, "fields": {"packet_number": 5}}, "sciencemode4")


def test_other_keys_of_a_row_are_not_looked_at() -> None:
    row = {"cmd": 62, "name": "anything", "direction": 5, "fields": {"packet_number": 0}, "x": 1}
    assert encode_line(row, "sciencemode4").hex == encode(m.GetStimStatus(), 0).hex()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be a JSON object"),
        ({"frames": {}}, "frames must be a list"),
        ({"frames": [7]}, "a frame must be a JSON object"),
        ({}, "command number in cmd"),
        ({"cmd": True, "fields": {}}, "command number in cmd"),
        ({"cmd": None, "fields": None}, "command number in cmd"),
        ({"cmd": 62}, "needs its fields"),
        ({"cmd": 62, "fields": []}, "needs its fields"),
        ({"cmd": 62, "fields": {}}, "field packet_number is missing"),
        ({"cmd": 62, "fields": {"packet_number": 64}}, "packet number 64"),
        ({"cmd": 62, "fields": {"packet_number": -1}}, "packet number -1"),
        (
            {"cmd": 62, "fields": {"packet_number": "1"}},
            "packet_number must be a whole number: '1'",
        ),
        ({"cmd": 62, "fields": {"packet_number": 1.5}}, "packet_number must be a whole number"),
        ({"cmd": 62, "fields": {"packet_number": True}}, "packet_number must be a whole number"),
        ({"cmd": 62, "fields": {"packet_number": 10**99}}, r"whole number: 10+\.\.\."),
        ({"cmd": 62, "fields": {"packet_number": 0, "result": 0}}, "no field result"),
        ({"cmd": 99, "fields": {"packet_number": 0}}, "command 99 is not known"),
        ({"cmd": 99, "fields": {"packet_number": 0, "payload_hex": "0"}}, "pairs of hex digits"),
        ({"cmd": 99, "fields": {"packet_number": 0, "payload_hex": 7}}, "payload must be a text"),
        ({"cmd": 1024, "fields": {"packet_number": 0, "payload_hex": ""}}, "is not known"),
        ({"cmd": 1, "fields": {"packet_number": 0, "result": 256}}, "result 256 is above 28"),
        ({"cmd": 1, "fields": {"packet_number": 0, "result": 200}}, "result 200 is above 28"),
        (config(points=7), "points must be a list"),
        (config(points=[7]), r"points\[0\] must be a JSON object"),
        (config(points=[]), "0 points cannot be written"),
        (config(points=[{**POINT, "time_us": 4096}]), "4096 us is outside"),
        (config(points=[{**POINT, "current_ma": "20"}]), r"points\[0\]\.current_ma must be a num"),
        (config(points=[{**POINT, "current_ma": True}]), r"points\[0\]\.current_ma must be a num"),
        (config(points=[{**POINT, "current_ma": float("nan")}]), "sensible size: nan"),
        (config(points=[{**POINT, "current_ma": float("inf")}]), "sensible size: inf"),
        (config(points=[{**POINT, "current_ma": 10**400}]), "sensible size"),
        (config(points=[{**POINT, "current": 1}]), r"no field points\[0\]\.current"),
        (config(points=[{"time_us": 1}]), r"field points\[0\]\.current_ma is missing"),
        (config(enable_stimulation=1), "enable_stimulation must be true or false: 1"),
        (config(number_of_points=3), "no field number_of_points"),
        (train(period_ms=None), r"channels\[0\]\.period_ms must be a number"),
        (train(index=8), "channel index 8 cannot be written"),
        (train(colour="red"), r"no field channels\[0\]\.colour"),
        (train(points=[{**POINT, "volt": 1}]), r"no field channels\[0\]\.points\[0\]\.volt"),
        ({"cmd": 53, "fields": {"packet_number": 0, "result": 0, "device_id": 7}}, "be a text"),
        (
            {"cmd": 53, "fields": {"packet_number": 0, "result": 0, "device_id": "12345678901"}},
            "10 ASCII characters",
        ),
        (
            {"cmd": 53, "fields": {"packet_number": 0, "result": 0, "device_id": "µ"}},
            "10 ASCII characters",
        ),
    ],
)
def test_a_mistake_is_named_with_its_field(given: Any, words: str) -> None:
    with pytest.raises(WireFormatError, match=words):
        encode_line(given, "sciencemode4")


@pytest.mark.parametrize("text", ["1.2", "1.2.x", "1..3", "1.2.3.4", "1.2.²"])
def test_a_version_has_three_numbers(text: str) -> None:
    fields = {"packet_number": 0, "result": 0, "fw": text, "sciencemode": "4.0.0"}
    with pytest.raises(WireFormatError, match="is not a version"):
        encode_line({"cmd": 51, "fields": fields}, "sciencemode4")


@pytest.mark.parametrize("text", ["1.2.256", f"1.2.{'9' * 5000}"])
def test_a_version_part_is_at_most_255(text: str) -> None:
    fields = {"packet_number": 0, "result": 0, "fw": text, "sciencemode": "4.0.0"}
    with pytest.raises(WireFormatError, match="256 cannot be written"):
        encode_line({"cmd": 51, "fields": fields}, "sciencemode4")


def test_measurements_and_current_data_of_every_selection_come_back() -> None:
    for message in (
        m.LlChannelConfigAck(0, 1, 0, 1, 10, tuple(range(128))),
        m.MlGetCurrentDataAck(0, 2, (), (), 1, (True, *(False,) * 7)),
        m.MlGetCurrentDataAck(0, 3, (), (), 0, (True,) * 8),
        m.MlGetCurrentDataAck(0, 4, (True,) * 8, (3,) * 8),
        m.MlGetCurrentDataAck(2, 200),
    ):
        wire = encode(message, 4, invalid=True).hex()
        shown = json.loads(json.dumps(only_frame(wire)))
        assert "exact_payload_hex" not in shown
        assert encode_line(shown, "sciencemode4", invalid=True).hex == wire


def test_json_text_is_read_too() -> None:
    assert encode_text(
        '{"cmd": 34, "fields": {"packet_number": 30}}', "sciencemode4"
    ).hex.startswith("f081")
    for text in ("", "{", '{"cmd": 34', "[" * 100_000):
        with pytest.raises(WireFormatError, match="the line is not JSON"):
            encode_text(text, "sciencemode4")


def test_set_power_is_told_by_the_numbers_of_its_modules() -> None:
    data = encode_frame(4, 56, bytes.fromhex("0500000000000000")).hex()
    shown = only_frame(data)
    assert shown["fields"] == {"packet_number": 4, "modules": [0, 2]}
    assert encode_line(shown, "sciencemode4").hex == data
