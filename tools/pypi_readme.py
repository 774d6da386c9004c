"""Metadata hook of hatchling: README.md as the long description, without links that lead nowhere.

On a package index a relative link or picture is dead. Where `project.urls` has a `Source`, it leads
there, to the tag of the release; where it has none, the words stay and the picture goes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!\w+:)([^)\s]+)\)\n*")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Fills the dynamic field `readme`."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the text in."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source", "")
        shown = long_description(text, source, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": shown}


def long_description(text: str, source: str, release: str) -> str:
    """README.md as it is shown outside of the repository."""
    if not source:
        return _LINK.sub(r"\1", _PICTURE.sub("", text))
    at = f"{source.rstrip('/')}/{{}}/v{release}/"
    text = _PICTURE.sub(lambda it: f"![{it[1]}]({at.format('raw')}{it[2]})\n\n", text)
    return _LINK.sub(rf"[\1]({at.format('blob')}\2)", text)
