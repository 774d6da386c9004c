"""openEMSstim lines as JSON rows and back: exact both ways, unsafe ones only on purpose."""

import json
from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line, encode_text

WIRE = "openemsstim"
HEX_LINE = b"WV,0018,433049313030543130303047.\n"
FIELDS = {"channel": 0, "intensity": 100, "on_time_ms": 1000}


def decoded(data: bytes) -> dict[str, Any]:
    return json.loads(json.dumps(decode_line(data.hex(), WIRE)))


def encoded(row: dict[str, Any], **how: Any) -> bytes:
    return bytes.fromhex(encode_line(row, WIRE, **how).hex)


def test_a_row_of_the_host_has_the_promised_form() -> None:
    row = {
        "name": "action",
        "direction": "host->device",
        "form": "hex",
        "fields": FIELDS,
    }
    assert decoded(HEX_LINE) == {"frames": [row], "errors": []}
    assert encoded(row) == encoded({"name": "action", "fields": FIELDS}) == HEX_LINE


def test_a_row_of_the_board_has_the_promised_form() -> None:
    row = {"name": "received", "direction": "device->host", "fields": {"text": "x"}}
    line = b"\tUSB: received command: x\r\n"
    assert decoded(line) == {"frames": [row], "errors": []}
    assert encoded(row) == line


def test_all_lines_of_one_side_are_read_as_that_side() -> None:
    echo = b"\tUSB: received command: G\r\n\tCommand NON HEX:\r\nG\r\n24"
    shown = decoded(echo)
    assert [row["name"] for row in shown["frames"]] == ["received", "non_hex", "text"]
    assert shown["pending_bytes"] == 2
    assert encoded(shown) == echo[:-2]
    assert [row["name"] for row in decoded(b"G\r\nx\n")["frames"]] == ["action", "probe"]


@pytest.mark.parametrize(
    ("line", "name", "problem"),
    [
        (b"C0 I50 T100 G\n", "action", None),
        (b"G", "action", None),
        (b"Connection End\r\n", "connection_end", None),
        (b"WV,47.\n", "action", None),
        (b"C0I50T40000G\n", "action", "may never end"),
        (b"C0I50T200GC1I50T200G\n", "action", "lost silently"),
        (b"WV,0018,433049313030543130303047\n", "unknown", "cut off"),
        (b"q\n", "single_character", "wraps to full output"),
        (b"OMA[0,80]\n", "option", "changes what every intensity means"),
        (b"\xff\n", "unknown", "does not know"),
        (b"\n", "unknown", "does not know"),
        (b"I" + b"9" * 400 + b"G\n", "action", "crash"),
    ],
)
def test_any_host_line_is_shown_with_what_is_wrong_and_writes_back_exactly(
    line: bytes, name: str, problem: str | None
) -> None:
    shown = decoded(line)
    (row,) = shown["frames"]
    assert row["name"] == name
    assert (problem or "") in "; ".join(row.get("problems", [""]))
    assert ("problems" in row) == (problem is not None)
    if problem:
        with pytest.raises(WireFormatError, match="must not be sent"):
            encoded(shown)
    assert encoded(shown, invalid=True) == line


def test_a_line_without_an_end_is_dropped_and_reported() -> None:
    shown = decoded(b"a" * 600 + b"\nx\n" + b"b" * 600)
    assert [row["name"] for row in shown["frames"]] == ["probe"]
    assert shown["errors"] == ["overflow", "overflow"]
    shown = decoded(b"\tBT: Disconnected\r\n" + b"c" * 600)
    assert shown["errors"] == ["overflow"]
    assert "pending_bytes" not in shown
    assert decoded(b"") == {"frames": [], "errors": []}


def test_a_line_may_be_plain_where_that_is_asked_for() -> None:
    row = {"name": "action", "form": "plain", "fields": FIELDS}
    assert encoded(row) == b"C0I100T1000G\n"
    assert encoded({"name": "action"}) == b"WV,0018,47.\n"
    assert encoded({"name": "connection_end"}) == b"Connection End\n"
    assert encoded({"name": "disconnected"}) == b"\tBT: Disconnected\r\n"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "None is no name of a line. Write one of action"),
        ({"name": ["action"]}, "is no name of a line"),
        ({"name": "stop"}, "'stop' is no name of a line"),
        ({"name": "action", "fields": 7}, "fields must be a JSON object"),
        ({"name": "action", "fields": {"channel": "0"}}, "channel must be a whole number"),
        ({"name": "action", "fields": {"current_ma": 5}}, "no field current_ma"),
        ({"name": "action", "form": "short"}, "form must be hex or plain"),
        ({"name": "action", "form": []}, "form must be hex or plain"),
        ({"name": "option", "fields": {}}, "field text is missing"),
        ({"name": "probe", "fields": {"text": "x"}}, "no field text"),
        ({"name": "text", "fields": {"text": "SETUP:"}}, "not one line of the kind text"),
        ({"name": "text", "fields": {"text": "a\nb"}}, "not one line of the kind"),
        ({"name": "text", "fields": {"text": "Ω"}}, "not one line of the kind"),
        ({"name": "text", "fields": {"x": "y"}}, "no field x"),
        ({"name": "action", "exact_hex": "zz"}, "pairs of hex digits"),
        ({"name": "action", "fields": {}, "form": "plain", "exact_hex": ""}, "different things"),
        ({"name": "probe", "fields": {}, "form": "plain", "exact_hex": "47"}, "different things"),
    ],
)
def test_every_mistake_has_a_clear_word(row: dict[str, Any], words: str) -> None:
    with pytest.raises(WireFormatError) as caught:
        encode_text(json.dumps(row), WIRE)
    assert words in str(caught.value).replace(": Write", ". Write")


@pytest.mark.parametrize("data", [b"\tBT: Disconnected\n", b"\tBT: Disconnected\r\n"])
def test_a_line_of_the_board_with_another_end_comes_back_as_it_was(data: bytes) -> None:
    (row,) = decoded(data)["frames"]
    assert row["name"] == "disconnected"
    assert ("exact_hex" in row) == (not data.endswith(b"\r\n"))
    assert encoded(row, invalid=True) == data
