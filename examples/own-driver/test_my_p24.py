"""My driver against the digital twin of a P24: the fixtures come with `pip install stimctl`."""

from __future__ import annotations

from typing import Any

import pytest
from my_p24 import P24

from firmware_sim.invariant import Rules

#: Besides the limits of the device: no jump of more than 1 mA in 250 ms, and no more than 5 mA.
GENTLE = Rules(needs_start=False, ceiling=5_000)


@pytest.mark.stimctl_twin(rules=GENTLE)
def test_it_raises_gently_and_leaves_no_output(p24_twin: Any) -> None:
    with P24(p24_twin.url) as stimulator:
        stimulator.raise_to(2)
    ledger = p24_twin.ledger()
    assert ledger[1].peak_ma == 2
    assert ledger[1].net_charge_uc == 0
    assert not ledger.running
    # Whether it was gentle the invariant judges, when the test is over.


def test_a_forgotten_stop_ends_by_the_watchdog_of_the_device(p24_twin: Any) -> None:
    P24(p24_twin.url).raise_to(0.5)
    p24_twin.wait_for(lambda rows: any(row.get("event") == "keep-alive expired" for row in rows))
    assert not p24_twin.ledger().running


@pytest.mark.stimctl_twin(faults=["mute@0s"])
def test_a_device_that_is_silent_is_an_error(p24_twin: Any) -> None:
    with pytest.raises(TimeoutError):
        P24(p24_twin.url)
