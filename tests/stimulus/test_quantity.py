"""Quantities are exact, carry a unit, and a wrong one is answered with the right form."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl import quantity as q
from stimctl.errors import QuantityError

PARSERS = [
    q.parse_current_ua,
    q.parse_duration_us,
    q.parse_frequency_mhz,
    q.parse_area_mm2,
    q.parse_ratio_permille,
]


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (q.parse_current_ua, "12.5 mA", 12_500),
        (q.parse_current_ua, "500uA", 500),
        (q.parse_current_ua, "500 µA", 500),
        (q.parse_current_ua, "500 μA", 500),
        (q.parse_current_ua, " \t12mA\n", 12_000),
        (q.parse_current_ua, "0 mA", 0),
        (q.parse_current_ua, "1.5000 mA", 1_500),
        (q.parse_duration_us, "250 us", 250),
        (q.parse_duration_us, "1.5 ms", 1_500),
        (q.parse_duration_us, "30 s", 30_000_000),
        (q.parse_duration_us, "20 min", 1_200_000_000),
        (q.parse_duration_us, "0.1 min", 6_000_000),
        (q.parse_duration_us, "1 h", 3_600_000_000),
        (q.parse_frequency_mhz, "100 Hz", 100_000),
        (q.parse_frequency_mhz, "500 mHz", 500),
        (q.parse_frequency_mhz, "1 kHz", 1_000_000),
        (q.parse_area_mm2, "25 cm2", 2_500),
        (q.parse_area_mm2, "25cm²", 2_500),
        (q.parse_area_mm2, "2500 mm2", 2_500),
        (q.parse_area_mm2, "2500 mm²", 2_500),
        (q.parse_ratio_permille, "-10 %", -100),
        (q.parse_ratio_permille, "100%", 1_000),
        (q.parse_ratio_permille, "0.1 %", 1),
    ],
)
def test_a_quantity_with_its_unit_is_read_exactly(
    parse: Callable[..., Any], text: str, value: int
) -> None:
    result = parse(text)
    assert result == value
    assert type(result) is int


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize(
    ("parse", "text", "shown"),
    [
        (q.parse_current_ua, "12", '"12" has no unit: write "12 mA"'),
        (q.parse_duration_us, "300", 'write "300 us"'),
        (q.parse_current_ua, "1,5 mA", 'decimal comma: the decimal sign is a point, everywhere. '
         'write "1.5 mA"'),
        (q.parse_current_ua, "1,5", 'has no unit: write "1.5 mA"'),
        (q.parse_current_ua, "+1 mA", 'plus sign: write "1 mA"'),
        (q.parse_current_ua, "-1 mA", 'a current has no sign. write "1 mA"'),
        (q.parse_frequency_mhz, "1 MHz", "a frequency is written in mHz, Hz, kHz (mHz is"),
        (q.parse_current_ua, "12 A", "a current is written in uA, mA"),
        (q.parse_current_ua, "0.0001 mA", "the smallest step of a current is 1 uA"),
        (q.parse_area_mm2, "0.001 cm2", "1 mm2"),
        (q.parse_ratio_permille, "10.55 %", "the smallest step of a ratio is 0.1 %"),
        (q.parse_current_ua, "NaN mA", "does not begin with a plain decimal number"),
        (q.parse_current_ua, "1\u2009mA", "\\u2009"),
        (q.parse_current_ua, "9999999999999 mA", "beyond any current"),
    ],
)  # fmt: skip
def test_a_wrong_quantity_is_answered_with_the_right_form(
    parse: Callable[..., Any], text: str, shown: str
) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert shown in str(caught.value)


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize(
    ("parse", "text", "right"),
    [
        (q.parse_current_ua, "5ma", "5 mA"),
        (q.parse_current_ua, "5 MA", "5 mA"),
        (q.parse_current_ua, "7.5 milliamps", "7.5 mA"),
        (q.parse_current_ua, "200 UA", "200 uA"),
        (q.parse_current_ua, "0,5ma", "0.5 mA"),
        (q.parse_current_ua, "08", "8 mA"),
        (q.parse_current_ua, ".5 mA", "0.5 mA"),
        (q.parse_current_ua, "5. mA", "5 mA"),
        (q.parse_current_ua, "007 mA", "7 mA"),
        (q.parse_duration_us, "3 sec", "3 s"),
        (q.parse_duration_us, "20Minutes", "20 min"),
        (q.parse_duration_us, "250 USEC", "250 us"),
        (q.parse_frequency_mhz, "35hz", "35 Hz"),
        (q.parse_frequency_mhz, "35 pps", "35 Hz"),
        (q.parse_area_mm2, "25 cm^2", "25 cm2"),
        (q.parse_area_mm2, "4x9cm", "36 cm2"),
        (q.parse_area_mm2, "4.5 x 4.5 cm", "20.25 cm2"),
        (q.parse_area_mm2, "40 mm × 90 mm", "3600 mm2"),
        (q.parse_intensity_percent, "40 percent", "40 %"),
    ],
)
def test_what_to_write_is_the_number_that_was_written_in_the_right_form(
    parse: Callable[..., Any], text: str, right: str
) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert f'write "{right}"' in caught.value.what_to_do
    parse(right)


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (q.parse_current_ua, "5 A"),
        (q.parse_current_ua, "5 mV"),
        (q.parse_current_ua, "1,000 mA"),  # one, or a thousand
        (q.parse_current_ua, "1e3 mA"),
        (q.parse_current_ua, "five mA"),
        (q.parse_current_ua, ". mA"),
        (q.parse_frequency_mhz, "35 MHz"),  # mHz, or really MHz
        (q.parse_frequency_mhz, "35 mhz"),
        (q.parse_duration_us, "20 m"),
        (q.parse_area_mm2, "25 cm"),
        (q.parse_current_ua, 12),
        (q.parse_frequency_mhz, ["20 Hz", "30 Hz"]),
    ],
)
def test_where_the_number_or_its_unit_would_be_a_guess_none_is_suggested(
    parse: Callable[..., Any], text: Any
) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text)
    assert not any(sign.isdigit() for sign in caught.value.what_to_do.replace("mm2, cm2", ""))
    assert "write a number and its unit" in caught.value.what_to_do


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize(
    "text",
    ["", " ", "mA", "12", "1.5", "nan", "inf mA", "-inf mA", "1e3 mA", "1e3mA", "1E3 mA", "0x10 mA",
     "1\u00a0mA", "1\u2009mA", "\u20091 mA", "1 000 mA", "1_000 mA", "1'000 mA", "1.000,5 mA",
     "1,000.5 mA", ".5 mA", "5. mA", "007 mA", "00 mA", "1.2.3 mA", "--1 mA", "+-1 mA", "- 1 mA",
     "+ mA", "٣ mA", "１２ mA", "12 mA mA", "12 mA\x00", "12 m A", "12 ma", "12 MA", "12 mA!",
     "1/2 mA", "12 mA 13 mA", "12\n\nmA", "9" * 50 + " mA", "12 " + "m" * 100, "12 mAx",
     "12 %", "12 Hz", "\ud800 mA", "1.5 mA;"],
)  # fmt: skip
def test_what_is_not_exactly_one_number_with_a_unit_is_refused(text: str) -> None:
    with pytest.raises(QuantityError) as caught:
        q.parse_current_ua(text)
    str(caught.value).encode()  # the message itself can be printed anywhere
    assert "write" in str(caught.value)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("value", [12, 0, True, False, None, 1.5, float("nan"), b"12 mA", ["1 mA"]])
def test_what_is_not_a_text_is_refused(parse: Callable[..., Any], value: Any) -> None:
    with pytest.raises(QuantityError):
        parse(value)


@given(st.text(max_size=60))
def test_no_text_at_all_makes_a_parser_fail_in_another_way(text: str) -> None:
    for parse in PARSERS:
        try:
            value = parse(text)
        except QuantityError:
            continue
        assert type(value) is int
        assert abs(value) <= q.LARGEST


whole = st.integers(0, q.LARGEST)


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    ("show", "parse"),
    [
        (q.format_current, q.parse_current_ua),
        (q.format_duration, q.parse_duration_us),
        (q.format_frequency, q.parse_frequency_mhz),
        (q.format_area, q.parse_area_mm2),
        (q.format_permille, q.parse_ratio_permille),
    ],
)
@given(value=whole)
def test_every_value_survives_its_text_form(
    show: Callable[..., Any], parse: Callable[..., Any], value: int
) -> None:
    assert parse(show(value)) == value


@given(value=st.integers(-q.LARGEST, -1))
def test_a_negative_ratio_survives_its_text_form(value: int) -> None:
    assert q.parse_ratio_permille(q.format_permille(value)) == value


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (q.format_current, 12_500, "12.5 mA"),
        (q.format_current, 12_000, "12 mA"),
        (q.format_current, -500, "-0.5 mA"),
        (q.format_duration, 0, "0 us"),
        (q.format_duration, 250, "250 us"),
        (q.format_duration, 1_500, "1.5 ms"),
        (q.format_duration, 1_500_000, "1.5 s"),
        (q.format_duration, 90_000_000, "90 s"),
        (q.format_duration, 1_200_000_000, "20 min"),
        (q.format_duration, 3_600_000_000, "1 h"),
        (q.format_frequency, 100_000, "100 Hz"),
        (q.format_frequency, 500, "0.5 Hz"),
        (q.format_area, 2_500, "25 cm2"),
        (q.format_permille, -100, "-10 %"),
        (q.format_clock, 0, "0:00"),
        (q.format_clock, 1, "0:01"),
        (q.format_clock, 61_000_000, "1:01"),
        (lambda us: q.format_clock(us, minute_digits=2), 61_000_000, "01:01"),
        (lambda number: q.format_count(number, "alarm"), 1, "1 alarm"),
        (lambda number: q.format_count(number, "alarm"), 2, "2 alarms"),
    ],
)
def test_values_read_as_people_write_them(show: Callable[..., Any], value: int, text: str) -> None:
    assert show(value) == text


def test_the_length_of_a_session_is_shown_in_minutes() -> None:
    assert q.parse_session_us("90 s") == 90_000_000
    with pytest.raises(QuantityError) as told:
        q.parse_session_us("5")
    assert told.value.what_to_do == 'write "5 min"'
