"""The samples of the treatment tests live beside the property tests, which share them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "property"))
