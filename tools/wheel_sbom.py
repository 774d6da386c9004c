"""Build hook of hatchling: the wheel holds its software bill of materials (PEP 770, CycloneDX).

It says what is in the wheel and what the wheel asks for, as pyproject.toml does. What a machine
has installed is not in it: the same sources give the same bytes everywhere.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILE = "stimctl.cdx.json"
#: The top-level packages of the wheel, and what each is.
PARTS = {
    "stimctl": "the control program",
    "firmware_sim": "simulated devices, which share no code with the drivers",
}
#: Extras for work on stimctl itself. Nobody who runs the wheel installs them.
DEVELOPMENT = frozenset({"dev", "dist", "docs", "test"})


class SbomHook(BuildHookInterface[Any]):
    """Puts the file into `.dist-info/sboms/`; nothing of it stays in the working tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file before the wheel is built."""
        if version == "editable":
            return
        core = self.metadata.core
        whole = sbom(
            core.name, self.metadata.version, core.description, core.license_expression,
            core.dependencies, core.optional_dependencies,
        )  # fmt: skip
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, FILE)
        path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove it again."""
        if version != "editable":
            self._folder.cleanup()


def sbom(
    name: str,
    release: str,
    description: str,
    licence: str,
    required: Sequence[str],
    extras: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The bill of materials of one release, from the fields of pyproject.toml."""
    itself = f"pkg:pypi/{canonicalize_name(name)}@{release}"
    licences = [{"license": {"id": licence}}]
    needed = {_key(one): one for one in map(Requirement, required)}
    optional: dict[str, tuple[Requirement, list[str]]] = {}
    for extra in sorted(extras.keys() - DEVELOPMENT):
        for one in map(Requirement, extras[extra]):
            if canonicalize_name(one.name) != canonicalize_name(name) and _key(one) not in needed:
                optional.setdefault(_key(one), (one, []))[1].append(extra)
    components = [
        *(_external(one, "required", []) for _, one in sorted(needed.items())),
        *(_external(one, "optional", of) for _, (one, of) in sorted(optional.items())),
    ]
    body: dict[str, Any] = {
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {
                "components": [
                    {"type": "library", "name": "hatchling", "version": version("hatchling")}
                ]
            },
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": name,
                "version": release,
                "description": description,
                "licenses": licences,
                "purl": itself,
                "components": [
                    {
                        "type": "library", "bom-ref": f"{itself}#{part}", "name": part,
                        "version": release, "description": what, "licenses": licences,
                    }
                    for part, what in PARTS.items()
                ],
            },
        },
        "components": components,
        "dependencies": [
            {
                "ref": itself,
                "dependsOn": [one["bom-ref"] for one in components if one["scope"] == "required"],
            },
            *({"ref": one["bom-ref"]} for one in components),
        ],
    }  # fmt: skip
    content = json.dumps(body, sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        # Of the content, so that it is another one for another content and the same for the same.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, itself + content)}",
        "version": 1,
        **body,
    }


def _key(one: Requirement) -> str:
    return str(canonicalize_name(one.name))


def _external(one: Requirement, scope: str, extras: list[str]) -> dict[str, Any]:
    """A package that the wheel asks for and does not hold, with the versions that it accepts."""
    purl = f"pkg:pypi/{_key(one)}"
    # `vers` writes its constraints in the order of the versions: lower bounds before upper ones.
    bounds = sorted(one.specifier, key=lambda bound: (bound.operator.startswith("<"), str(bound)))
    written = "|".join(f"{bound.operator.replace('==', '')}{bound.version}" for bound in bounds)
    properties = [{"name": "stimctl:extra", "value": extra} for extra in extras]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": _key(one),
        "isExternal": True,
        "versionRange": f"vers:pypi/{written or '*'}",
        "scope": scope,
        "purl": purl,
        **({"properties": properties} if properties else {}),
    }
