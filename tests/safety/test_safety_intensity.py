"""What of a device's own scale is allowed, in percent: layers, acknowledgements, and the proof."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest

from stimctl.errors import BugError, LimitRefusedError, UsageError
from stimctl.quantity import format_intensity, parse_intensity_percent
from stimctl.safety import (
    Bound,
    Clearance,
    Cleared,
    ClearedIntensity,
    Electrode,
    IntensityPoint,
    Layer,
    LayeredBounds,
    OutputPoint,
    PercentBounds,
    Quantity,
    Refusal,
    RefusalKind,
    SetPoint,
    clear_intensity,
    is_genuine,
    layer_bounds_from_mapping,
    person_ceiling,
    session_ceiling,
)
from stimctl.safety import sealed as module
from stimctl.safety.intensity import ATTENDED, UNCALIBRATED
from stimctl.stimulus import PulseShape
from stimctl.stimulus.level import CURRENT, PERCENT
from tests.support.safety_samples import cleared as current_cleared
from tests.support.safety_samples import envelope, stim

GATE = PercentBounds("gate", 2, 1, 100, 1, 200_000, source="a test")
COARSE = PercentBounds("coarse", 2, 10, 90, 10, 200_000)
COARSE_ALL = PercentBounds("other", 2, 1, 100, 1, 200_000)
PADS = Electrode(2_500)
BOTH = frozenset({ATTENDED, UNCALIBRATED})


def layer(layer_: Layer, text: str) -> tuple[Bound, ...]:
    return layer_bounds_from_mapping(layer_, {"intensity": text}, "a file")


def cleared(
    percent: int = 40,
    bounds: PercentBounds = GATE,
    layers: LayeredBounds = LayeredBounds(),  # noqa: B008
    pads: Electrode = PADS,
) -> ClearedIntensity:
    answer = clear_intensity(percent, bounds, pads, layers, acknowledged=BOTH)
    assert isinstance(answer, ClearedIntensity), answer
    return answer


def refused(
    percent: Any = 40,
    bounds: Any = GATE,
    layers: Any = LayeredBounds(),  # noqa: B008
    pads: Electrode | None = PADS,
    ack: frozenset[str] = BOTH,
) -> Refusal:
    answer = clear_intensity(percent, bounds, pads, layers, acknowledged=ack)
    assert isinstance(answer, Refusal), answer
    return answer


@pytest.mark.parametrize("percent", [0, 1, 40, 100])
def test_what_the_device_has_and_no_layer_forbids_is_cleared(percent: int) -> None:
    one = cleared(percent)
    assert one.percent == percent
    assert one.bounds == GATE
    assert one.electrode == PADS
    assert {bound.limit_id for bound in one.limits} >= {"L-INT", "L-DEV"}
    assert one.digest() == cleared(percent).digest() != cleared(percent, COARSE_ALL).digest()


@pytest.mark.parametrize(
    ("layers", "limit_id", "layer_"),
    [
        (LayeredBounds(site=layer(Layer.SITE, "30 %")), "L-SITE", Layer.SITE),
        (LayeredBounds(protocol=layer(Layer.PROTOCOL, "30 %")), "L-SES", Layer.PROTOCOL),
        (LayeredBounds(person=layer(Layer.PERSON, "30 %")), "L-PAT", Layer.PERSON),
        (LayeredBounds(session=layer(Layer.SESSION, "30 %")), "L-SES", Layer.SESSION),
    ],
)
def test_every_layer_lowers_what_is_allowed_and_is_named(
    layers: LayeredBounds, limit_id: str, layer_: Layer
) -> None:
    cleared(30, layers=layers)
    no = refused(31, layers=layers)
    assert (no.limit_id, no.layer, no.quantity, no.unit) == (
        limit_id, layer_, Quantity.INTENSITY, "%",
    )  # fmt: skip
    assert (no.asked, no.allowed, no.asked_text, no.allowed_text) == (31, 30, "31 %", "30 %")
    assert no.message.endswith("Nearest legal: 30 %.")


def test_the_smallest_of_all_layers_counts() -> None:
    layers = LayeredBounds(
        site=layer(Layer.SITE, "50 %"), person=layer(Layer.PERSON, "20 %"),
        session=layer(Layer.SESSION, "35 %"),
    )  # fmt: skip
    assert refused(36, layers=layers).limit_id == "L-PAT"
    cleared(20, layers=layers)


def test_a_device_maximum_and_its_steps_are_kept() -> None:
    assert refused(91, COARSE).limit_id == "L-DEV"
    no = refused(45, COARSE)
    assert no.limit_id == "W9"
    assert no.message.endswith("Nearest legal: 40 %.")
    assert refused(5, COARSE).message.endswith("Nearest legal: 0 %.")
    tight = LayeredBounds(person=layer(Layer.PERSON, "55 %"))
    assert refused(60, COARSE, tight).message.endswith("Nearest legal: 50 %.")
    assert cleared(40, COARSE).point(20).percent == 20


def test_above_100_is_refused_whatever_the_layers_say() -> None:
    assert refused(126).limit_id in ("L-INT", "L-DEV")
    with pytest.raises(LimitRefusedError, match="L-INT"):
        layer(Layer.PERSON, "101 %")


@pytest.mark.hazard("H18")
def test_a_limit_in_milliampere_is_never_left_out_in_silence() -> None:
    layers = LayeredBounds(person=(person_ceiling(20_000, "today"),))
    no = refused(40, layers=layers, ack=frozenset({ATTENDED}))
    assert (no.limit_id, no.kind) == (UNCALIBRATED, RefusalKind.NEEDS_ACKNOWLEDGEMENT)
    assert "20 mA" in no.message
    cleared(40, layers=layers)


def test_a_session_without_anybody_at_the_switch_is_refused() -> None:
    no = refused(40, ack=frozenset())
    assert (no.limit_id, no.needs_acknowledgement) == (ATTENDED, True)


def test_a_blocked_site_stays_blocked() -> None:
    no = refused(1, pads=Electrode(2_500, site="head"))
    assert no.limit_id == "C05"
    cleared(1, pads=Electrode(2_500, site="left-quadriceps"))


@pytest.mark.parametrize("percent", [-1, 1.5, True, "40 %", None, float("nan")])
def test_what_is_no_whole_percent_is_invalid(percent: Any) -> None:
    assert refused(percent).kind is RefusalKind.INVALID


def test_parts_that_are_not_what_they_claim_to_be_are_invalid() -> None:
    forged = object.__new__(PercentBounds)
    assert refused(bounds=forged).kind is RefusalKind.INVALID
    assert refused(bounds="gate").kind is RefusalKind.INVALID
    assert refused(pads=None).kind is RefusalKind.INVALID
    assert refused(layers=()).kind is RefusalKind.INVALID
    assert refused(layers=LayeredBounds(site=("x",))).kind is RefusalKind.INVALID  # type: ignore[arg-type]
    swapped = LayeredBounds(site=(session_ceiling(1_000, "x"),))
    no = refused(layers=swapped)
    assert no.kind is RefusalKind.INVALID
    assert "session bound was given for the site layer" in no.message
    wider = PercentBounds("gate", 2, 1, 100, 1, 200_000)
    object.__setattr__(wider, "highest_percent", 400)
    assert refused(200, wider).kind is RefusalKind.INVALID


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": 0}, {"channels": "2"}, {"lowest_percent": 0}, {"highest_percent": 101},
        {"lowest_percent": 60, "highest_percent": 50}, {"step_percent": 0},
        {"lowest_percent": 5, "step_percent": 2}, {"change_every_us": 0},
    ],
)  # fmt: skip
def test_bounds_that_cannot_be_are_no_bounds(wrong: dict[str, Any]) -> None:
    numbers = {
        "channels": 2, "lowest_percent": 1, "highest_percent": 100, "step_percent": 1,
        "change_every_us": 1,
    }  # fmt: skip
    with pytest.raises(UsageError):
        PercentBounds("x", **{**numbers, **wrong})


def test_a_point_is_genuine_within_its_clearance_only() -> None:
    one = cleared(40)
    point = one.point(40)
    assert point.percent == 40
    assert point.cleared is one
    assert is_genuine(point, IntensityPoint)
    percent: Any
    for percent in (41, -1, True, 1.0):
        with pytest.raises(LimitRefusedError, match="outside what was cleared"):
            one.point(percent)
        forged = tuple.__new__(IntensityPoint, (percent, one))
        assert not is_genuine(forged, IntensityPoint)
    assert not is_genuine(tuple.__new__(IntensityPoint, (40, object())), IntensityPoint)
    assert not is_genuine(tuple.__new__(IntensityPoint, (40,)), IntensityPoint)
    assert not is_genuine(40, IntensityPoint)
    assert is_genuine(one.point(0), IntensityPoint)


def test_lowering_needs_no_question_and_raising_is_none() -> None:
    one = cleared(40)
    lower = one.lowered_to(10)
    assert lower.percent == 10
    with pytest.raises(LimitRefusedError):
        lower.point(11)
    with pytest.raises(LimitRefusedError):
        one.lowered_to(41)
    assert one.lowered_to(0).point(0).percent == 0


def test_points_of_equal_intensity_are_equal() -> None:
    assert cleared(40).point(20) == cleared(60).point(20)
    assert cleared(40).point(20) != cleared(40).point(21)
    assert hash(cleared(40).point(20)) == hash(cleared(60).point(20))
    assert repr(cleared(40).point(20)) == "<IntensityPoint 20 %>"
    assert repr(cleared(40)) == "<ClearedIntensity up to 40 %>"


def test_no_trick_makes_a_clearance() -> None:
    one = cleared(40)
    for make in (ClearedIntensity, lambda: IntensityPoint((1, one))):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        pickle.dumps(one)
    with pytest.raises(TypeError):
        type("Mine", (ClearedIntensity,), {})
    with pytest.raises(TypeError):
        type("Mine", (IntensityPoint,), {})
    assert copy.copy(one) is one
    assert copy.deepcopy(one) is one
    forged = object.__new__(ClearedIntensity)
    assert repr(forged) == "<ClearedIntensity, not genuine>"
    with pytest.raises(BugError):
        _ = forged.percent
    with pytest.raises(AttributeError):
        one.percent = 90  # type: ignore[misc]


def test_the_register_forgets_with_the_clearance() -> None:
    one = cleared(40)
    key = id(one)
    assert key in module._register
    del one
    gc.collect()
    assert key not in module._register


def test_an_intensity_is_a_whole_percent_with_its_sign() -> None:
    assert parse_intensity_percent("40 %") == 40
    assert format_intensity(40) == "40 %"


CURRENT_PROOF = current_cleared(stim(20), envelope())


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (IntensityPoint, (20, CURRENT_PROOF)),
        (IntensityPoint, tuple(CURRENT_PROOF.point(20_000))),
        (SetPoint, (*CURRENT_PROOF.point(20_000)[:-1], cleared(40))),
        (SetPoint, (20, cleared(40))),
        (OutputPoint, (20, cleared(40))),
        (OutputPoint, tuple(CURRENT_PROOF.point(20_000))),
    ],
)
def test_a_point_of_one_scale_never_counts_within_a_clearance_of_another(
    kind: type[OutputPoint], values: tuple[int | Cleared | PulseShape | ClearedIntensity, ...]
) -> None:
    forged = tuple.__new__(kind, values)
    for asked in (IntensityPoint, SetPoint, OutputPoint):
        assert not is_genuine(forged, asked)
    assert not is_genuine(values, tuple)  # type: ignore[type-var]


@pytest.mark.hazard("H18")
def test_what_is_genuine_on_one_scale_is_not_what_a_driver_of_another_takes() -> None:
    percent, current = cleared(40), CURRENT_PROOF
    for genuine, kind, other in (
        (percent, ClearedIntensity, Cleared),
        (current, Cleared, ClearedIntensity),
        (percent.point(10), IntensityPoint, SetPoint),
        (current.point(500), SetPoint, IntensityPoint),
    ):
        assert is_genuine(genuine, kind)
        assert not is_genuine(genuine, other)
        assert not is_genuine(genuine, kind.__mro__[1])
    assert percent.point(0) != current.point(0)


def test_a_kind_of_clearance_that_somebody_makes_up_is_in_no_register() -> None:
    class Mine(Clearance):
        pass

    mine = object.__new__(Mine)
    assert not is_genuine(mine, Mine)
    assert not is_genuine(tuple.__new__(IntensityPoint, (1, mine)), IntensityPoint)
    with pytest.raises(BugError):
        _ = mine.most
    with pytest.raises(TypeError):
        Mine()


def test_a_clearance_says_its_scale_its_step_and_its_lowest_level() -> None:
    for one, told in (
        (cleared(40, COARSE), (PERCENT, 40, 10, 10)),
        (cleared(40), (PERCENT, 40, 1, 1)),
        (CURRENT_PROOF, (CURRENT, 20_000, 500, 500)),
    ):
        assert (one.scale, one.most, one.step, one.lowest) == told
        assert one.scale.limit == f"cleared {one.scale.name}"
    assert CURRENT_PROOF.digest() == CURRENT_PROOF.envelope.digest()


@pytest.mark.parametrize("values", [(20,), (20, 200, 20_000), ()])
def test_a_point_with_too_few_values_is_not_genuine(values: tuple[int, ...]) -> None:
    assert not is_genuine(tuple.__new__(SetPoint, (*values, CURRENT_PROOF)), SetPoint)
    longer = (20, *values, cleared(40)) if values else (cleared(40),)
    assert not is_genuine(tuple.__new__(IntensityPoint, longer), IntensityPoint)
