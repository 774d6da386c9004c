"""The verbs of stimctl, and the one place where an exception becomes an exit code.

A verb's module is loaded when it is named; what the verb needs is imported when it runs.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from stimctl.cli import failures
from stimctl.cli.output import put, say
from stimctl.cli.verbs import Verbs
from stimctl.errors import ExitCode, StimctlError
from stimctl.supervisor.device_names import EXAMPLE
from stimctl.version import __version__

PROGRAM = "stimctl"
_ABOUT = f"""Safety-first control of electrical stimulators over serial lines, with digital twins.

Research and simulation software, not a medical device.

First steps: stimctl protocols list, then stimctl rehearse tens-conventional --device sim:{EXAMPLE}
--amplitude 1=12mA --area 1=25cm2. At any time, from any shell: stimctl stop DEVICE."""

# Plain help: no boxes for screen readers and logs, and a third of the start-up time.
app = typer.Typer(
    name=PROGRAM,
    cls=Verbs,
    help=_ABOUT,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.")
    ] = False,
    no_color: Annotated[  # noqa: ARG001 - read by the output module
        bool, typer.Option("--no-color", help="No colour, as with NO_COLOR set.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Terminal UI with a whole session on the twin.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Terminal UI that watches a running session.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Text-only UI, for screen readers.")
    ] = False,
    theme: Annotated[
        str, typer.Option("--theme", metavar="NAME", help="night, day, cvd or mono.")
    ] = "",
    remote_ok: Annotated[
        bool, typer.Option("--remote-ok", help="Let the UI arm a device over SSH.")
    ] = False,
    stop_face: Annotated[
        list[str] | None,
        typer.Option(
            "--stop-face", metavar="NAME", help="A pedal or button that stops the UI's device."
        ),
    ] = None,
    find_channels: Annotated[
        bool,
        typer.Option(
            "--find-channels", help="Confirm each channel's site before the next is raised."
        ),
    ] = False,
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="INPUT=SOURCE", help="Where an input comes from."),
    ] = None,
) -> None:
    if version:
        put(f"{PROGRAM} {__version__}")
        raise typer.Exit
    asked = (demo, watch, plain, theme, remote_ok, stop_face, find_channels, input_)
    if context.invoked_subcommand is None and any(asked):
        from stimctl.tui.model.opening import Wishes
        from stimctl.tui.program import open_tui

        wishes = Wishes(
            demo, "" if watch else None, plain, theme, remote_ok, tuple(stop_face or ()),
            find_channels, inputs=tuple(input_ or ()),
        )  # fmt: skip
        raise typer.Exit(open_tui(wishes))
    if context.invoked_subcommand is None:
        put(context.get_help())


def run_cli(arguments: Sequence[str]) -> int:
    """Run one command line; every ending, orderly or not, is an exit code of `ExitCode`."""
    try:
        return _run(arguments)
    except OSError as error:  # only where the output itself cannot be written
        return failures.explain_lost_output(error)


class _Interrupts:
    """Ctrl-C as Python has it, and remembered: a library may make another error of it."""

    def __init__(self) -> None:
        self.came = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.came = True
        raise KeyboardInterrupt

    def end(self) -> None:
        """Leave the signal as it was found."""
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _run(arguments: Sequence[str]) -> int:
    interrupts = _Interrupts()
    try:
        return _ending(arguments, interrupts)
    finally:
        interrupts.end()


def _ending(arguments: Sequence[str], interrupts: _Interrupts) -> int:
    as_json = "--json" in arguments
    try:
        code = app(list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=as_json)
        sys.stdout.flush()
    except StimctlError as error:
        return failures.explain(error, as_json=as_json)
    except failures.CommandLineError as error:
        return failures.explain_usage(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        say("interrupted")
        return int(ExitCode.INTERRUPTED)
    except Exception as error:  # this is where bugs are caught and reported
        if interrupts.came:
            say("interrupted")
            return int(ExitCode.INTERRUPTED)
        if "--install-completion" in arguments:
            from stimctl.cli import completion

            return failures.explain(completion.not_installed(error), as_json=as_json)
        if isinstance(error, OSError) and failures.output_is_lost(error):
            raise
        return failures.explain_bug(error, arguments, as_json=as_json)
    return code if isinstance(code, int) else int(ExitCode.DONE)
