"""The pytest plug-in: a device on a line and a virtual bench as fixtures, watched by the invariant.

It is loaded in every pytest run of an environment that has stimctl: it adds three fixtures and two
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
    "twin(scenario=None, faults=(), seed=None, load=None, tcp=False, rules=None, device=''): what "
    "`device_twin`, `p24_twin` and `virtual_bench` give (stimctl)",
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
    from stimctl.testing.twins import Situation

    mark = request.node.get_closest_marker("twin")
    try:
        return Situation(*(() if mark is None else mark.args), **({} if not mark else mark.kwargs))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{request.node.nodeid}: @pytest.mark.twin: {error}") from error


@pytest.fixture
def device_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The twin that the mark names (`device=`), in a process of its own, on a pseudo terminal or
    (`tcp=True`) a TCP port.

    `url` is for any serial library; `record` and `ledger()` tell what reached the electrodes. When
    the test is over the invariant judges the record; `check()` does so at any time before.
    """
    yield from _on_a_line(request, tmp_path, "")


@pytest.fixture
def p24_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The same for a P24, whatever the mark says beside it."""
    yield from _on_a_line(request, tmp_path, str(request.fixturename).removesuffix("_twin"))


def _on_a_line(request: pytest.FixtureRequest, folder: Path, asked: str) -> Iterator[TwinOnALine]:
    situation = _situation(request)
    from stimctl.testing.twins import TwinOnALine

    try:
        device = situation.named(asked)
    except ValueError as error:
        raise pytest.UsageError(f"{request.node.nodeid}: {error}") from error
    judged = reason_without_invariant(request.node) is None
    with TwinOnALine(situation, folder / f"{device}-record.jsonl", device=device) as twin:
        yield twin
    if judged:
        twin.check()


@pytest.fixture
def virtual_bench(request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
    """Makes benches: engine, driver and twin in this process under a virtual clock.

    Takes what `stimctl.bench.Bench` takes; the twin is that of the mark unless one is given, and
    where the mark names no device `family` does. Every bench is judged by the strict rules, at the
    instant where one is broken.
    """
    situation = _situation(request)
    from stimctl.testing.twins import BenchMaker

    judged = reason_without_invariant(request.node) is None
    maker = BenchMaker(situation, judged=judged)
    yield maker
    maker.check()
