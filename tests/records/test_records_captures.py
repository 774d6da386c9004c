"""The capture file: what is written comes back, and a file that was cut or changed is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.errors import CaptureError
from stimctl.records.captures import (
    CaptureHeader,
    CaptureRow,
    Kind,
    Line,
    pack_capture,
    read_capture,
    unpack_capture,
)

HEADER = CaptureHeader(
    family="p24",
    origin="session",
    started="2026-11-30T18:00:00Z",
    stimctl="0.1.0",
    os="Linux 6",
    line=Line(3_000_000, "N", 2, rtscts=True),
)
ROWS = (
    CaptureRow(0, Kind.OPENED),
    CaptureRow(5, Kind.SENT, b"\xf0\x0f"),
    CaptureRow(7, Kind.RECEIVED, b"\xf0\x81\x0f"),
    CaptureRow(8, Kind.IDENTIFIED, serial_number="SIM0000001", firmware="1.0.0"),
    CaptureRow(9, Kind.GAP, rows=3),
    CaptureRow(11, Kind.CLOSED),
)
FILE = pack_capture(HEADER, ROWS)

times = st.integers(0, 10**15)
rows = st.one_of(
    st.builds(CaptureRow, times, st.sampled_from([Kind.SENT, Kind.RECEIVED]), st.binary()),
    st.builds(
        CaptureRow,
        times,
        st.sampled_from([Kind.OPENED, Kind.CLOSED, Kind.RESET, Kind.DISCARDED]),
    ),
    st.builds(CaptureRow, times, st.just(Kind.GAP), rows=st.integers(1, 10**6)),
    st.builds(
        CaptureRow, times, st.just(Kind.IDENTIFIED), serial_number=st.text(), firmware=st.text()
    ),
)


@given(st.lists(rows, max_size=20))
def test_what_is_written_comes_back_in_the_order_of_its_times(told: list[CaptureRow]) -> None:
    back = unpack_capture(pack_capture(HEADER, told))
    assert back.header == HEADER
    assert list(back.rows) == sorted(told, key=lambda row: row.t_ns)
    assert back.whole


@given(st.integers(1, len(FILE) - 1))
def test_a_file_that_was_cut_is_refused_wherever_it_was_cut(length: int) -> None:
    with pytest.raises(CaptureError):
        unpack_capture(FILE[:length])


def test_of_a_cut_file_the_rows_before_the_cut_can_be_read() -> None:
    lines = FILE.splitlines(keepends=True)
    for kept in range(1, len(lines)):
        cut = b"".join(lines[:kept]) + lines[kept][:-1]
        back = unpack_capture(cut, cut_ok=True)
        assert (back.rows, back.whole) == (ROWS[: kept - 1], False)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= change
    with pytest.raises(CaptureError):
        unpack_capture(bytes(changed))


def test_a_row_that_is_missing_or_stands_elsewhere_is_noticed() -> None:
    lines = FILE.splitlines(keepends=True)
    for wrong in ([*lines[:2], *lines[3:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        with pytest.raises(CaptureError, match="not as it was written"):
            unpack_capture(b"".join(wrong))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}\n",
        b"no json\n",
        b'{"kind":"header","schema":"stimctl.capture/2"}\n',
        FILE.replace(b'"family":"p24"', b'"family":24'),
        FILE.replace(b'"t_ns":5', b'"t_ns":-5'),
        FILE.replace(b'"kind":"sent"', b'"kind":"said"'),
        FILE.replace(b'"hex":"f00f"', b'"hex":"f0 x"'),
    ],
)
def test_what_is_no_capture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(CaptureError) as refused:
        unpack_capture(data, cut_ok=True)
    assert refused.value.what
    assert refused.value.why
    assert refused.value.what_to_do


def test_the_device_is_what_it_has_told_last() -> None:
    capture = unpack_capture(FILE)
    assert capture.device == ("SIM0000001", "1.0.0")
    later = CaptureRow(10, Kind.IDENTIFIED, serial_number="SIM0000002", firmware="1.0.1")
    assert replace(capture, rows=(*capture.rows, later)).device == ("SIM0000002", "1.0.1")
    assert replace(capture, rows=()).device == ("", "")


def test_every_line_is_one_json_object_of_plain_ascii() -> None:
    for line in FILE.decode("ascii").splitlines():
        assert isinstance(json.loads(line), dict)


def test_an_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such thing"):
        read_capture(tmp_path / "no such thing")
    (tmp_path / "other.jsonl").write_bytes(b"{}\n")
    with pytest.raises(CaptureError, match=r"other\.jsonl"):
        read_capture(tmp_path / "other.jsonl")
