"""Files for external pulses: what they may say, what they compile to, and who may not use them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.errors import LimitRefusedError, ProtocolFileError, UsageError
from stimctl.safety import Electrode, Layer, LayeredBounds, Refusal, layer_bounds_from_mapping
from stimctl.safety.intensity import ATTENDED
from stimctl.stimulus.level import CURRENT, PERCENT, Level, Percent
from stimctl.treatment.json_schema import schema_text
from stimctl.treatment.load import load_any, load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import PercentPlan, in_percent, makes_current
from stimctl.treatment.schema import PercentProtocol
from stimctl.treatment.timeline import moments
from tests.support.paths import ROOT

FOLDER = ROOT / "protocols"
GATED = sorted(path.stem for path in (FOLDER / "gated").glob("*.toml"))
ACK = frozenset({ATTENDED})
PADS = Electrode(5_000, site="left-quadriceps")


def share(channel: int, percent: int, pads: Electrode = PADS) -> ChannelSetup[Percent]:
    return ChannelSetup(channel, Level(PERCENT, percent), pads)


def text(name: str) -> str:
    return (FOLDER / "gated" / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str = "gate-tens") -> PercentProtocol:
    loaded = load_any(text(name), f"{name}.toml")
    assert isinstance(loaded, PercentProtocol)
    return loaded


def compiled(
    name: str = "gate-tens", *percents: int, pads: Electrode = PADS, **how: Any
) -> PercentPlan:
    answer = answer_of(name, *percents, pads=pads, **how)
    assert isinstance(answer, Plan), answer
    return answer


def refused(name: str = "gate-tens", *percents: int, pads: Electrode = PADS, **how: Any) -> Refusal:
    answer = answer_of(name, *percents, pads=pads, **how)
    assert isinstance(answer, Refusal), answer
    return answer


def answer_of(name: str, *percents: int, pads: Electrode = PADS, **how: Any) -> Refusal | Plan[Any]:
    setups = [share(ch, percent, pads) for ch, percent in enumerate(percents or (40,), 1)]
    how.setdefault("acknowledged", ACK)
    return compile_plan(load(name), OPENEMSSTIM_SHEET, setups, **how)


def test_the_schema_file_is_the_schema_of_the_models() -> None:
    committed = (FOLDER / "gated" / "gated-v1.json").read_text(encoding="utf-8")
    assert committed == schema_text(PercentProtocol), (
        'make it again: python -c "from stimctl.treatment import schema; '
        "print(json_schema.schema_text(schema.PercentProtocol), end='')\" > "
        "protocols/gated/gated-v1.json"
    )
    assert json.loads(committed)["additionalProperties"] is False


@pytest.mark.parametrize("name", GATED)
def test_a_shipped_file_is_complete_and_says_what_nobody_checks(name: str) -> None:
    protocol = load(name)
    assert text(name).startswith("#:schema ./gated-v1.json\n")
    assert {"C01", "C02", "C04", "C05", "C06", "C07", "C24", "C26"} <= set(
        protocol.contraindications
    )
    assert "lowest" in protocol.external.dial
    assert "mA" not in text(name)
    plan = compiled(name)
    assert any("no dose is known" in note for note in plan.notes)
    assert any(protocol.external.settings in note for note in plan.notes)


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ('[channels.intensity]\n', 'intensity = "40 %"\n[channels.other]\n', "no intensity to go"),
        ('target = "strong-comfortable"', 'target = "40 %"', "must be one of"),
        ('target = "strong-comfortable"', 'target = "strong-comfortable"\ncap = "40"', "no unit"),
        ('target = "strong-comfortable"', 'target = "strong-comfortable"\ncap = "101 %"', "large"),
        ('target = "strong-comfortable"', 'target = "strong-comfortable"\ncap = "4 mA"', "unit"),
        ('duration = "20 min"\n', "", "is missing"),
        ('role = "pain"', 'role = "pain"\nfrequency = "100 Hz"', "is not a key"),
        ('grade = "D"', 'grade = "X"', "recommended_against"),
        ('longest = "60 min"', 'longest = "90 min"', "N1"),
        ("[external]\n", "[externally]\n", "did you mean"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_line_and_field(was: str, now: str, says: str) -> None:
    changed = text("gate-tens").replace(was, now, 1)
    assert changed != text("gate-tens")
    with pytest.raises(ProtocolFileError, match=says) as caught:
        load_any(changed, "gate-tens.toml")
    assert caught.value.line is not None


@pytest.mark.hazard("H44")
def test_a_target_that_moves_a_muscle_cannot_be_called_no_motor_programme() -> None:
    with pytest.raises(ProtocolFileError, match='the target "strong-contraction" moves a muscle'):
        load_any(text("gate-ems").replace("motor = true", "motor = false"), "gate-ems.toml")
    role = load("gate-ems").channels[0]
    assert role.model_copy(update={"motor": False}).moves_muscle
    assert not load("gate-tens").channels[0].moves_muscle


def test_the_other_kind_of_file_is_said_to_be_the_other_kind() -> None:
    tens = (FOLDER / "tens-conventional.toml").read_text(encoding="utf-8")
    with pytest.raises(ProtocolFileError, match="this is a file for external pulses"):
        load_protocol(text("gate-tens"), "gate-tens.toml")
    assert isinstance(load_any(text("gate-tens"), "gate-tens.toml"), PercentProtocol)
    assert load_any(tens, "tens-conventional.toml") == load_protocol(tens, "tens-conventional.toml")


@pytest.mark.hazard("H18")
def test_a_treatment_in_milliampere_is_refused_with_the_devices_that_would_do() -> None:
    tens = (FOLDER / "tens-conventional.toml").read_text(encoding="utf-8")
    protocol = load_protocol(tens, "tens-conventional.toml")

    def ask(channel: int, amplitude_ua: int) -> Refusal:
        setups = [ChannelSetup(channel, Level(CURRENT, amplitude_ua), Electrode(2_500))]
        answer = compile_plan(protocol, OPENEMSSTIM_SHEET, setups)
        assert isinstance(answer, Refusal)
        assert answer.limit_id == "L-CAL"
        return answer

    assert "no current control" in ask(1, 12_000).message
    # 100 Hz is within what both can do on one module; 0.5 mA only one of them can set.
    assert "would do: p24 or rehastim2 or rehamove3;" in ask(1, 12_000).message
    assert "would do: p24 or rehamove3;" in ask(1, 12_500).message
    assert "none of the devices" in ask(1, 129_000).message


def test_a_device_with_current_of_its_own_has_no_use_for_such_a_file() -> None:
    with pytest.raises(LimitRefusedError, match="makes its own"):
        compile_plan(load(), P24_SHEET, [share(1, 40)], acknowledged=ACK)


def test_the_cap_of_the_file_and_every_layer_bound_the_intensity() -> None:
    assert compiled("gate-ems", 80).channels[0].cleared.percent == 80
    assert refused("gate-ems", 81).limit_id == "L-SES"
    person = layer_bounds_from_mapping(Layer.PERSON, {"intensity": "30 %"}, "a file")
    no = refused("gate-tens", 31, bounds=LayeredBounds(person=tuple(person)))
    assert (no.limit_id, no.channel) == ("L-PAT", 1)


def test_attendance_must_be_acknowledged() -> None:
    no = refused("gate-tens", 40, acknowledged=frozenset())
    assert (no.limit_id, no.needs_acknowledgement) == (ATTENDED, True)


def test_pads_sites_and_channels_are_judged_as_for_any_device() -> None:
    assert refused(pads=Electrode(500)).limit_id == "E1"
    assert refused(pads=Electrode(5_000, site="head")).limit_id == "C05"
    arms = [
        share(1, 10, Electrode(5_000, site="left-forearm-flexor")),
        share(2, 10, Electrode(5_000, site="right-forearm-flexor")),
    ]
    path = compile_plan(load(), OPENEMSSTIM_SHEET, arms, acknowledged=ACK)
    assert isinstance(path, Refusal)
    assert path.limit_id == "C06"
    third = compile_plan(load(), OPENEMSSTIM_SHEET, [share(3, 1)], acknowledged=ACK)
    assert isinstance(third, Refusal)
    assert (third.limit_id, third.allowed) == ("L-DEV", 2)
    against = [
        share(1, 10, Electrode(5_000, site="left-quadriceps")),
        share(2, 10, Electrode(5_000, site="left-hamstrings")),
    ]
    no = compile_plan(load("gate-ems"), OPENEMSSTIM_SHEET, against, acknowledged=ACK)
    assert isinstance(no, Refusal)
    assert no.limit_id == "W10"
    together = load("gate-ems").model_copy(update={"co_contraction": True})
    assert isinstance(compile_plan(together, OPENEMSSTIM_SHEET, against, acknowledged=ACK), Plan)


@pytest.mark.parametrize(
    "setups",
    [[], [share(1, 4)] * 2, [ChannelSetup(1, "4 %", PADS)]],  # type: ignore[arg-type]
)
def test_requests_without_sense_are_usage_errors(setups: list[ChannelSetup[Percent]]) -> None:
    with pytest.raises(UsageError):
        compile_plan(load(), OPENEMSSTIM_SHEET, setups, acknowledged=ACK)


def test_a_session_has_a_length_and_no_more_than_is_allowed() -> None:
    assert compiled().duration_us == 1_200_000_000
    assert refused(duration_us=3_700_000_000).quantity.value == "session_duration"
    assert refused(duration_us=5_000_000).message.count("below")
    site = layer_bounds_from_mapping(Layer.SITE, {"session_duration": "5 min"}, "a file")
    no = refused(bounds=LayeredBounds(site=tuple(site)))
    assert no.limit_id == "L-SITE"
    plan = compiled("gate-ems", 40, duration_us=65_000_000)
    assert plan.duration_us == 60_000_000  # whole cycles


def test_a_plan_is_known_by_everything_that_decides_what_it_does() -> None:
    plan = compiled("gate-ems", 40)
    digests = {
        plan.digest(),
        compiled("gate-ems", 41).digest(),
        compiled("gate-tens", 40).digest(),
        compiled("gate-ems", 40, duration_us=60_000_000).digest(),
        compiled("gate-ems", 40, pads=replace(PADS, area_mm2=6_000)).digest(),
    }
    assert len(digests) == 5
    assert plan.digest() == compiled("gate-ems", 40).digest()
    assert repr(plan) == "<Plan gate-ems on openemsstim, channels 1, 10 min>"
    assert plan.channel(1).role == "muscle"
    with pytest.raises(KeyError):
        plan.channel(2)


def test_the_moments_rise_hold_fall_and_end_in_nothing() -> None:
    shown = list(moments(compiled("gate-ems", 40, duration_us=40_000_000)))
    assert (shown[0].at_us, shown[-1].at_us) == (0, 40_000_000)
    assert not shown[-1].drives[0].is_on
    held = [m for m in shown if m.drives[0].may_raise]
    assert [m.at_us for m in held] == [2_000_000, 22_000_000]
    levels = [m.drives[0].level_permille for m in shown if m.at_us < 2_000_000]
    assert levels == sorted(levels)
    assert levels[0] == 0
    off = [m for m in shown if 8_000_000 <= m.at_us < 20_000_000]
    assert {(m.drives[0].level_permille, m.drives[0].is_on) for m in off} == {(0, False)}
    steady = list(moments(compiled("gate-tens", 40, duration_us=60_000_000)))
    assert steady[0].drives[0].level_permille == 1_000
    assert steady[0].drives[0].may_raise
    assert steady[-2].drives[0].level_permille == 0  # the end ramp is over before the end


@pytest.mark.hazard("H18")
def test_a_level_on_another_scale_compiles_for_no_file() -> None:
    percent, current = share(1, 4), ChannelSetup(1, Level(CURRENT, 4_000), PADS)
    with pytest.raises(UsageError, match="counts in %"):
        compile_plan(load(), OPENEMSSTIM_SHEET, [current], acknowledged=ACK)  # type: ignore[list-item]
    tens = (FOLDER / "tens-conventional.toml").read_text(encoding="utf-8")
    protocol = load_protocol(tens, "tens-conventional.toml")
    for sheet in (P24_SHEET, REHASTIM2_SHEET):
        with pytest.raises(UsageError, match="counts in mA"):
            compile_plan(protocol, sheet, [percent])  # type: ignore[list-item]
    made_up = replace(PERCENT, name="share of nothing")
    with pytest.raises(UsageError, match="counts in %"):
        compile_plan(load(), OPENEMSSTIM_SHEET, [replace(percent, most=Level(made_up, 4))])


@pytest.mark.hazard("H18")
def test_a_plan_carries_its_scale_and_is_of_one_kind_only() -> None:
    plan = compiled()
    assert plan.scale is PERCENT
    assert (in_percent(plan), makes_current(plan)) == (True, False)
    assert all(one.cleared.scale is PERCENT for one in plan.channels)
