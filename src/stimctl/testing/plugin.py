"""The pytest plug-in: a device on a line and a virtual bench as fixtures, watched by the invariant.

It is loaded in every pytest run of an environment that has stimctl: it adds fixtures and marks,
changes nothing else, and imports what a fixture needs when the fixture is asked for. The names are
those of devices or say stimctl: `virtual_bench`, `device_twin` and the mark `twin` are other
projects' words too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stimctl.bench import Bench
    from stimctl.testing.twins import TwinOnALine

_MARK, _OLD_MARK = "stimctl_twin", "twin"
_MARKS = (
    f"{_MARK}(scenario=None, faults=(), seed=None, load=None, tcp=False, rules=None, device=''): "
    "what `stimulator_twin`, `p24_twin` and its like, and `stimctl_bench` give (stimctl)",
    f"{_OLD_MARK}(...): the old name of {_MARK}, until stimctl 0.3",
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

    mark = request.node.get_closest_marker(_MARK) or _old_mark(request.node)
    if mark is None:
        return Situation()
    try:
        return Situation(*mark.args, **mark.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{request.node.nodeid}: @pytest.mark.{_MARK}: {error}") from error


def _old_mark(node: Any) -> Any:
    """The mark by its old name; one that says nothing is perhaps another project's."""
    mark = node.get_closest_marker(_OLD_MARK)
    if mark is None or not (mark.args or mark.kwargs):
        return None
    words = f"write @pytest.mark.{_MARK}, not {_OLD_MARK}: that name ends with stimctl 0.3"
    node.warn(pytest.PytestDeprecationWarning(words))
    return mark


@pytest.fixture
def stimulator_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The twin that the mark names (`device=`), in a process of its own, on a pseudo terminal or
    (`tcp=True`) a TCP port.

    `url` is for any serial library; `record` and `ledger()` tell what reached the electrodes. When
    the test is over the invariant judges the record; `check()` does so at any time before.
    """
    yield from _on_a_line(request, tmp_path, "")


@pytest.fixture
def p24_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The same for a P24, whatever the mark says beside it."""
    yield from _named_by_its_fixture(request, tmp_path)


@pytest.fixture
def rehamove3_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The same for a RehaMove3."""
    yield from _named_by_its_fixture(request, tmp_path)


@pytest.fixture
def rehastim2_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The same for a RehaStim2."""
    yield from _named_by_its_fixture(request, tmp_path)


@pytest.fixture
def openemsstim_twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwinOnALine]:
    """The same for an openEMSstim."""
    yield from _named_by_its_fixture(request, tmp_path)


def _named_by_its_fixture(request: Any, folder: Path) -> Iterator[TwinOnALine]:
    return _on_a_line(request, folder, str(request.fixturename).removesuffix("_twin"))


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
    if judged and (broken := _broken(twin)):  # one line, without the way through the judge
        pytest.fail(f"the output broke a safety rule: {broken}", pytrace=False)


def _broken(twin: TwinOnALine) -> str:
    from stimctl.testing.twins import InvariantBrokenError

    try:
        twin.check()
    except InvariantBrokenError as error:
        return str(error)
    return ""


@pytest.fixture
def stimctl_bench(request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
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
