"""The description `oip.openapi.yaml` filled in with the name, versions and tensors of one model.

Two of them, since one schema cannot serve two masters: what JSON Schema calls an integer (`7.0`) a server may refuse,
and a number just above the greatest FP32 it may round. The *narrow* one has values that every server must take, for
requests that should be accepted; the *wide* one has all that a server may take, for requests that should be refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("oip.openapi.yaml")
# Rows of a drawn request. The shape is written out for each: that it fits the data is beyond JSON Schema.
ROWS = (1, 3)
INT32 = (-(2**31), 2**31 - 1)
NARROW: dict[str, dict[str, Any]] = {
    "FP32": {"type": "number", "minimum": -1e30, "maximum": 1e30},
    "INT32": {"enum": [INT32[0], -257, -1, 0, 1, 7, 300, INT32[1]]},
}
WIDE: dict[str, dict[str, Any]] = {
    "FP32": {"type": "number"},
    "INT32": {"type": "integer", "minimum": INT32[0], "maximum": INT32[1]},
}


def description(metadata: dict[str, Any], *, narrow: bool) -> bytes:
    """OpenAPI as JSON for one model.

    Args:
        metadata: of the model, as the server gave it. Datatypes FP32 and INT32, rank 1.
        narrow: see above.

    Raises:
        KeyError: another datatype.
    """
    document = yaml.safe_load(TEMPLATE.read_bytes())
    schemas = document["components"]["schemas"]
    schemas["ModelName"] = {"enum": [metadata["name"]]}
    if metadata.get("versions"):
        schemas["Version"] = {"enum": list(metadata["versions"])}
    # Parameters of these names mean something to an extension, or of another kind than these may be refused: only
    # none at all is sure to be taken. What else they may be is not said to be wrong.
    schemas["Asked"] = {"type": "object", "maxProperties": 0} if narrow else {}
    schemas["Wanted"] = {"const": [{"name": each["name"]} for each in metadata["outputs"]]} if narrow else {}
    elements = NARROW if narrow else WIDE
    schemas["Inputs"] = {"anyOf": [_array(_tensors(metadata["inputs"], elements, rows, "Asked")) for rows in ROWS]}
    # Of an answer everything may come that is right for the datatype, and in any order.
    answers = [_tensors(metadata["outputs"], WIDE, rows, "Parameters") for rows in ROWS]
    schemas["Outputs"] = {"anyOf": [_array(each, any_order=True) for each in answers]}
    body = document["components"]["requestBodies"]["Infer"]["content"]["application/json"]
    body["example"] = {"id": "an example", "inputs": [_tensor(each, [1, 0, 7]) for each in metadata["inputs"]]}
    return json.dumps(document).encode()


def _tensor(of: dict[str, Any], data: Sequence[int]) -> dict[str, Any]:
    return {"name": of["name"], "datatype": of["datatype"], "shape": [len(data)], "data": list(data)}


def _array(items: Sequence[dict[str, Any]], *, any_order: bool = False) -> dict[str, Any]:
    """Schema of an array of as many tensors."""
    which = {"items": {"anyOf": items}} if any_order else {"prefixItems": items, "items": False}
    return {"type": "array", "minItems": len(items), "maxItems": len(items), **which}


def _tensors(
    specs: Sequence[dict[str, Any]], elements: dict[str, dict[str, Any]], rows: int, parameters: str
) -> list[dict[str, Any]]:
    """A schema for each tensor with that many rows; that of its parameters is named."""
    return [
        {
            "type": "object",
            "required": ["name", "datatype", "shape", "data"],
            "properties": {
                "name": {"const": spec["name"]},
                "datatype": {"const": spec["datatype"]},
                "shape": {"const": [rows]},
                "parameters": {"$ref": f"#/components/schemas/{parameters}"},
                "data": {"type": "array", "minItems": rows, "maxItems": rows, "items": elements[spec["datatype"]]},
            },
        }
        for spec in specs
    ]
