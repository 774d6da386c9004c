"""The program's entry: `stop`, `--version`, `sessions list` and the terminal UI at once.

They must be quick: `stop` has 60 ms to its first byte, `--version` 120 ms to its end, the list of
10,000 sessions 200 ms, the UI 350 ms to its first paint. So none waits for the command-line
framework, by which the rest goes, and nothing is imported before it is needed.
"""

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code (see `stimctl.errors.ExitCode`)."""
    arguments = sys.argv[1:] if argv is None else argv
    _replace_closed_streams()
    if arguments[:1] == ["stop"]:
        return _stop(arguments[1:])
    from stimctl.terminal_text import fit_streams

    fit_streams(sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    if arguments in (["--version"], ["-V"]):
        from stimctl.version import __version__

        try:
            sys.stdout.write(f"stimctl {__version__}\n")
            sys.stdout.flush()
        except OSError as error:
            from stimctl.cli.failures import explain_lost_output

            return explain_lost_output(error)
        return 0
    try:
        if not arguments or (arguments[0].startswith("--") and arguments[0] != "--help"):
            opened = _open_tui(arguments)
            if opened is not None:
                return opened
        if arguments == ["sessions", "list"]:
            listed = _list_sessions()
            if listed is not None:
                return listed
        from stimctl.cli.app import run_cli

        return run_cli(arguments)
    except KeyboardInterrupt:  # while modules were loaded: no device has been touched yet
        return 130  # ExitCode.INTERRUPTED


def _open_tui(arguments: list[str]) -> int | None:
    """The terminal UI without the command line's imports; None where that is not what is asked.

    Its first paint has 350 ms. Errors and everything else go the long way, which says them well.
    """
    from stimctl.tui.model.opening import parse_wishes
    from stimctl.tui.program import is_interactive

    wishes = parse_wishes(arguments)
    if wishes is None or not is_interactive():
        return None
    from stimctl.errors import StimctlError
    from stimctl.terminal_text import printable
    from stimctl.tui.program import open_tui

    try:
        return open_tui(wishes)
    except StimctlError as error:
        words = f"stimctl: {printable(str(error))}\n"
        sys.stderr.write(words)
        if not sys.stderr.isatty():  # sent to a file, where nobody would see it
            sys.stdout.write(words)
        return int(error.exit_code)


def _list_sessions() -> int | None:
    """The first page of the sessions without the command line's imports, which take longer than it.

    None where that fails: the long way meets the same error and says it well.
    """
    from stimctl.cli.session_list import journals, put_sessions

    try:
        put_sessions(journals())
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130  # ExitCode.INTERRUPTED
    except Exception:  # noqa: BLE001 - whatever it is, the long way says it
        return None
    return 0


def _replace_closed_streams() -> None:
    """Put the null device where the caller has closed a standard stream.

    Otherwise the next file that is opened, a journal or the serial port, would take its number,
    and words for a person would go there.
    """
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(fd, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - by number


def _stop(arguments: list[str]) -> int:
    try:
        from stimctl.supervisor.stop import stop_main

        return stop_main(arguments)
    except KeyboardInterrupt:  # before the stop itself could answer it
        sys.stderr.write("stimctl: interrupted. OUTPUT UNKNOWN: pull the electrode cable\n")
        return 6  # ExitCode.NOT_CONFIRMED_ZERO
    except Exception as error:  # noqa: BLE001 - whatever it is, the words must come out
        sys.stderr.write(
            f"stimctl: the stop failed by an internal error ({error!r}).\n"
            "OUTPUT UNKNOWN: pull the electrode cable or switch off the device\n"
        )
        return 6  # ExitCode.NOT_CONFIRMED_ZERO, without importing anything that may be broken


if __name__ == "__main__":
    sys.exit(main())
