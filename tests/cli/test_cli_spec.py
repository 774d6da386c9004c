"""`stimctl spec`: the output table of a family, with the numbers of the safety facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Cli = Callable[..., Any]


def test_the_most_of_a_rehastim2_into_500_ohm_is_that_of_the_golden_vector(cli: Cli) -> None:
    table = cli("spec", "rehastim2", "--json").data
    at_500, at_2000, at_10000 = table["max_output"]
    # 130 mA, 500 us, 50 Hz symmetric: 29.069 mA r.m.s., 65 uC, 6.5 mA, 0.4225 W on 5 cm2 here.
    assert at_500["rms_ma"] == pytest.approx(29.069, abs=0.001)
    assert (at_500["phase_charge_uc"], at_500["average_ma"]) == (65.0, 6.5)
    assert at_500["power_density_w_cm2"] == pytest.approx(0.4225 / 5, abs=0.001)
    assert not at_500["falls_short"]
    assert at_2000["falls_short"]
    assert at_10000["current_ma"] == 15.4


@pytest.mark.parametrize("device", ["p24", "sim:p24", "rehastim2", "rehastim2:/dev/ttyUSB0"])
def test_every_family_has_a_table_with_its_four_protections(device: str, cli: Cli) -> None:
    result = cli("spec", device)
    assert result.code == 0, result.err
    for words in (
        "patient override",
        "automatic shut off",
        "net charge",
        "host death",
        "10000 ohm",
    ):
        assert words in result.out


def test_what_nobody_has_read_carries_its_mark_wherever_it_is_shown(cli: Cli) -> None:
    unit = cli("spec", "rehastim2", "--json").data["basic_unit"]
    assert unit["power source"] == "battery and mains (certainty M?)"
    assert cli("spec", "p24", "--json").data["basic_unit"]["isolation"] == "4 kV"


def test_an_unknown_family_is_refused_with_the_known_ones(cli: Cli) -> None:
    result = cli("spec", "p25")
    assert result.code == 2
    assert "rehastim2" in result.err


def test_of_a_device_without_current_nothing_is_told_in_milliampere(cli: Cli) -> None:
    result = cli("spec", "openemsstim")
    assert result.code == 0, result.err
    for words in ("uncalibrated", "1 % to 100 %", "under our rules", "patient override", "absent"):
        assert words in result.out
    assert " mA" not in result.out
    table = cli("spec", "openemsstim", "--json").data
    assert table["max_output"] == []
    assert table["output_after_host_death"]["as shipped"] == "nothing bounds it"
    assert table["output_after_host_death"]["under our rules"] == "1 s"


def test_a_treatment_is_refused_there_with_the_devices_that_would_do(cli: Cli) -> None:
    where = ("-d", "sim:openemsstim", "-a", "1=12mA", "--area", "1=25cm2")
    for verb in ("check", "run", "rehearse"):
        result = cli(verb, "tens-conventional", *where)
        assert result.code == 4, result.err
        assert "no current control" in result.err
        assert "p24 or rehastim2" in result.err
