"""The pytest plug-in: a P24 on a line and a virtual bench as fixtures, watched by the invariant.

It is loaded in every pytest run of an environment that has stimctl: it adds two fixtures and two
marks, changes nothing else, and imports what a fixture needs when the fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stimctl.bench import Bench
    from stimctl.testing.twins import TwinOnALine

_MARKS = (
    "twin(scenario=None, faults=(), seed=None, load=None, tcp=False, rules=None): which P24 "
    "`p24_twin` and `virtual_bench` give (stimctl)",
    "no_invariant(why): do not judge the output of this test's twins (stimctl)",
)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)


def reason_without_invariant(node: Any) -> str | None:
    """Why the twins of a test are not judged; None where they are. A mark needs its reason."""
    mark = node.get_closest_marker("no_invariant")
    if mark is None:
        return None
    reason = mark.args[0] if len(mark.args) == 1 and not mark.kwargs else None
    if not isinstance(reason, str) or not reason.strip():
        raise pytest.UsageError(f'{node.nodeid}: write @pytest.mark.no_invariant("why")')
    return reason


def _situation(request: pytest.FixtureRequest) -> Any:
    from stimctl.testing.ours import load_ours

    load_ours()  # before anything that imports firmware_sim
    from stimctl.testing.twins import FaultError, Situation

    mark = request.node.get_closest_marker("twin")
    try:
        return Situation(*(() if mark is None else mark.args), **({} if not mark else mark.kwargs))
    except (TypeError, FaultError) as error:
        raise pytest.UsageError(f"{request.node.nodeid}: @pytest.mark.twin: {error}") from error


@pytest.fixture
def p24_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """A P24 twin in a process of its own, on a pseudo terminal or (`tcp=True`) a TCP port.

    `url` is for any serial library; `record` and `ledger()` tell what reached the electrodes. When
    the test is over the invariant judges the record; `check()` does so at any time before.
    """
    situation = _situation(request)
    from stimctl.testing.twins import TwinOnALine

    judged = reason_without_invariant(request.node) is None
    with TwinOnALine(situation, tmp_path / "p24-record.jsonl") as twin:
        yield twin
    if judged:
        twin.check()


@pytest.fixture
def virtual_bench(request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
    """Makes benches: engine, driver and twin in this process under a virtual clock.

    Takes what `stimctl.bench.Bench` takes; the twin is that of the mark unless one is given. Every
    bench is judged by the strict rules, at the instant where one is broken.
    """
    situation = _situation(request)
    from stimctl.testing.twins import BenchMaker

    judged = reason_without_invariant(request.node) is None
    maker = BenchMaker(situation, judged=judged)
    yield maker
    maker.check()
