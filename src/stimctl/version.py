"""The program's version, where `--version` finds it without importing anything else."""

__version__ = "0.1.0"

_digest = ""


def code_digest() -> str:
    """SHA-256 (hex) over the installed sources of stimctl and firmware_sim, computed once.

    An update changes it, also where the version number stays; so what was rehearsed with another
    program does not count. Takes some 30 ms, so nothing on the way to a stop may call it.
    """
    global _digest  # noqa: PLW0603 - computed once in a process
    if not _digest:
        _digest = _digest_of_sources()
    return _digest


def _digest_of_sources() -> str:
    import hashlib
    from pathlib import Path

    here = Path(__file__).resolve().parent
    # Beside the package where it is installed; beside `src` in a working copy.
    twins = next(
        (one for one in (here.parent, here.parents[1]) if (one / "firmware_sim").is_dir()), here
    )
    whole = hashlib.sha256()
    for folder in (here, twins / "firmware_sim"):
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            name = path.relative_to(folder.parent).as_posix()
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
