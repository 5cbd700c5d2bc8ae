"""The ``inputs`` member of a request."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from harness.reference.protocol.decode import MAX_DIMENSION, Elements, decode_tensor
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.parameters import read_parameters
from harness.reference.protocol.raw import decode_raw
from harness.reference.protocol.rules import Rules
from harness.reference.protocol.tensors import NUMPY, Spec, Tensor

MAX_MADE_UP = 1_000_000

Carrier = Callable[[int, dict[str, Any]], bytes | None]
"""``(place among the inputs, entry) -> bytes`` of an input that has no data in the document, None for others."""


def nothing_carried(_: int, __: dict[str, Any]) -> bytes | None:
    """Every input has its data in the document."""
    return None


def read_inputs(
    document: dict[str, Any],
    specs: tuple[Spec, ...],
    rules: Rules,
    edits: list[Elements],
    carrier: Carrier = nothing_carried,
) -> dict[str, Tensor]:
    """Every input tensor, by name.

    Raises:
        Refusal: a missing, unknown or repeated input, or one that does not fit its description.
    """
    entries = _entries(document, rules)
    by_name = {spec.name: spec for spec in specs}
    found: dict[str, Tensor] = {}
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise Refusal("an entry of 'inputs' is no object")
        name = entry.get("name")
        if rules.inputs_by_position and index < len(specs):
            name = specs[index].name
        if not isinstance(name, str):
            raise Refusal("an input has no string 'name'")
        if name not in by_name:
            if rules.unknown_inputs:
                continue
            raise Refusal(f"the model has no input {name!r}", kind="name")
        if name in found and not rules.repeated_inputs:
            raise Refusal(f"input {name!r} is given twice")
        found[name] = read_input(entry, by_name[name], rules, edits, carrier(index, entry))
    missing = [spec.name for spec in specs if not spec.optional and spec.name not in found]
    if missing and not rules.missing_inputs and not (rules.no_inputs and not entries):
        raise Refusal(f"input {missing[0]!r} is missing", kind="name")
    return found


def _entries(document: dict[str, Any], rules: Rules) -> list[Any]:
    if "inputs" not in document:
        if rules.no_inputs:
            return []
        raise Refusal("missing member 'inputs'")
    entries = document["inputs"]
    if isinstance(entries, dict) and rules.inputs_object:
        return [
            {"name": name, "shape": [len(data)], "datatype": "FP32", "data": data} for name, data in entries.items()
        ]
    if not isinstance(entries, list):
        raise Refusal("member 'inputs' is no array")
    return entries


def read_input(
    entry: dict[str, Any], spec: Spec, rules: Rules, edits: list[Elements], raw: bytes | None = None
) -> Tensor:
    """One input, from its data or from ``raw``; see :func:`read_inputs`."""
    read_parameters(entry, f"input {spec.name!r}", rules)
    datatype = _datatype(entry, spec, rules)
    if raw is not None:
        if entry.get("datatype") != spec.datatype and not rules.any_datatype:
            # Bytes of another type have another length, so nothing is converted, however forgiving the server is.
            raise Refusal(f"input {spec.name!r} is {spec.datatype}, not {entry.get('datatype')}")
        return decode_raw(spec.name, datatype, _shape(entry, spec, [], rules), raw)
    data = _data(entry, spec, rules)
    shape = _shape(entry, spec, data, rules)
    nested = list in map(type, data)
    if len(shape) > 1 and (rules.refuse_nested if nested else rules.refuse_flat):
        raise Refusal(f"input {spec.name!r}: data must be {'flat' if nested else 'nested'}")
    return decode_tensor(spec.name, datatype, shape, data, rules, edits)


def _datatype(entry: dict[str, Any], spec: Spec, rules: Rules) -> str:
    if rules.any_datatype and "datatype" in entry:
        return spec.datatype
    if "datatype" not in entry:
        raise Refusal(f"input {spec.name!r}: missing member 'datatype'")
    found = entry["datatype"]
    if not isinstance(found, str) or found not in NUMPY:
        raise Refusal(f"input {spec.name!r}: {found!r} is no data type that this server knows")
    if found != spec.datatype and not rules.converts_datatype:
        raise Refusal(f"input {spec.name!r} is {spec.datatype}, not {found}")
    return spec.datatype


def _data(entry: dict[str, Any], spec: Spec, rules: Rules) -> list[Any]:
    if "data" not in entry:
        if rules.guesses_data:
            return [{"BOOL": False, "BYTES": ""}.get(spec.datatype, 0)] * _room(entry)
        raise Refusal(f"input {spec.name!r}: missing member 'data'")
    data = entry["data"]
    if isinstance(data, list):
        return data
    if rules.single_value_data:
        return [data] * _room(entry)
    raise Refusal(f"input {spec.name!r}: data is no array")


def _room(entry: dict[str, Any]) -> int:
    """How many elements a seeded fault may make up for an input; none where the shape is no shape, or is huge."""
    shape = entry.get("shape")
    sizes = shape if isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape) else [0]
    count = math.prod(sizes)
    return count if count <= MAX_MADE_UP else 0


def _shape(entry: dict[str, Any], spec: Spec, data: list[Any], rules: Rules) -> list[int]:
    """The concrete shape; every dimension an integer of at least 0 that the description allows."""
    if "shape" not in entry and not rules.guesses_shape:
        raise Refusal(f"input {spec.name!r}: missing member 'shape'")
    shape = entry.get("shape", [len(data)])
    if rules.any_shape:
        shape = _lenient_shape(shape)
    if not isinstance(shape, list):
        raise Refusal(f"input {spec.name!r}: shape is no array")
    for dimension in shape:
        if type(dimension) is not int:
            raise Refusal(f"input {spec.name!r}: a dimension is no integer")
        negative = dimension < 0 and not (rules.guesses_negative and dimension == -1)
        if negative or dimension > MAX_DIMENSION:
            raise Refusal(f"input {spec.name!r}: dimension {dimension} is out of range")
    fits = len(shape) == len(spec.shape) and all(
        want in (-1, got) or got == -1 for want, got in zip(spec.shape, shape, strict=True)
    )
    if not fits:
        raise Refusal(f"input {spec.name!r}: shape {shape} does not fit {list(spec.shape)}", kind="shape")
    return shape


def _lenient_shape(shape: Any) -> list[int]:
    """Whatever can be read as a shape, as careless servers do: "2,3", [2.0], ["2"], [true]."""
    parts = shape.split(",") if isinstance(shape, str) else shape
    try:
        return [int(part) for part in parts]
    except (TypeError, ValueError) as error:
        raise Refusal("shape cannot be read") from error
