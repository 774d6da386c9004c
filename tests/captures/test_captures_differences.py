"""Every kind of difference between a device and its twin is found, on all four devices."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from stimctl.bench.capture_compare import compare
from stimctl.bench.capture_differences import Sort
from stimctl.records.captures import Capture
from tests.support.broad import broad
from tests.support.capture_damage import KINDS, Frames, change_field, changeable, damaged
from tests.support.captures import FAMILIES, until, usual_session, whole_frames, with_rows

# The seconds of a session that are looked at: openEMSstim boots for 11 s first.
UNTIL_S = {"p24": 6, "rehamove3": 6, "rehastim2": 6, "openemsstim": 16}
FIELDS_UNTIL_S = {"openemsstim": 13}


@cache
def beginning(family: str) -> Capture:
    return whole_frames(until(usual_session(family), UNTIL_S[family] * 1_000_000_000))


def check(family: str, kind: str, chance: Random) -> None:
    changed, sorts = damaged(beginning(family), kind, chance)
    compared = compare(changed.capture)
    found = {one.sort for one in compared.differences}
    assert found & sorts, f"{found or 'nothing'} at {changed.at_ns} ns"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", broad(KINDS, every=3))
def test_a_difference_is_found(family: str, kind: str) -> None:
    check(family, kind, Random(f"{family} {kind}"))


@pytest.mark.soak
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_difference_is_found_wherever_it_is(family: str, kind: str) -> None:
    for number in range(25):
        check(family, kind, Random(f"{family} {kind} {number}"))


def test_there_are_more_than_twenty_kinds() -> None:
    assert len(KINDS) > 20


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrong_value_is_told_with_the_name_of_its_field_both_values_and_its_place(
    family: str,
) -> None:
    capture = until(
        beginning(family), FIELDS_UNTIL_S.get(family, 6) * 1_000_000_000 + 3_000_000_000
    )
    fields = changeable(capture)
    assert len(fields) > 5
    for message, field in fields:
        frames = Frames(capture, Random(f"{message} {field}"))
        change_field(frames, message, field)
        compared = compare(with_rows(capture, frames.rows))
        said = [one for one in compared.differences if one.field.split("[")[0] == field]
        if family == "openemsstim" or field == "packet_number":
            said = said or [one for one in compared.differences if one.sort is not Sort.FIELD]
        assert said, f"{message}.{field}: {compared}"
        one = said[0]
        if one.sort is Sort.FIELD:
            assert (one.message, one.t_ns) == (message, frames.rows[frames.at].t_ns)
            assert one.twin != one.capture
            assert repr(one.capture) in str(one)
