"""An envelope is the smallest of its layers; files and variables lower limits, never raise one."""

import dataclasses
from typing import Any

import pytest

from stimctl.errors import LimitRefusedError, QuantityError, UsageError
from stimctl.safety import (
    PREVIEW_ELECTRODE,
    Action,
    Bound,
    DeviceBounds,
    Electrode,
    Envelope,
    Layer,
    LayeredBounds,
    Profile,
    Quantity,
    bounds_from_environment,
    ceiling_ua,
    envelope_for,
    headroom,
    layer_bounds_from_mapping,
    person_ceiling,
    session_ceiling,
)
from stimctl.stimulus import Stimulus
from tests.support.safety_samples import cleared, device, envelope, refused, stim


def site(**mapping: Any) -> tuple[Bound, ...]:
    return layer_bounds_from_mapping(Layer.SITE, mapping, "site.toml")


def test_the_smallest_of_all_layers_counts() -> None:
    bounds = envelope(
        site=site(amplitude="70 mA"),
        person=[person_ceiling(58_000, "today")],
        session=[session_ceiling(65_000, "option")],
    )
    tightest = bounds.tightest(Quantity.AMPLITUDE)
    assert (tightest.layer, tightest.value) == (Layer.PERSON, 58_000)
    assert bounds.tightest(Quantity.CURRENT_DENSITY).limit_id == "L-J"
    assert bounds.tightest(Quantity.POWER_DENSITY).limit_id == "L-PD-RS2"
    assert bounds.tightest(Quantity.RMS_CURRENT).value == 50
    assert bounds.tightest(Quantity.CHARGE_DENSITY) is None


def test_of_equal_bounds_the_strict_one_is_tighter() -> None:
    def bound(name: str, strict: bool) -> Any:
        return Bound(name, Layer.SITE, Quantity.POWER_DENSITY, 0.05, "W/cm2", Action.BLOCK, "", "D",
                     strict=strict)  # fmt: skip

    bounds = envelope().tightened(bound("at", False), bound("below", True))
    assert bounds.tightest(Quantity.POWER_DENSITY).limit_id == "below"


@pytest.mark.parametrize(
    ("key", "text", "asked", "still_fine"),
    [
        ("amplitude", "15 mA", stim(15.5), stim(15)),
        ("phase_width", "150 us", stim(width_us=151), stim(width_us=150)),
        ("interphase_gap", "50 us", stim(gap_us=51), stim(gap_us=50)),
        ("frequency", "40 Hz", stim(hz=40.001), stim(hz=40)),
        ("rms_current", "2 mA", stim(14.5, 200, 50), stim(14, 200, 50)),
        ("current_density", "0.08 mA/cm2", stim(14.5, 200, 50), stim(14, 200, 50)),
        ("average_current", "0.4 mA", stim(20.5), stim(20)),
        ("energy_per_pulse", "0.08 mJ", stim(20.5), stim(20)),
        ("power_density", "0.16 mW/cm2", stim(20.5), stim(20)),
        ("charge_per_phase", "4 uC", stim(20.5), stim(20)),
        ("charge_per_phase", "4000 nC", stim(20.5), stim(20)),
        ("charge_density", "160 nC/cm²", stim(20.5), stim(20)),
    ],
)
def test_every_key_lowers_its_limit(
    key: str, text: str, asked: Stimulus, still_fine: Stimulus
) -> None:
    bounds = envelope(site=site(**{key: text}))
    cleared(still_fine, bounds)
    no = refused(asked, bounds)
    assert (no.limit_id, no.layer, no.source) == ("L-SITE", Layer.SITE, "site.toml")
    assert no.quantity == key
    cleared(no.nearest.stimulus, bounds)


def test_no_frequency_at_all_has_no_nearest() -> None:
    assert refused(stim(), envelope(site=site(frequency="0 Hz"))).nearest is None
    assert refused(stim(), envelope(site=site(phase_width="1 us"))).nearest is None


@pytest.mark.hazard("H38")
@pytest.mark.parametrize(
    ("key", "text", "limit_id"),
    [
        ("amplitude", "131 mA", "L-AMP"),
        ("current_density", "2.1 mA/cm2", "L-J"),
        ("power_density", "0.2 W/cm2", "L-PD-RS2"),
        ("power_density", "0.3 W/cm2", "L-PD-FDA"),
        ("energy_per_pulse", "301 mJ", "L-E"),
        ("rms_current", "101 mA", "L-RMS-400"),
        ("dc_current", "81 mA", "L-RMS-DC"),
        ("dc_density", "0.6 mA/cm2", "L-DC"),
        ("session_duration", "121 min", "L-TIME"),
    ],
)
def test_no_file_raises_a_limit(key: str, text: str, limit_id: str) -> None:
    with pytest.raises(LimitRefusedError) as caught:
        site(**{key: text})
    assert limit_id in str(caught.value)
    assert "site.toml" in str(caught.value)


@pytest.mark.hazard("H38")
@pytest.mark.parametrize(
    ("key", "text"),
    [("amplitude", "131 mA"), ("phase_width", "4001 us"), ("frequency", "2001 Hz"),
     ("interphase_gap", "1001 us")],
)  # fmt: skip
def test_no_file_raises_a_device_s_limit(key: str, text: str) -> None:
    with pytest.raises(LimitRefusedError):
        layer_bounds_from_mapping(Layer.PERSON, {key: text}, "p.toml", device=device())


def test_a_value_at_the_built_in_limit_is_no_raise() -> None:
    assert site(amplitude="130 mA", rms_current="100 mA", current_density="2 mA/cm2")


def test_what_is_no_limit_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown limit 'amplitud'"):
        site(amplitud="1 mA")
    with pytest.raises(UsageError):
        site(output_voltage="100 V")
    for wrong in ("10", 10, None, "10 Hz", "1,5 mA", "-1 mA"):
        with pytest.raises(QuantityError):
            site(amplitude=wrong)
    for layer in (Layer.STANDARD, Layer.DEVICE):
        with pytest.raises(UsageError, match="built in"):
            layer_bounds_from_mapping(layer, {"amplitude": "1 mA"}, "x")


@pytest.mark.hazard("H38")
def test_the_environment_lowers_and_never_raises() -> None:
    environ = {
        "PATH": "/bin",
        "STIMCTL_MAX_AMPLITUDE": "40 mA",
        "STIMCTL_MAX_PHASE_WIDTH": "300us",
    }
    found = bounds_from_environment(environ)
    assert [(b.quantity, b.value) for b in found] == [
        (Quantity.AMPLITUDE, 40_000), (Quantity.PHASE_WIDTH, 300),
    ]  # fmt: skip
    assert "STIMCTL_MAX_AMPLITUDE" in found[0].source
    no = refused(stim(41), envelope(site=found))
    assert "environment variable STIMCTL_MAX_AMPLITUDE" in no.message
    with pytest.raises(LimitRefusedError):
        bounds_from_environment({"STIMCTL_MAX_AMPLITUDE": "200 mA"})
    with pytest.raises(LimitRefusedError):
        bounds_from_environment({"STIMCTL_MAX_FREQUENCY": "3 kHz"}, device=device())
    with pytest.raises(UsageError):
        bounds_from_environment({"STIMCTL_MAX_AMPLITUD": "20 mA"})
    assert bounds_from_environment({}) == ()


def test_a_bound_belongs_to_the_layer_it_is_given_for() -> None:
    with pytest.raises(UsageError):
        envelope_for(device(), Electrode(2500), site=[person_ceiling(1_000, "x")])


@pytest.mark.parametrize(
    "change",
    [
        {"value": -1}, {"value": float("nan")}, {"value": float("inf")}, {"value": True},
        {"value": "5"}, {"unit": "mA"}, {"quantity": "amplitude"}, {"quantity": Quantity.SHAPE},
        {"layer": "site"}, {"action": "block"}, {"action": Action.RULE},
        {"value": 0, "strict": True},
    ],
)  # fmt: skip
def test_a_bound_that_bounds_nothing_cannot_be(change: dict[str, object]) -> None:
    values: dict[str, Any] = {"limit_id": "X", "layer": Layer.SITE, "quantity": Quantity.AMPLITUDE,
              "value": 5, "unit": "uA", "action": Action.BLOCK, "source": "s",
              "certainty": "D"}  # fmt: skip
    Bound(**values)
    with pytest.raises(UsageError):
        Bound(**{**values, **change})


@pytest.mark.parametrize(
    "change",
    [{"device": None}, {"electrode": None}, {"profile": "clinic"}, {"added": []},
     {"added": (1,)}, {"allow_monophasic": 1}],
)  # fmt: skip
def test_an_envelope_is_made_of_its_own_kinds(change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"device": device(), "electrode": Electrode(500)}
    with pytest.raises(UsageError):
        Envelope(**{**values, **change})


@pytest.mark.hazard("H38", "H51")
def test_the_digest_changes_with_every_effective_limit() -> None:
    base = envelope()
    others = [
        envelope(area_mm2=2_400),
        envelope(contact_permille=900),
        envelope(at="left-calf"),
        envelope(person=[person_ceiling(58_000, "a")]),
        envelope(person=[person_ceiling(57_000, "a")]),
        envelope(profile=Profile.RESEARCH),
        envelope(allow_monophasic=True),
        envelope(device_=device(amplitude_step_ua=1_000)),
    ]
    digests = {base.digest(), *(other.digest() for other in others)}
    assert len(digests) == 1 + len(others)
    assert base.digest() == envelope().digest()
    one, two = person_ceiling(58_000, "a"), session_ceiling(50_000, "b")
    assert base.tightened(one, two).digest() == base.tightened(two, one).digest()


def test_layered_bounds_fit_an_envelope() -> None:
    layers = LayeredBounds(person=(person_ceiling(10_000, "x"),))
    names = ("site", "protocol", "person", "session")
    bounds = envelope(**{name: getattr(layers, name) for name in names})
    assert bounds.tightest(Quantity.AMPLITUDE).value == 10_000


def test_ceiling_and_headroom() -> None:
    bounds = envelope(area_mm2=500, person=[person_ceiling(60_000, "x")])
    assert ceiling_ua(stim(5, 400, 50), bounds) == 50_000
    assert ceiling_ua(stim(5, 100, 50), bounds) == 60_000
    rows = headroom(stim(25, 400, 50), bounds)
    assert [row.used for row in rows] == sorted((row.used for row in rows), reverse=True)
    by_id = {(row.bound.limit_id, row.bound.quantity): row for row in rows}
    density = by_id["L-J", Quantity.CURRENT_DENSITY]
    assert (density.asked, density.allowed) == (pytest.approx(1.0), 2.0)
    assert density.used == pytest.approx(0.5)
    assert not density.exceeded
    assert ("L-RMS-1500", Quantity.RMS_CURRENT) not in by_id
    zero = headroom(stim(25), envelope(person=[person_ceiling(0, "x")]))
    assert (zero[0].used, zero[0].exceeded) == (None, True)
    for ask in (ceiling_ua, headroom):
        with pytest.raises(UsageError):
            ask(None, bounds)


# --- electrodes and device data -------------------------------------------------------------


def test_effective_area_is_never_rounded_up() -> None:
    assert Electrode(2500).effective_area_mm2 == 2500
    assert Electrode(999, 500).effective_area_mm2 == 499
    assert Electrode(1, 1).effective_area_mm2 == 1
    assert PREVIEW_ELECTRODE.area_mm2 == 500


@pytest.mark.hazard("H33", "H41")
@pytest.mark.parametrize(
    "wrong",
    [(0,), (-1,), (100_001,), (25.0,), (True,), ("25 cm2",), (2500, 0), (2500, 1001),
     (2500, 0.5), (2500, 1000, "left-quadrizeps"), (2500, 1000, ""), (2500, 1000, 7)],
)  # fmt: skip
def test_an_electrode_that_cannot_be_is_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        Electrode(*wrong)


@pytest.mark.parametrize(
    "change",
    [{"channels": 0}, {"amplitude_max_ua": 1.5}, {"amplitude_step_ua": 0}, {"recovery_us": -1},
     {"multiplexed": 1}, {"name": None}, {"shapes": {PREVIEW_ELECTRODE}},
     {"shapes": frozenset({"x"})}, {"phase_width_min_us": 5_000}, {"period_min_us": 10**9},
     {"calibrated": "yes"}, {"pulses_per_burst_max": 0}],
)  # fmt: skip
def test_device_bounds_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        device(**change)


def test_a_device_s_grid() -> None:
    made = device()
    assert made.on_grid(12_500)
    assert not made.on_grid(12_501)
    assert made.quantise_period_up_us(100_000) == 10_000
    assert made.quantise_period_up_us(99_999) == 10_500
    assert made.quantise_period_up_us(30_000) == 33_500
    assert dataclasses.is_dataclass(DeviceBounds)
