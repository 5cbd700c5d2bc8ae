"""The binary tensor data extension: JSON, and right after it the raw bytes of tensors, in one REST body.

Source: Triton extension_binary_data.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.record.coding import Undecodable
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire import strictjson
from harness.wire.access import Header
from harness.wire.messages import InferRequest
from harness.wire.raw import from_raw, to_raw
from harness.wire.reading import body_of
from harness.wire.tensor import Tensor, flatten

EXTENSION = "binary_tensor_data"
LENGTH_HEADER = "Inference-Header-Content-Length"
MEDIA_TYPE = "application/octet-stream"
SIZE = "binary_data_size"


class NotBinary(ValueError):
    """A body that is not as the extension describes it; says why."""


@dataclass(frozen=True, slots=True)
class BinaryBody:
    """A request body and the headers it needs."""

    body: bytes
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class BinaryReply:
    """An answer, taken apart.

    Attributes:
        announced: the length header; None for a plain JSON answer.
        value: the JSON object.
        parts: bytes of each binary output, by name.
        outputs: all outputs by name, binary or not; elements of binary BYTES are bytes, of JSON ones text.
        left: bytes after the last part.
    """

    announced: int | None
    value: dict[str, Any]
    parts: Mapping[str, bytes]
    outputs: Mapping[str, Tensor]
    left: bytes


@dataclass(frozen=True, slots=True)
class SplitReply:
    """An answer, split where its length header says: the JSON object, and the bytes behind it.

    Attributes:
        announced: the length header; None without one, where the whole body is JSON.
    """

    announced: int | None
    value: dict[str, Any]
    rest: bytes


def framed(value: object, parts: Sequence[bytes] = (), *, announced: str | None = None) -> BinaryBody:
    """JSON and parts as one body.

    Args:
        announced: text of the length header; the true length in bytes if None, no header if empty.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    length = str(len(text)) if announced is None else announced
    headers = (("Content-Type", MEDIA_TYPE), *(((LENGTH_HEADER, length),) if length else ()))
    return BinaryBody(b"".join((text, *parts)), headers)


def binary_value(request: InferRequest, names: Collection[str] | None = None) -> tuple[dict[str, Any], list[bytes]]:
    """The JSON object of a request whose inputs ``names`` (None: all) are binary, and their bytes in that order.

    Raises:
        ValueError: an element that the data type cannot hold.
    """
    plain = [tensor for tensor in request.inputs if names is not None and tensor.name not in names]
    value = InferRequest(tuple(plain), request.id, request.outputs, request.parameters, request.extra).to_value()
    entries = {entry["name"]: entry for entry in value["inputs"]}
    inputs, parts = [], []
    for tensor in request.inputs:
        if tensor.name in entries:
            inputs.append(entries[tensor.name])
            continue
        part = to_raw(tensor.datatype, tensor.elements)
        parameters = {**(tensor.parameters or {}), SIZE: len(part)}
        entry = {"name": tensor.name, "shape": list(tensor.shape), "datatype": tensor.datatype}
        inputs.append({**entry, "parameters": parameters})
        parts.append(part)
    return {**value, "inputs": inputs}, parts


def binary_request(request: InferRequest, names: Collection[str] | None = None) -> BinaryBody:
    """A request whose inputs ``names`` (None: all) are binary; see :func:`binary_value`."""
    return framed(*binary_value(request, names))


def split_reply(exchange: Exchange) -> SplitReply:
    """The answer to an inference, split in two; what its outputs say is not looked at.

    Raises:
        NotBinary: there is no whole body, the length header is no length within it, or what precedes is no JSON object.
    """
    if exchange.error is not None:
        raise NotBinary(f"there is no whole body: {exchange.error.message}")
    try:
        body = body_of(exchange)
    except Undecodable as error:
        raise NotBinary(str(error)) from None
    announced = _announced(exchange, body)
    if announced is None:
        return SplitReply(None, _object(body, "there is no length header, and the body is no JSON"), b"")
    value = _object(body[:announced], "what the length header calls JSON is none")
    return SplitReply(announced, value, body[announced:])


def read_binary_reply(exchange: Exchange) -> BinaryReply:
    """The answer to an inference, plain JSON or binary.

    Raises:
        NotBinary: the length header and the sizes do not describe the body, or a part is no tensor of its data type.
    """
    split = split_reply(exchange)
    entries, position = split.value.get("outputs"), 0
    parts: dict[str, bytes] = {}
    outputs: dict[str, Tensor] = {}
    for entry in entries if isinstance(entries, list) else []:
        tensor, part = _output(entry, split.rest, position)
        if part is not None:
            parts.setdefault(tensor.name, part)
            position += len(part)
        outputs.setdefault(tensor.name, tensor)
    return BinaryReply(split.announced, split.value, parts, outputs, split.rest[position:])


def _announced(exchange: Exchange, body: bytes) -> int | None:
    header = exchange.header(LENGTH_HEADER)
    if header is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", header.strip()):
        raise NotBinary(f"{LENGTH_HEADER} is {clip(header, 40)!r}, no length")
    announced = int(header)
    if announced > len(body):
        raise NotBinary(f"{LENGTH_HEADER} is {announced}, the whole body {len(body)} bytes")
    return announced


def _object(text: bytes, otherwise: str) -> dict[str, Any]:
    try:
        value = strictjson.parse(text).value
    except strictjson.NotJson as error:
        raise NotBinary(f"{otherwise}: {error}") from None
    if not isinstance(value, dict):
        raise NotBinary("the JSON is no object")
    return value


def _output(entry: object, rest: bytes, position: int) -> tuple[Tensor, bytes | None]:
    """One output, and its own bytes, from ``position`` of ``rest`` on; None for one with JSON data."""
    if not isinstance(entry, dict):
        raise NotBinary("an output is no object")
    name, datatype, shape = entry.get("name"), entry.get("datatype"), entry.get("shape")
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(shape, list):
        raise NotBinary("an output has no name, datatype or shape")
    if "data" in entry:
        return Tensor(name, datatype, tuple(shape), tuple(flatten(entry["data"]))), None
    parameters = entry.get("parameters")
    size = parameters.get(SIZE) if isinstance(parameters, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise NotBinary(f"output {name!r} has neither data nor {SIZE}")
    if size > len(rest) - position:
        raise NotBinary(f"output {name!r} announces {size} bytes, {len(rest) - position} are left")
    part = rest[position : position + size]
    try:
        elements = from_raw(datatype, part)
    except ValueError as error:
        raise NotBinary(f"output {name!r}: {error}") from None
    return Tensor(name, datatype, tuple(shape), elements), part
