"""The JSON Schemas of the files, for editors."""

from __future__ import annotations

import json
from typing import Any

from stimctl.treatment.part import Part
from stimctl.treatment.schema import ProtocolBase, TreatmentProtocol


def json_schema(model: type[ProtocolBase] = TreatmentProtocol) -> dict[str, Any]:
    """The JSON Schema of a protocol file, for editors (`#:schema ./treatment-v1.json`)."""
    return json_schema_of(model, f"stimctl {model.title_of_schema}, {model.schema_id}")


def json_schema_of(model: type[Part], title: str) -> dict[str, Any]:
    """The JSON Schema of a kind of file whose values are texts with units."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    texts_only(schema)
    return schema


def schema_text(model: type[ProtocolBase] = TreatmentProtocol) -> str:
    """The text of the committed schema file."""
    return json.dumps(json_schema(model), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def texts_only(node: Any) -> None:
    """A quantity is text in the file: take away what is about the integer behind it."""
    if isinstance(node, list):
        for item in node:
            texts_only(item)
    if isinstance(node, dict):
        if node.get("type") == "string":
            for key in ("ge", "le"):
                node.pop(key, None)
            if isinstance(node.get("default"), int):
                del node["default"]
        for item in node.values():
            texts_only(item)
