"""Only clear() makes a proof: no trick yields one with values that were not cleared."""

import copy
import gc
import pickle
from typing import Any

import pytest

from stimctl.errors import BugError, LimitRefusedError
from stimctl.safety import (
    Action,
    Bound,
    Cleared,
    Electrode,
    Envelope,
    Layer,
    Quantity,
    Refusal,
    RefusalKind,
    SetPoint,
    clear,
    clear_together,
    is_genuine,
    person_ceiling,
)
from stimctl.safety import cleared as cleared_module
from stimctl.safety import sealed as sealed_module
from stimctl.stimulus import (
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
    worst_second,
)
from stimctl.stimulus.level import CURRENT
from tests.support.safety_samples import ASYM, SYM, cleared, device, envelope, refused, stim

BOUNDS = envelope(person=[person_ceiling(58_000, "today")])


def invalid(stimulus: Any, bounds: Envelope | None = BOUNDS) -> Refusal:
    no = refused(stimulus, bounds)
    assert no.kind is RefusalKind.INVALID
    assert no.nearest is None
    return no


# --- what goes in ---------------------------------------------------------------------------


def test_model_construct_is_judged_by_its_values_not_by_its_class() -> None:
    pulse = Pulse.model_construct(
        shape=SYM, amplitude_ua=9_000_000, phase_width_us=200, interphase_gap_us=0,
        second_phase_ratio=1,
    )  # fmt: skip
    invalid(Stimulus.model_construct(**{**dict(stim()), "pulse": pulse}))
    over = Pulse.model_construct(**{**dict(stim().pulse), "amplitude_ua": 90_000})
    assert refused(stim().model_copy(update={"pulse": over}), BOUNDS).limit_id == "L-PAT"
    invalid(Stimulus.model_construct(frequency_mhz=50_000))  # type: ignore[call-arg]
    invalid(Stimulus.model_construct())  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "update",
    [
        {"amplitude_ua": 10**9},
        {"amplitude_ua": -1},
        {"amplitude_ua": 12_000.5},
        {"amplitude_ua": float("nan")},
        {"amplitude_ua": True},
        {"amplitude_ua": "12000"},
        {"amplitude_ua": None},
        {"phase_width_us": 0},
        {"second_phase_ratio": 7},
        {"shape": "biphasic-symmetric"},
        {"shape": object()},
        {"surprise": 1},
    ],
)
def test_model_copy_with_updates_is_validated_anew(update: dict[str, Any]) -> None:
    invalid(stim().model_copy(update={"pulse": stim().pulse.model_copy(update=update)}))


@pytest.mark.parametrize(
    "update",
    [
        {"frequency_mhz": 0},
        {"frequency_mhz": 50_000.0},
        {"pulse": None},
        {"pulse": {"amplitude_ua": 1}},
        {"burst": 3},
        {"cycle": Burst(pulses_per_burst=1, burst_frequency_mhz=1)},
        {"motor": 1},
    ],
)
def test_other_fields_are_validated_anew_too(update: dict[str, Any]) -> None:
    invalid(stim().model_copy(update=update))


def test_mutation_through_the_dictionary_is_seen() -> None:
    asked = stim()
    asked.pulse.__dict__["amplitude_ua"] = 90_000
    assert refused(asked, BOUNDS).limit_id == "L-PAT"
    object.__setattr__(asked.pulse, "amplitude_ua", -5)
    invalid(asked)
    asked.__dict__["frequency_mhz"] = "fast"
    invalid(asked)


def test_a_subclass_or_look_alike_is_no_stimulus() -> None:
    class Sneaky(Stimulus):
        pass

    invalid(Sneaky(**dict(stim())))
    invalid(dict(stim()))
    invalid(None)

    class SneakyPulse(Pulse):
        @property
        def second_phase_amplitude_ua(self) -> Any:
            return 0

    # a subclassed part is taken for its values only
    part = SneakyPulse(**dict(stim(90).pulse))
    no = refused(stim().model_copy(update={"pulse": part}), BOUNDS)
    assert no.limit_id in {"INVALID", "L-PAT"}


def test_what_is_whole_stays_clearable_after_a_copy_with_updates() -> None:
    lower = stim().model_copy(update={"frequency_mhz": 40_000})
    assert cleared(lower, BOUNDS).stimulus.frequency_mhz == 40_000


def test_a_tampered_envelope_is_not_trusted() -> None:
    for tamper in (
        lambda e: object.__setattr__(e, "added", None),
        lambda e: object.__setattr__(e, "added", ("no bound",)),
        lambda e: object.__setattr__(e, "electrode", None),
        lambda e: object.__setattr__(e, "profile", "anything goes"),
        lambda e: object.__setattr__(e.electrode, "area_mm2", -1),
        lambda e: object.__setattr__(e.device, "amplitude_max_ua", "lots"),
        lambda e: object.__setattr__(e.added[0], "value", float("nan")),
        lambda e: object.__setattr__(e.added[0], "value", float("inf")),
        lambda e: object.__setattr__(e.added[0], "quantity", "amplitude"),
    ):
        bounds = envelope(person=[person_ceiling(58_000, "today")])
        tamper(bounds)  # type: ignore[no-untyped-call]
        invalid(stim(), bounds)
    invalid(stim(), None)
    invalid(stim(), object.__new__(Envelope))


def test_no_envelope_is_without_the_built_in_limits() -> None:
    bare = Envelope(device(amplitude_max_ua=1_000_000), Electrode(500))
    assert refused(stim(200, 400, 75), bare).limit_id in {"L-J", "L-AMP"}
    loose = Bound("X", Layer.SITE, Quantity.CURRENT_DENSITY, 99, "mA/cm2", Action.BLOCK, "me", "D")
    assert refused(stim(100, 400, 75), bare.tightened(loose)).limit_id == "L-J"


# --- what comes out -------------------------------------------------------------------------


def answer(ma: float = 20.0, **more: Any) -> Cleared:
    return cleared(stim(ma, **more), BOUNDS)


def test_a_proof_shows_what_was_cleared() -> None:
    proof = answer()
    assert is_genuine(proof, Cleared)
    assert proof.stimulus == stim()
    assert proof.envelope == BOUNDS
    assert (proof.amplitude_ua, proof.period_us, proof.step) == (20_000, 20_000, 500)
    assert proof.warnings == ()
    assert repr(proof) == "<Cleared up to 20 mA>"


def test_what_a_proof_shows_are_copies() -> None:
    asked = stim()
    proof = cleared(asked, BOUNDS)
    asked.pulse.__dict__["amplitude_ua"] = 90_000
    shown = proof.stimulus
    shown.pulse.__dict__["amplitude_ua"] = 90_000
    shown_bounds = proof.envelope
    object.__setattr__(shown_bounds, "added", ())
    object.__setattr__(shown_bounds.device, "amplitude_max_ua", 10**6)
    object.__setattr__(BOUNDS.electrode, "site", None)
    assert proof.stimulus.pulse.amplitude_ua == proof.amplitude_ua == 20_000
    assert proof.envelope == BOUNDS
    with pytest.raises(LimitRefusedError):
        proof.point(90_000)


@pytest.mark.parametrize("kind", [Cleared, SetPoint])
def test_proofs_cannot_be_built_or_subclassed(kind: Any) -> None:
    for arguments in ((), (stim(), BOUNDS), ((SYM, 1, 2, 3, 4, 5, None),)):
        with pytest.raises(TypeError):
            kind(*arguments)
    with pytest.raises(TypeError):
        type("Sneaky", (kind,), {})
    with pytest.raises(TypeError):
        kind.__new__(kind)


def test_an_empty_shell_is_not_genuine() -> None:
    shell = object.__new__(Cleared)
    assert not is_genuine(shell, Cleared)
    assert repr(shell) == "<Cleared, not genuine>"
    for use in (
        lambda: shell.stimulus,
        lambda: shell.envelope,
        lambda: shell.amplitude_ua,
        lambda: shell.point(0),
        lambda: shell.lowered_to(0),
    ):
        with pytest.raises(BugError):
            use()
    assert not is_genuine(tuple.__new__(SetPoint), SetPoint)
    assert not is_genuine(None, SetPoint)
    assert not is_genuine(stim(), Cleared)


def test_attributes_cannot_be_set() -> None:
    proof, point = answer(), answer().point(10_000)
    for thing in (proof, point):
        for name, value in (("amplitude_ua", 90_000), ("stimulus", stim(90)), ("new", 1),
                            ("_record", None), ("__dict__", {})):  # fmt: skip
            for set_it in (setattr, object.__setattr__):
                with pytest.raises((AttributeError, TypeError)):
                    set_it(thing, name, value)
        with pytest.raises((AttributeError, TypeError)):
            del thing.amplitude_ua
    with pytest.raises(TypeError):
        point[1] = 90_000  # type: ignore[index]
    assert proof.amplitude_ua == 20_000


def test_changing_the_class_makes_nothing_genuine() -> None:
    class Shell:
        __slots__ = ("__weakref__",)

    other = Shell()
    try:
        other.__class__ = Cleared  # type: ignore[assignment]
    except TypeError:
        return
    assert not is_genuine(other, Cleared)


def test_copies_are_the_same_proof_and_nothing_can_be_pickled_or_replaced() -> None:
    proof = answer()
    for thing in (proof, proof.point(10_000)):
        assert copy.copy(thing) is thing
        assert copy.deepcopy(thing) is thing
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(thing, protocol)
        with pytest.raises(TypeError):
            thing.__reduce_ex__(2)
        replace = getattr(copy, "replace", None)
        if replace is not None:
            with pytest.raises(TypeError):
                replace(thing, amplitude_ua=90_000)


@pytest.mark.hazard("H08")
@pytest.mark.hazard("H08")
def test_a_forged_set_point_is_held_against_what_was_cleared() -> None:
    proof = answer(width_us=200)
    genuine = tuple(proof.point(10_000))

    def forged(**changes: Any) -> Any:
        names = (
            "shape", "amplitude", "width", "gap", "ratio", "period", "pulses", "interval",
            "cleared",
        )  # fmt: skip
        values = {**dict(zip(names, genuine, strict=True)), **changes}
        return tuple.__new__(SetPoint, tuple(values.values()))

    assert is_genuine(forged(), SetPoint)
    shell = object.__new__(Cleared)
    for changes in (
        {"amplitude": 20_500}, {"amplitude": -500}, {"amplitude": 10_001}, {"amplitude": 1e4},
        {"amplitude": True}, {"width": 201}, {"width": 199}, {"width": 200.0},
        {"period": 19_500}, {"period": 20_500}, {"period": 2e4}, {"gap": 1}, {"gap": False},
        {"ratio": 2}, {"ratio": True}, {"shape": ASYM}, {"shape": "biphasic-symmetric"},
        {"pulses": 2}, {"pulses": True}, {"interval": 5_000}, {"interval": 0.0},
        {"cleared": None}, {"cleared": shell}, {"cleared": stim()}, {"more": 1},
    ):  # fmt: skip
        assert not is_genuine(forged(**changes), SetPoint), changes
    assert not is_genuine(genuine, SetPoint)
    for values in (genuine[1:], genuine[-1:], (*genuine[:-1], 1, proof)):
        assert not is_genuine(tuple.__new__(SetPoint, values), SetPoint)


def test_a_proof_says_on_which_scale_it_is() -> None:
    assert answer().scale is CURRENT


def test_a_proof_is_forgotten_with_its_object() -> None:
    proof = answer()
    key = id(proof)
    assert key in sealed_module._register
    point = proof.point(1_000)
    del proof
    gc.collect()
    assert is_genuine(point, SetPoint)  # the set-point keeps its proof alive
    del point
    gc.collect()
    assert key not in sealed_module._register


def test_the_seal_judges_for_itself() -> None:
    with pytest.raises(BugError):
        cleared_module.seal(stim(90), BOUNDS, frozenset())


# --- lower, and set-points ------------------------------------------------------------------


def test_lowering_needs_no_new_judgement_and_never_raises() -> None:
    lower = answer().lowered_to(10_000)
    assert is_genuine(lower, Cleared)
    assert lower.amplitude_ua == lower.stimulus.pulse.amplitude_ua == 10_000
    wrong: Any
    for wrong in (10_500, 9_999, -500, True, 5e3, "5 mA"):
        with pytest.raises(LimitRefusedError):
            lower.lowered_to(wrong)
    assert is_genuine(lower.lowered_to(0), Cleared)


@pytest.mark.hazard("H49")
def test_a_proof_says_what_a_second_may_hold_and_a_lowered_one_less() -> None:
    proof = answer(20, burst=Burst(pulses_per_burst=5, burst_frequency_mhz=1_900))
    assert proof.second == worst_second(proof.stimulus) == (10, 10 * 2 * 20_000**2 * 200, 10 * 8e6)
    lower = proof.lowered_to(10_000)
    assert lower.second == (10, 10 * 2 * 10_000**2 * 200, 10 * 4e6)
    assert proof.second.pulses == 10
    assert lower.lowered_to(0).second == (10, 0, 0)


def test_a_proof_knows_its_shortest_period_and_whom_it_was_cleared_with() -> None:
    swept = Sweep(lowest=20_000, highest=80_000, period_us=1_000_000, shape=SweepShape.SINE)
    alone = cleared(stim(20, 200, 50, frequency_sweep=swept), BOUNDS)
    assert (alone.shortest_period_us, alone.together) == (12_500, None)
    both = clear_together({1: (stim(), BOUNDS), 2: (stim(), BOUNDS)})
    assert not isinstance(both, Refusal)
    assert both[1].together is both[2].together is not None
    assert both[1].together.pulses == 100


def test_a_set_point_says_what_the_channel_is_set_to() -> None:
    proof = cleared(stim(20, 200, 30, ASYM, 4, gap_us=100), envelope())
    point = proof.point(8_000)
    assert is_genuine(point, SetPoint)
    assert (point.shape, point.amplitude_ua, point.phase_width_us) == (ASYM, 8_000, 200)
    assert (point.interphase_gap_us, point.second_phase_ratio) == (100, 4)
    assert point.period_us == 33_500  # 30 Hz on a 500 us grid, never faster
    assert point.cleared is proof
    assert "amplitude_ua=8000" in repr(point)
    with pytest.raises(LimitRefusedError):
        proof.point(8_500)  # the second phase would be off the grid


def test_set_points_stay_within_the_sweeps() -> None:
    sweep = Sweep(lowest=20_000, highest=100_000, period_us=6_000_000, shape=SweepShape.SINE)
    widths = Sweep(lowest=100, highest=300, period_us=6_000_000, shape=SweepShape.SINE)
    proof = answer(frequency_sweep=sweep, width_sweep=widths)
    assert proof.point(20_000, 300, 10_000).phase_width_us == 300
    assert proof.point(0, 100, 50_000).period_us == 50_000
    for wrong in ((20_000, 301), (20_000, 99), (20_000, 200, 9_500), (20_000, 200, 50_500),
                  (20_000, 200, 10_250), (20_500,), (True,), (1.0,)):  # fmt: skip
        with pytest.raises(LimitRefusedError) as caught:
            proof.point(*wrong)
        assert "cleared are 0 to 20 mA" in str(caught.value)


def test_equal_set_points_are_equal_whoever_made_them() -> None:
    one, other = answer().point(10_000), answer(30).point(10_000)
    assert one == other
    assert hash(one) == hash(other)
    assert one != answer().point(10_500)
    assert one != tuple(one)
    assert len({one, other}) == 1


def test_one_part_of_every_kind_survives_the_round_trip() -> None:
    sweep = Sweep(lowest=20_000, highest=100_000, period_us=6_000_000, shape=SweepShape.SINE)
    cycle = Cycle(on_us=5_000_000, off_us=6_000_000, ramp_up_us=1_000_000, ramp_down_us=500_000)
    burst = Burst(pulses_per_burst=5, burst_frequency_mhz=2_000)
    asked = stim(motor=True, cycle=cycle, burst=burst, frequency_sweep=sweep)
    assert cleared(asked, BOUNDS).stimulus == asked
    assert type(cleared(asked, BOUNDS).stimulus.pulse.shape) is PulseShape


def test_clear_is_what_it_says() -> None:
    assert isinstance(clear(stim(), BOUNDS), Cleared)
