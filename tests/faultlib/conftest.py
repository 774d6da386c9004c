"""The host in virtual time lives beside the tests of the twin, which share it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "firmware_sim"))
