"""Requests to send, and tolerant readings of answers.

The readings are for making inputs, never for judging: what is malformed is passed over, and checks look at the JSON
itself. Source: inference_rest.md, "API Definitions" and the JSON objects below it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.wire.tensor import Tensor, flatten, is_large, product, refuse_large, to_json


@dataclass(frozen=True, slots=True)
class InferRequest:
    """An inference request.

    Attributes:
        outputs: names of requested outputs, or whole JSON objects; None leaves the member out.
        extra: further members of the JSON object, sent as they are.
    """

    inputs: tuple[Tensor, ...]
    id: str | None = None
    outputs: tuple[str | Mapping[str, Any], ...] | None = None
    parameters: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_value(self, *, nested: bool = False) -> dict[str, Any]:
        """The request as a JSON object.

        Raises:
            ValueError: a tensor cannot be written; see :func:`harness.wire.tensor.to_json`.
        """
        value: dict[str, Any] = {}
        if self.id is not None:
            value["id"] = self.id
        if self.parameters is not None:
            value["parameters"] = dict(self.parameters)
        value["inputs"] = [to_json(tensor, nested=nested) for tensor in self.inputs]
        if self.outputs is not None:
            value["outputs"] = [{"name": each} if isinstance(each, str) else dict(each) for each in self.outputs]
        return {**value, **self.extra}

    def to_bytes(self, *, nested: bool = False, allow_nan: bool = False) -> bytes:
        """The request as compact JSON in UTF-8; floats in the shortest form that reads back the same.

        Raises:
            ValueError: NaN or an infinity without ``allow_nan``, or text that UTF-8 cannot hold.
        """
        text = json.dumps(self.to_value(nested=nested), allow_nan=allow_nan, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8")

    @property
    def is_large(self) -> bool:
        """Whether an input has so many elements that it travels as raw bytes only."""
        return any(is_large(len(tensor.elements)) for tensor in self.inputs)

    def refuse_large(self, form: str) -> None:
        """Let a request pass that may be made in a form of this name.

        Raises:
            harness.wire.tensor.TooLarge: it may not.
        """
        for tensor in self.inputs:
            refuse_large(tensor, form)


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """Name, datatype and shape as in model metadata; -1 is a dimension of any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """What could be read of server metadata."""

    name: str | None
    version: str | None
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What could be read of model metadata; ``parameters`` are the texts that MLServer has beside, over gRPC."""

    name: str | None
    versions: tuple[str, ...]
    platform: str | None
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    properties: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_server_metadata(value: object) -> ServerMetadata:
    """Read a server metadata object; everything else gives an empty reading."""
    members = _object(value)
    return ServerMetadata(_text(members, "name"), _text(members, "version"), _texts(members, "extensions"))


def read_model_metadata(value: object) -> ModelMetadata:
    """Read a model metadata object; everything else gives an empty reading."""
    members = _object(value)
    properties = _object(members.get("properties"))
    return ModelMetadata(
        name=_text(members, "name"),
        versions=_texts(members, "versions"),
        platform=_text(members, "platform"),
        inputs=_tensors(members.get("inputs")),
        outputs=_tensors(members.get("outputs")),
        properties={key: text for key, text in properties.items() if isinstance(text, str)},
    )


def read_outputs(value: object) -> dict[str, Tensor]:
    """The JSON outputs of an inference response by name, flattened; of two with one name, the first.

    Outputs without JSON data (binary ones) are passed over.
    """
    found: dict[str, Tensor] = {}
    for entry in _list(_object(value).get("outputs")):
        described = _tensor(entry)
        if described is None or "data" not in entry or described.name in found:
            continue
        elements = tuple(flatten(entry["data"]))
        found[described.name] = Tensor(described.name, described.datatype, described.shape, elements)
    return found


def read_infer_request(value: object) -> InferRequest:
    """Read a request that the operator wrote; members other than the protocol's are kept.

    Raises:
        ValueError: it is no inference request; one line that says why.
    """
    members = _object(value)
    entries = members.get("inputs")
    if not isinstance(entries, list) or not entries:
        raise ValueError("a request needs a JSON object with a non-empty array inputs")
    extra = {key: item for key, item in members.items() if key not in {"inputs", "id", "outputs", "parameters"}}
    identity, outputs, parameters = members.get("id"), members.get("outputs"), members.get("parameters")
    return InferRequest(
        inputs=tuple(_input(entry, position) for position, entry in enumerate(entries)),
        id=identity if isinstance(identity, str) else None,
        outputs=tuple(outputs) if isinstance(outputs, list) else None,
        parameters=parameters if isinstance(parameters, dict) else None,
        extra=extra,
    )


def _input(entry: object, position: int) -> Tensor:
    described = _tensor(entry)
    members = _object(entry)
    if described is None or "data" not in members:
        raise ValueError(f"input {position} needs name, datatype, shape and data")
    elements = tuple(flatten(members["data"]))
    if len(elements) != product(described.shape):
        raise ValueError(f"input {described.name!r} has {len(elements)} elements for shape {list(described.shape)}")
    parameters = members.get("parameters")
    kept = parameters if isinstance(parameters, dict) else None
    return Tensor(described.name, described.datatype, described.shape, elements, kept)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(item for item in _list(members.get(name)) if isinstance(item, str))


def _tensors(value: object) -> tuple[TensorMetadata, ...]:
    return tuple(tensor for tensor in map(_tensor, _list(value)) if tensor is not None)


def _tensor(entry: object) -> TensorMetadata | None:
    members = _object(entry)
    name, datatype, shape = members.get("name"), members.get("datatype"), members.get("shape")
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(shape, list):
        return None
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= -1 for size in shape):
        return None
    return TensorMetadata(name, datatype, tuple(shape))
