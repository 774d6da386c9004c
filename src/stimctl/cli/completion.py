"""What the shell may offer after a Tab: names of all that has names. Never an error."""

from __future__ import annotations

from stimctl.codes import Code
from stimctl.errors import StateError, StimctlError


def protocols(incomplete: str) -> list[str]:
    """Names of protocols: in milliampere, then in percent."""
    from stimctl.records import protocol_files
    from stimctl.records.places import user_protocol_folders

    kinds = (protocol_files.list_protocols, protocol_files.list_percent_protocols)
    try:
        folders = user_protocol_folders()
        names = [source.name for find in kinds for source in find(folders)]
    except (StimctlError, OSError, RuntimeError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def devices(incomplete: str) -> list[str]:
    """`sim:FAMILY`, and `FAMILY:PORT` for each serial port there is."""
    from stimctl.supervisor.device_names import FAMILIES, installed_families

    families = (*FAMILIES, *installed_families())
    names = [f"sim:{family}" for family in families]
    try:
        from stimctl.supervisor.ports import list_ports

        names += [f"{family}:{port.address}" for family in families for port in list_ports()]
    except (StimctlError, OSError):
        pass
    return [name for name in names if name.startswith(incomplete)]


def scenarios(incomplete: str) -> list[str]:
    """Names of scenarios."""
    from stimctl.bench.disturbances import scenario_names

    return [name for name in ("list", *scenario_names()) if name.startswith(incomplete)]


def faults(incomplete: str) -> list[str]:
    """Names of faults, with the @ that the time comes after."""
    from stimctl.bench.disturbances import fault_names

    names = ("list", *(f"{name}@" for name in fault_names()))
    return [name for name in names if name.startswith(incomplete)]


def sessions(incomplete: str) -> list[str]:
    """Ids of the recorded sessions, newest first, and the word `last`."""
    from stimctl.records.numbers import order_of
    from stimctl.records.places import journal_folder, state_folder
    from stimctl.records.rows import SUFFIX

    try:
        files = journal_folder(state_folder()).glob("*" + SUFFIX)
        found = (file.name.removesuffix(SUFFIX) for file in files)
        names = ["last", *sorted(found, key=order_of, reverse=True)]
    except (OSError, RuntimeError, StimctlError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def not_installed(error: Exception) -> StateError:
    """What `--install-completion` says where the shell's own files do not take it."""
    place = getattr(error, "filename", None)
    what = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return StateError(
        "the completion was not installed",
        code=Code.NOT_INSTALLED,
        why=f"{place}: {what}" if place else what,
        what_to_do="mend that file, or put what `stimctl --show-completion` prints where your "
        "shell reads it",
    )
