"""What is wrong with a request, by another route than the one that made it: the specification's schema, and rules.

Nothing here uses what makes requests (:mod:`harness.wire.tensor`, :mod:`harness.wire.datatypes`): a slip there must
not be repeated here. Only the numbers of gRPC's fields are shared; a test holds them against those of others.
Sources: inference_rest.md ("Tensor Data", "Tensor Data Types"), open_inference_grpc.proto (ModelInferRequest,
InferTensorContents), Triton's extension_binary_data.md.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from harness.judging.passive.request_schema import schema_problem
from harness.record.quoting import clip
from harness.wire.messages import ModelMetadata, TensorMetadata

LENGTH = "inference-header-content-length"
WIDTHS = {"BOOL": 1, "UINT8": 1, "INT8": 1, "UINT16": 2, "INT16": 2, "FP16": 2, "BF16": 2, "UINT32": 4, "INT32": 4,
          "FP32": 4, "UINT64": 8, "INT64": 8, "FP64": 8}  # fmt: skip
FIELDS = {"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
          "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
          "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents",
          "BYTES": "bytes_contents"}  # fmt: skip
_PATH = re.compile(r"/v2/models/([^/?#]+)(?:/versions/([^/?#]+))?/infer$")


def rest_problem(body: bytes, headers: Mapping[str, str]) -> tuple[str | None, Any]:
    """The first thing wrong with a body by the protocol alone, in words (None: nothing), and the JSON that it holds."""
    length = headers.get(LENGTH)
    if length is not None and not (length.isascii() and length.isdigit() and int(length) <= len(body)):
        return f"the length of the JSON is given as {clip(length, 40)!r} of {len(body)} bytes", None
    text, rest = (body, b"") if length is None else (body[: int(length)], body[int(length) :])
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {clip(str(error), 200)}", None
    problem = schema_problem(value)
    if problem is not None:
        return problem, value
    return _tensor_problem(value, rest, binary=length is not None), value


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found


def _tensor_problem(value: dict[str, Any], rest: bytes, *, binary: bool) -> str | None:
    names = [each["name"] for each in value["inputs"]]
    if len(set(names)) != len(names):
        return "an input is given twice"
    announced = 0
    for entry in value["inputs"]:
        where, count = f"input {clip(entry['name'], 40)!r}", math.prod(entry["shape"])
        if "data" in entry:
            problem = _data_problem(entry["data"], entry["shape"], entry["datatype"], count)
            if problem is not None:
                return f"{where}: {problem}"
        elif "binary_data_size" in entry["parameters"]:
            if not binary:
                return f"{where} is binary, and the length of the JSON is not given"
            size = entry["parameters"]["binary_data_size"]
            problem = raw_problem(rest[announced : announced + size], entry["datatype"], count)
            if problem is not None:
                return f"{where}: {problem}"
            announced += size
    return f"{len(rest)} bytes follow the JSON, {announced} are announced" if len(rest) != announced else None


def _data_problem(data: list[Any], shape: list[int], datatype: str, count: int) -> str | None:
    nested = any(isinstance(each, list) for each in data)
    flat = _unnested(data, shape) if nested else data
    if flat is None:
        return f"the nesting does not follow the shape {shape}"
    if len(flat) != count:
        return f"{len(flat)} elements for the shape {shape}"
    wrong = [each for each in flat if not _is_of(each, datatype)]
    return f"{clip(str(wrong[0]), 40)!r} is no {datatype}" if wrong else None


def _unnested(data: list[Any], shape: list[int]) -> list[Any] | None:
    """The elements of data that is nested as the shape says; None if it is not."""
    level = data
    if not shape or len(level) != shape[0]:
        return None
    for size in shape[1:]:
        if not all(isinstance(each, list) and len(each) == size for each in level):
            return None
        level = [element for row in level for element in row]
    return level


def _is_of(element: object, datatype: str) -> bool:
    if datatype == "BYTES":
        return isinstance(element, str)
    if datatype == "BOOL":
        return isinstance(element, bool)
    if isinstance(element, bool) or not isinstance(element, int | float):
        return False
    if datatype.startswith(("FP", "BF")):
        return _is_finite(element)
    bits = 8 * WIDTHS[datatype]
    low, high = (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return isinstance(element, int) and low <= element <= high


def _is_finite(element: float) -> bool:
    try:
        return math.isfinite(float(element))
    except OverflowError:
        return False


def raw_problem(data: bytes, datatype: str, count: int) -> str | None:
    """Why bytes are not so many elements in raw form; None if they are."""
    if datatype != "BYTES":
        wanted = WIDTHS[datatype] * count
        return None if len(data) == wanted else f"{len(data)} bytes for {count} elements of {datatype}"
    left, found = data, 0
    while left:
        size = int.from_bytes(left[:4], "little")
        if len(left) < 4 + size:
            return "an element ends beyond the data"
        left, found = left[4 + size :], found + 1
    return None if found == count else f"{found} elements for {count}"


def grpc_problem(body: bytes) -> tuple[str | None, Any]:
    """The first thing wrong with a ModelInferRequest by the protocol alone, and the message."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- needs the extra grpc

    from harness.wire.grpc_messages import CLASSES  # noqa: PLC0415

    message = CLASSES["ModelInferRequest"]()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        return f"no ModelInferRequest: {error}", None
    names = [each.name for each in message.inputs]
    if len(set(names)) != len(names):
        return "an input is given twice", message
    raw = list(message.raw_input_contents)
    if raw and len(raw) != len(names):
        return f"{len(raw)} raw entries for {len(names)} inputs", message
    for position, entry in enumerate(message.inputs):
        problem = _entry_problem(entry, raw[position] if raw else None)
        if problem is not None:
            return f"input {clip(entry.name, 40)!r}: {problem}", message
    nameless = any(not each.name for each in message.outputs)
    return "a requested output has no name" if nameless else None, message


def _entry_problem(entry: Any, raw: bytes | None) -> str | None:  # noqa: ANN401 -- an InferInputTensor
    datatype, shape = entry.datatype, list(entry.shape)
    if datatype not in WIDTHS and datatype != "BYTES":
        return f"{clip(datatype, 40)!r} is no datatype"
    if any(size < 0 for size in shape):
        return f"the shape is {shape}"
    filled = {field.name: list(values) for field, values in entry.contents.ListFields()}
    if raw is not None:
        both = f"contents and raw contents ({', '.join(filled)})" if filled else None
        return both or raw_problem(raw, datatype, math.prod(shape))
    return None if "shared_memory_region" in entry.parameters else _typed_problem(filled, datatype, shape)


def _typed_problem(filled: dict[str, list[Any]], datatype: str, shape: list[int]) -> str | None:
    field = FIELDS.get(datatype)
    if set(filled) - {field}:
        return f"{', '.join(filled)} for {datatype}"
    values = filled.get(field or "", [])
    if len(values) != math.prod(shape):
        return f"{len(values)} elements for the shape {shape}"
    numbers = datatype.startswith(("INT", "UINT"))
    wrong = next((each for each in values if numbers and not _is_of(each, datatype)), None)
    return None if wrong is None else f"{wrong} is no {datatype}"


def unlike_model(
    name: str, version: str, tensors: list[tuple[str, str, list[int]]], outputs: list[str], models: Models
) -> str | None:
    """Why a request that is right by the protocol does not fit the model; None where the metadata does not say.

    Args:
        tensors: name, datatype and shape of each input.
        models: metadata by name; None where there was none.
    """
    if name not in models:
        return f"no model {clip(name, 40)!r} is under test"
    metadata = models[name]
    if metadata is None:
        return None
    if version and metadata.versions and version not in metadata.versions:
        return f"version {clip(version, 40)!r} is not listed"
    described = {each.name: each for each in metadata.inputs}
    problems = (_unlike_input(described, *tensor) for tensor in tensors) if described else iter(())
    problem = next((each for each in problems if each is not None), None)
    if problem is None and set(described) - {tensor for tensor, _, _ in tensors}:
        problem = "an input of the metadata is missing"
    known_outputs = {each.name for each in metadata.outputs}
    stranger = next((each for each in outputs if known_outputs and each not in known_outputs), None)
    return problem or (None if stranger is None else f"the model has no output {clip(stranger, 40)!r}")


def _unlike_input(described: Mapping[str, TensorMetadata], name: str, datatype: str, shape: list[int]) -> str | None:
    known = described.get(name)
    if known is None:
        return f"the model has no input {clip(name, 40)!r}"
    if datatype != known.datatype:
        return f"{datatype} for the {known.datatype} of input {clip(name, 40)!r}"
    pairs = zip(shape, known.shape, strict=False)
    if len(shape) != len(known.shape) or any(wanted not in (-1, size) for size, wanted in pairs):
        return f"shape {shape} for the {list(known.shape)} of input {clip(name, 40)!r}"
    return None


Models = Mapping[str, ModelMetadata | None]


def rest_unlike(url: str, value: Any, models: Models) -> str | None:  # noqa: ANN401 -- what the schema has let pass
    """As :func:`unlike_model`, of a request over REST."""
    path = _PATH.search(url)
    if path is None:
        return "this is no path of an inference"
    tensors = [(each["name"], each["datatype"], each["shape"]) for each in value["inputs"]]
    outputs = [each["name"] for each in value.get("outputs") or ()]
    return unlike_model(unquote(path.group(1)), unquote(path.group(2) or ""), tensors, outputs, models)


def grpc_unlike(message: Any, models: Models) -> str | None:  # noqa: ANN401 -- a ModelInferRequest
    """As :func:`unlike_model`, of a call over gRPC."""
    tensors = [(each.name, each.datatype, list(each.shape)) for each in message.inputs]
    outputs = [each.name for each in message.outputs]
    return unlike_model(message.model_name, message.model_version, tensors, outputs, models)
