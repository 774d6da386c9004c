"""A published pulse profile becomes a protocol: its currents are a maximum and shares alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.errors import StimctlError, UsageError
from stimctl.records.profile_import import FORMAT, ImportSettings, protocol_text
from stimctl.treatment.load import load_any, load_protocol

SITES = {"BIClong": ("left-biceps",)}


def segment(start: float, rate: float, width: float, amplitude: float, length: float = 1) -> Any:
    return {
        "start": start, "duration": length, "frequency": rate, "pulse_width": width,
        "amplitude": amplitude,
    }  # fmt: skip


def profile(**changes: Any) -> str:
    channel = {"name": "BIClong", "segments": [segment(0, 30, 300, 20), segment(1, 40, 250, 15)]}
    return json.dumps({"format": FORMAT, "version": 1, "channels": [channel], **changes})


def imported(text: str, sites: Any = None, rest_us: int = 4_000_000) -> dict[str, Any]:
    import tomllib

    made = protocol_text(text, "p.json", ImportSettings("elbow", rest_us, 10, sites or SITES))
    load_protocol(made, "elbow.toml")  # it is a protocol, with every rule for one
    return tomllib.loads(made)


def test_times_widths_and_shares_are_taken_and_a_current_is_a_maximum_only() -> None:
    (channel,) = imported(profile())["channels"]
    assert channel["amplitude"]["cap"] == "20 mA"
    assert set(channel["amplitude"]) == {"target", "cap", "how"}
    assert channel["waveform"]["frequency"] == {
        "list": ["30 Hz", "40 Hz"], "dwell": ["1.5 s", "1 s"], "since": "on",
    }  # fmt: skip
    assert channel["waveform"]["phase_width"]["list"] == ["300 us", "250 us"]
    assert channel["waveform"]["level"]["list"] == ["100 %", "75 %"]
    assert channel["cycle"] == {
        "on": "3 s", "off": "4 s", "ramp_up": "500 ms", "ramp_down": "500 ms",
    }  # fmt: skip


def test_pulse_times_say_the_same_as_segments_do() -> None:
    times = [number / 25 for number in range(50)]
    channel = {
        "name": "BIClong", "pulse_times_s": times, "pulse_widths_us": [300], "amplitudes_mA": 20,
    }  # fmt: skip
    (one,) = imported(profile(channels=[channel], duration_s=2))["channels"]
    assert one["waveform"]["frequency"] == "25 Hz"
    assert one["waveform"]["phase_width"] == "300 us"
    assert "level" not in one["waveform"]


def test_two_muscles_are_two_roles_each_with_its_own_times() -> None:
    channels = [
        {"name": "BIClong", "segments": [segment(0, 30, 300, 20, 2)]},
        {"name": "TRIlong", "segments": [segment(0, 30, 300, 10), segment(1, 35, 300, 10)]},
    ]
    sites = {**SITES, "TRIlong": ("left-forearm-flexor",)}
    told = imported(profile(channels=channels), sites)
    assert [one["role"] for one in told["channels"]] == ["biclong", "trilong"]
    assert [one["amplitude"]["cap"] for one in told["channels"]] == ["20 mA", "10 mA"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not JSON"),
        ("[]", "its format is not"),
        ('{"format": "other"}', "its format is not"),
        (profile(version=2), "its version is 2"),
        (profile(channels=3), "it has no channels"),
        (profile(channels=[{}]), "a channel has no name"),
        (profile(channels=[{"name": "BIClong"}]), "no pulses that can be read"),
        (profile(channels=[{"name": "BIClong", "segments": [segment(0, 0, 1, 1)]}]), "no pulses"),
        (
            profile(channels=[{"name": "BIClong", "pulse_times_s": [0, 1, 0.5],
                               "pulse_widths_us": [1], "amplitudes_mA": [1]}]),
            "one after the other",
        ),
        (profile().replace("300", "NaN"), "it has a NaN"),
        (profile().replace("300", "Infinity"), "it has a Infinity"),
        (profile().replace("20", "-20"), "without current or width"),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(StimctlError, match=why):
        imported(text)


def test_a_profile_that_no_protocol_can_say_is_refused_and_not_bent() -> None:
    times, widths = [number / 25 for number in range(50)], [200 + number for number in range(50)]
    channel = {
        "name": "BIClong", "pulse_times_s": times, "pulse_widths_us": widths, "amplitudes_mA": 20,
    }  # fmt: skip
    with pytest.raises(StimctlError):  # each pulse another width: 50 values, and 40 ms each
        imported(profile(channels=[channel]))
    with pytest.raises(StimctlError, match="W6"):  # a muscle needs its rest, whoever asks
        imported(profile(), rest_us=200_000)


def test_each_muscle_needs_a_site_and_each_site_a_muscle() -> None:
    with pytest.raises(UsageError, match="no site for BIClong"):
        imported(profile(), {"other": ("left-biceps",)})
    with pytest.raises(UsageError, match="no other"):
        imported(profile(), {**SITES, "other": ("left-biceps",)})


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**6), st.floats(), st.text(max_size=3),
    st.lists(st.floats(-1, 100), max_size=4),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "segments", "pulse_times_s", "pulse_widths_us", "amplitudes_mA"]),
        VALUES,
    )
)
def test_whatever_a_file_holds_it_is_a_protocol_or_refused(channel: dict[str, Any]) -> None:
    text = profile(channels=[{"name": "BIClong", **channel}])
    try:
        made = protocol_text(text, "p.json", ImportSettings("elbow", 4_000_000, 1, SITES))
        load_any(made, "elbow.toml")
    except StimctlError:
        return
