"""Whatever stands in a capture is compared: bytes that mean nothing are differences, not errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.bench.capture_compare import compare
from stimctl.records.captures import Capture, CaptureHeader, CaptureRow, Kind
from tests.support.captures import FAMILIES, said_in, until, usual_session


def rows(family: str) -> st.SearchStrategy[CaptureRow]:
    times = st.integers(0, 2_000_000_000)
    beginning = until(usual_session(family), 3_000_000_000)
    whole = st.sampled_from(sorted({one.raw for one in said_in(beginning)}))
    cut = st.builds(lambda data, end: data[:end], whole, st.integers(1, 20))
    said = st.one_of(whole, cut, st.binary(min_size=1, max_size=30))
    heard = st.one_of(
        st.sampled_from([row.data for row in beginning.of(Kind.SENT)]),
        st.binary(min_size=1, max_size=30),
    )
    others = st.sampled_from([Kind.OPENED, Kind.CLOSED, Kind.RESET, Kind.DISCARDED])
    return st.one_of(
        st.builds(CaptureRow, times, st.just(Kind.RECEIVED), said),
        st.builds(CaptureRow, times, st.just(Kind.SENT), heard),
        st.builds(CaptureRow, times, others),
        st.builds(CaptureRow, times, st.just(Kind.GAP), rows=st.integers(1, 9)),
    )


@pytest.mark.broad
@pytest.mark.parametrize("family", FAMILIES)
def test_any_rows_are_compared_and_every_difference_can_be_told(family: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(rows(family), max_size=12))
    def check(told: list[CaptureRow]) -> None:
        header = CaptureHeader(family=family, origin="", started="", stimctl="", os="")
        in_order = tuple(sorted(told, key=lambda row: row.t_ns))
        compared = compare(Capture(header, in_order, whole=False))
        assert compared.as_dict()["same"] is compared.same
        for one in compared.differences:
            assert one.message in str(one)
            assert 0 <= one.t_ns <= 2_000_000_000 + compared.tolerance_ns
            assert one.offset >= 0

    check()
