"""`python -m stimctl.testing.check_driver NAME`: all checks of a family, as one line of JSON.

In a process of its own: what the package loads and does is seen, and does not stay.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from stimctl.devices.packages import TWINS, Package, package_of
from stimctl.testing.contract import HEAVY, STANDARD, flaws_of, loaded_beside

_FORBIDDEN_EVENTS = ("open", "socket.", "subprocess.", "os.", "ctypes.", "_thread.", "shutil.")
_SHOWN = 5


class _Watch:
    """Hears from the interpreter what is done while code of a driver runs."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self.inside = 0
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.inside and event.startswith(_FORBIDDEN_EVENTS) and not _is_import(event, arguments):
            self.heard.add(event)

    def around(self, driver: Any) -> Any:
        """The driver, each of its calls watched."""
        watch = self

        class Watched:
            def __getattr__(self, name: str) -> Any:
                watch.inside += 1
                try:
                    found = getattr(driver, name)
                finally:
                    watch.inside -= 1
                if not callable(found):
                    return found

                def call(*arguments: Any) -> Any:
                    watch.inside += 1
                    try:
                        return found(*arguments)
                    finally:
                        watch.inside -= 1

                return call

        return Watched()


def _is_import(event: str, arguments: tuple[Any, ...]) -> bool:
    """Python itself reads modules while a call loads one late."""
    if event in ("os.listdir", "os.scandir"):
        return True
    return event == "open" and str(arguments[0]).endswith((".py", ".pyc"))


def main(argv: list[str]) -> int:
    """Check the family; 0 where all checks were made, whatever they found."""
    (name,) = argv
    # What its code prints must not stand before the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    checks: list[dict[str, Any]] = []

    def check(title: str, task: Callable[[], str]) -> bool:
        try:
            detail = task()
        except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed
            detail = f"{error}" or repr(error)
            traceback.print_exc()
        checks.append({"name": title, "ok": not detail, "detail": detail[:400]})
        return not detail

    package = package_of(name)
    driver_tops = tuple(top for top in package.tops if top not in _twin_tops(name, package))
    sound = check("contract: source", lambda: _join(map(str, flaws_of(driver_tops))))
    # What breaks the contract by its text is not run.
    sound = sound and check("contract: loading", lambda: _loading(name, driver_tops))
    if sound and check("stop: loads nothing heavy", lambda: _stop_is_light(name)):
        _run_kit(name, check)
    answer.write(json.dumps({"checks": checks}) + "\n")
    answer.flush()
    return 0


def _twin_tops(name: str, package: Package) -> set[str]:
    """The twin is another program's part: it may do what it likes, where it stands apart."""
    from importlib.metadata import entry_points

    twins = {one.module.partition(".")[0] for one in entry_points(group=TWINS, name=name)}
    from stimctl.devices.family import ENTRY_POINTS

    drivers = {one.module.partition(".")[0] for one in entry_points(group=ENTRY_POINTS, name=name)}
    return (twins - drivers) & set(package.tops)


def _loading(name: str, tops: tuple[str, ...]) -> str:
    """Load sheet, driver and stop sequence, and see what comes with them."""
    for one in sorted(STANDARD):
        import_module(one)
    for one in ("stimctl.supervisor.families", "stimctl.devices.output_check"):
        import_module(one)
    before = frozenset(sys.modules)
    from stimctl.devices.family import load
    from stimctl.supervisor.families import family_named

    family = family_named(name)
    load(family.row.stop)
    return _join(f"loads {one}" for one in loaded_beside(before, tops))


def _stop_is_light(name: str) -> str:
    """In a bare interpreter: the stop sequence must not keep the first byte waiting."""
    from stimctl.devices.family import family_row

    stop = family_row(name).stop
    code = (
        "import sys; before = set(sys.modules)\n"
        "from stimctl.devices.family import load\n"
        f"load({stop!r})(7).next_bytes()\n"
        "print(' '.join(set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True, text=True, check=False, env=environment, timeout=60,
    )  # fmt: skip
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2]
    return _join(f"loads {one}" for one in sorted(HEAVY & set(done.stdout.split())))


def _run_kit(name: str, check: Callable[[str, Callable[[], str]], bool]) -> None:
    from stimctl.testing import conformance_world
    from stimctl.testing.conformance import Conformance, checks_of

    watch = _Watch()
    original = conformance_world.World.new_driver

    def new_driver(world: conformance_world.World) -> Any:
        return watch.around(original(world))

    setattr(conformance_world.World, "new_driver", new_driver)  # noqa: B010 - a wrapper around it
    kit = type("Kit", (Conformance,), {"family": name})()
    for one in checks_of(Conformance):
        title = one.removeprefix("test_").replace("_", " ")
        title = f"stop: {title}" if "stop_sequence" in one or "stop_from" in one else title

        def task(one: str = one) -> str:
            getattr(kit, one)()
            return ""

        check(title, task)
    check("contract: calls", lambda: _join(f"does {event}" for event in sorted(watch.heard)))


def _join(found: Any) -> str:
    texts = list(found)
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
