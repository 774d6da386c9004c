"""Offsets between channels: one after the other in each hold, and no limit is relaxed for them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stimctl.bench.rehearsal import began_us, rehearse
from stimctl.devices.registry import FAMILIES
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from tests.support.delivered import started
from tests.support.output_brute import pulses_of
from tests.support.staged_samples import compiled, stage, staged, staged_plan, staged_text

S = 1_000_000_000
CYCLE = 'on = "4 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s"'
RATE = 'frequency = "10 Hz"'
ROLE = """[[channels]]
role = "part-{number}"
motor = false
amplitude = {{ target = "strong-comfortable" }}
waveform = {{ shape = "biphasic-symmetric", phase_width = "{width} us", frequency = "10 Hz" }}
cycle = {{ {cycle} }}
offset = "{offset} ms"
"""


def text_of(offsets: tuple[float, ...] = (0, 25, 50, 75), *, width: int = 200) -> str:
    channels = "".join(
        ROLE.format(number=number, offset=offset, cycle=CYCLE, width=width)
        for number, offset in enumerate(offsets)
    )
    return staged_text(
        stage("first", "24 s"), channels, session='shortest = "24 s", longest = "24 s"'
    )


@pytest.mark.parametrize("device", ["p24", "rehamove3"])
def test_in_each_hold_the_channels_come_one_after_the_other(device: str) -> None:
    plan = staged_plan(text_of(), 4_000, 3_000, 2_000, 1_000, sheet=FAMILIES[device].sheet)
    bench = started(plan, family=device)
    bench.run_for(24 * S)
    first_us = began_us(bench)
    bench.twin.power_off(bench.now_ns)
    record = pulses_of(bench.twin.records())
    for hold_us in (7_000_000, 13_000_000, 19_000_000):  # the first is raised from zero
        from_us, until_us = first_us + hold_us - 1_000, first_us + hold_us + 1_900_000
        turns = sorted(
            (pulse.at_us, channel)
            for channel, pulses in record.items()
            for pulse in pulses
            if from_us <= pulse.at_us < until_us
        )
        assert [channel for _, channel in turns[:72]] == [1, 2, 3, 4] * 18
        apart = {round((later - earlier) / 1_000) for (earlier, _), (later, _) in pairwise(turns)}
        assert apart == {25}


def test_all_is_counted_to_the_last_pulse() -> None:
    rehearsal = rehearse(staged_plan(text_of((0, 62.5)), 4_000, 3_000))
    assert rehearsal.ok, rehearsal.problems
    for one in rehearsal.report:
        assert one.pulses == one.planned.pulses
        assert one.contractions == one.planned.contractions


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("width", [200, 2_000, 4_000])
def test_removing_every_offset_never_changes_what_is_refused(width: int) -> None:
    """Forty wide pulses a second on each of four channels fit one source, or do not."""
    text = text_of((0, 5, 10, 15), width=width).replace('"10 Hz"', '"40 Hz"')
    without = "\n".join(line for line in text.splitlines() if not line.startswith("offset"))
    found = [compiled(staged(one), *[8_000] * 4) for one in (text, without)]
    refused = [one.message if isinstance(one, Refusal) else "" for one in found]
    assert refused[0] == refused[1]
    assert bool(refused[0]) == (width == 4_000)
    if not refused[0]:
        doses = [[each.cleared.second for each in one.channels] for one in found]  # type: ignore[union-attr]
        assert doses[0] == doses[1]


@pytest.mark.hazard("H79")
def test_a_device_with_an_order_of_its_own_says_so() -> None:
    no = compiled(staged(text_of((0, 50))), 4_000, 4_000, sheet=FAMILIES["rehastim2"].sheet)
    assert isinstance(no, Refusal)
    assert no.limit_id == "W24"
    assert "one after the other" in no.message


def other(what: str, instead: str) -> str:
    """With something else in the second channel."""
    first, found, second = text_of((0, 50)).rpartition("[[channels]]")
    return first + found + second.replace(what, instead)


WRONG = {
    "without a cycle": (other(f"cycle = {{ {CYCLE} }}\n", ""), "needs an on/off cycle"),
    "of another rate": (other(RATE, 'frequency = "12 Hz"'), "equal periods"),
    "of another cycle": (other('off = "2 s"', 'off = "3 s"'), "holds that begin together"),
    "that begins later": (
        other('off = "2 s"', 'off = "2 s", start_after = "1 s"'),
        "begin together",
    ),
    "of a rate that changes": (
        other(RATE, 'frequency = { sweep = ["5 Hz", "10 Hz"], period = "2 s" }'),
        "one frequency",
    ),
    "of groups": (
        other(RATE, RATE + ', nlet = { pulses = 2, interval = "5 ms" }'),
        "single pulses",
    ),
    "as long as the period": (text_of((0, 100)), "or longer"),
    "after a short ramp": (
        text_of((0, 75)).replace('ramp_up = "1 s"', 'ramp_up = "900 ms"'),
        "1 s",
    ),
    "of fast pulses": (text_of((0, 5)).replace("10 Hz", "60 Hz"), "a period of 20 ms"),
}


@pytest.mark.hazard("H79")
@pytest.mark.parametrize("name", WRONG)
def test_an_offset_without_a_common_beat_is_refused(name: str) -> None:
    text, why = WRONG[name]
    with pytest.raises(ProtocolFileError, match=why):
        staged(text)
