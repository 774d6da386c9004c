"""How Sphinx makes the site of the pages: `make docs`.

The top folder is the source, so that a link between pages is the same on the site and where a
repository shows Markdown. The navigation is made here, of the files that there are.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

from stimctl.version import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "stimctl"
author = copyright = "The stimctl authors"
version = release = __version__
root_doc = "docs/README"
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
include_patterns = ["*.md", "docs/**.md", "protocols/README.md", "examples/**.md"]
# Folders that hold no page are not walked through. The README of a data set is the data set's.
exclude_patterns = [
    ".*", "build", "dist", "src", "tests", "tools", "benchmarks", "firmware_sim",
    "examples/nibs-bids", "**/__pycache__",
]  # fmt: skip

myst_heading_anchors = 3
myst_links_external_new_tab = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_numpy_docstring = False
nitpicky = True
# Types of Python and of packages have their pages elsewhere; ours that have none are no promise.
nitpick_ignore_regex = [("py:.*", r".*")]

html_theme = "furo"
html_title = f"stimctl {__version__}"
html_show_sourcelink = False
html_copy_source = False
# The front page lies in docs/; who opens the site's folder is led there.
html_additional_pages = {"index": "front.html"}
templates_path = ["templates"]

# The navigation: what stands first in its part, and a pattern for what follows it by name. A new
# page needs no entry.
_PARTS = {
    "docs/README": {
        "Tutorials": [
            "docs/tutorials/first-treatment", "docs/tutorials/first-protocol",
            "docs/tutorials/test-a-driver", "docs/tutorials/experiment", "docs/tutorials/*",
        ],
        "How-to": [
            "docs/how-to/install", "docs/how-to/*", "protocols/README",
            "examples/README", "examples/*/README",
        ],
        "Reference": [
            "docs/reference/cli", "docs/reference/python-api", "docs/reference/*",
            "docs/reference/exports/README", "docs/reference/wire/*",
        ],
        "Explanation": [
            "docs/explanation/safety-model", "docs/explanation/stop-path",
            "docs/explanation/twins", "docs/explanation/limits-of-the-claims",
            "docs/explanation/*", "docs/decisions/README",
        ],
        "Project": ["README", "*"],
    },
    "docs/decisions/README": {"": ["docs/decisions/*"]},
    "docs/reference/exports/README": {"": ["docs/reference/exports/*"]},
}  # fmt: skip


def pages_of(patterns: list[str], pages: set[str]) -> list[str]:
    """The pages that match, in the order of the patterns; `*` does not go into a folder."""
    found: dict[str, None] = {}
    for pattern in patterns:
        depth = pattern.count("/")
        found |= dict.fromkeys(
            one for one in sorted(pages) if fnmatch(one, pattern) and one.count("/") == depth
        )
    return list(found)


def _with_navigation(app: Sphinx, page: str, text: list[str]) -> None:
    for caption, patterns in _PARTS.get(page, {}).items():
        listed = pages_of(patterns, app.env.found_docs - {page})
        head = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), ""]
        text[0] += "\n\n" + "\n".join([*head, *(f"/{one}" for one in listed), "```"]) + "\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _with_navigation)
