"""The program's version, where `--version` finds it without importing anything else."""

__version__ = "0.1.0"
