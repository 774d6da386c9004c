"""Makes docs/reference/errors.md from the error classes and the exit codes.

`python -m tools.make_errors` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from stimctl import errors
from stimctl.errors import ExitCode, StimctlError
from tools.markdown import table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "errors.md"
_HEAD = """# Errors and exit codes

Made by `python -m tools.make_errors` from `stimctl.errors`; do not edit.

Every error says what happened, why, and what to do. From the command line these are three lines
on stderr and an exit code; with `--json` also one object on stdout (`stimctl.error/1`). From
Python it is an exception. Programs compare `code`; the words are for people and may change.
"""
MEANINGS = {
    ExitCode.DONE: "Done, as asked.",
    ExitCode.REFUSED: "Refused, or ended otherwise than planned; zero is verified.",
    ExitCode.USAGE: "The command, a value or a file is wrong. Nothing was sent.",
    ExitCode.NO_DEVICE: "No device, another one than named, a busy port, or the link failed.",
    ExitCode.LIMIT: "A limit forbids it. The message names it, and the nearest value allowed.",
    ExitCode.DEVICE_FAULT: "The device reported a fault, or did not do what was commanded.",
    ExitCode.NOT_CONFIRMED_ZERO: "**Zero could not be confirmed.** Pull the electrode cable.",
    ExitCode.INTEGRITY: "A record cannot be written or read, or is not what was recorded.",
    ExitCode.NOT_ON_THIS_SYSTEM: "This operating system cannot do it; the message says what can.",
    ExitCode.BUG: "An internal error. The message names the file of the report.",
    ExitCode.INTERRUPTED: "Ctrl-C. A device that was open was stopped and zero verified.",
    ExitCode.TERMINATED: "SIGTERM. A device that was open was stopped and zero verified.",
}  # fmt: skip


def classes() -> list[type[StimctlError]]:
    """The error classes, in the order of the module."""
    found = inspect.getmembers(errors, inspect.isclass)
    ours = [one for _, one in found if issubclass(one, StimctlError) and one is not StimctlError]
    return sorted(ours, key=lambda one: inspect.getsourcelines(one)[1])


def page() -> str:
    """The whole page."""
    codes = [(int(one), f"`{one.name}`", MEANINGS[one]) for one in ExitCode]
    rows = [
        (
            f"`{one.__name__}`", _is_a(one), _code(one), int(one.exit_code),
            inspect.cleandoc(one.__doc__ or ""), ", ".join(f"`{name}`" for name in _more(one)),
        )
        for one in classes()
    ]  # fmt: skip
    head = ("class", "is a", "code", "exit code", "meaning", "more fields")
    return "\n".join(
        [
            _HEAD,
            "## Exit codes\n",
            table(("code", "name", "meaning"), codes),
            "## Errors\n",
            "All are in `stimctl.errors`. Each has `what`, `why` and `what_to_do`; "
            "`as_dict()` gives all fields.\n",
            table(head, rows),
            "Codes that stand beside a refusal, a stop, an alarm or a prompt are listed with the "
            "[events](events.md#codes-of-refusals-and-causes).",
            "",
        ]
    )


def _is_a(one: type[StimctlError]) -> str:
    return f"`{one.__bases__[0].__name__}`"


def _code(one: type[StimctlError]) -> str:
    parameters = inspect.signature(one).parameters
    if "code" in parameters and parameters["code"].default is inspect.Parameter.empty:
        return "one for each cause"
    made = _made(one)
    return f"`{made.code}`"


def _more(one: type[StimctlError]) -> list[str]:
    plain = StimctlError("").as_dict()
    return [name for name in _made(one).as_dict() if name not in plain]


def _made(one: type[StimctlError]) -> StimctlError:
    needs_code = inspect.signature(one).parameters.get("code")
    if needs_code is not None and needs_code.default is inspect.Parameter.empty:
        return one("", code="")  # type: ignore[call-arg]
    return one("")


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
