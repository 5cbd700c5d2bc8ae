"""Messages of the gRPC service: built from requests, read into tensors, rendered for people.

The classes are those of :mod:`harness.wire.grpc_messages`. Only ``properties`` of model metadata (field 6) is not
declared there, and read as an unknown field. Source: open_inference_grpc.proto. Needs the extra ``grpc``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from harness.wire.datatypes import DATATYPES
from harness.wire.grpc_messages import CLASSES
from harness.wire.messages import InferRequest, ModelMetadata, ServerMetadata, TensorMetadata
from harness.wire.protoscan import MANY, refuse_many, refuse_too_much
from harness.wire.raw import as_bytes, from_raw, of_few, to_raw
from harness.wire.reading import Readings
from harness.wire.tensor import Tensor, product, refuse_large

Form = Literal["typed", "raw"]
# Of model metadata, and of a request.
PROPERTIES, PARAMETERS = 6, 4
# Above this many bytes a message is not rendered: its bytes are kept, and that many elements say nothing to a reader.
RENDERED_BYTES = 4 * 1024
# Unknown fields nested deeply make megabytes of indentation out of such a message.
RENDERED_TEXT = 64 * 1024


_READINGS = Readings()
_CHOICES = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}


class NotAMessage(ValueError):
    """The bytes are no message of the type that is due, or tensors in it cannot be read; says why."""


def message(method: str, side: Literal["Request", "Response"]) -> Any:  # noqa: ANN401 -- a generated class
    """A new, empty message of a method, such as ``ModelInfer``.

    Raises:
        LookupError: there is no such message.
    """
    try:
        return CLASSES[f"{method}{side}"]()
    except KeyError:
        raise LookupError(f"no message {method}{side}") from None


def parsed(method: str, data: bytes) -> Any:  # noqa: ANN401 -- a generated class
    """The response of a method; read once, so it must not be changed.

    Raises:
        NotAMessage: the bytes are none.
        harness.wire.reading.TooMuch: they hold more than is read; whoever needs it is untestable.
    """

    def read() -> Any:  # noqa: ANN401 -- a generated class
        found = message(method, "Response")
        refuse_too_much(data, found.DESCRIPTOR)
        try:
            found.ParseFromString(data)
        except DecodeError as error:
            raise NotAMessage(f"the bytes are no {method}Response: {error}") from None
        return found

    return _READINGS.of(data, method, read)


def rendered(method: str, side: Literal["Request", "Response"], data: bytes) -> str:
    """A message in protobuf's text format; empty for a large one, and where the bytes are no such message."""
    if not data or len(data) > RENDERED_BYTES:
        return ""
    try:
        found: Message = message(method, side)
        found.ParseFromString(data)
        text = str(text_format.MessageToString(found, print_unknown_fields=True))
    except (LookupError, DecodeError, RecursionError):
        return ""
    return text if len(text) <= RENDERED_TEXT else ""


def infer_message(model: str, version: str | None, request: InferRequest, form: Form) -> Any:  # noqa: ANN401
    """A ModelInferRequest.

    Args:
        form: ``typed`` fills the contents of each input, ``raw`` the raw contents of the request.

    Raises:
        ValueError: an element that the data type cannot hold, a data type without typed form, or a parameter that is
            no bool, integer, float or text.
    """
    made = CLASSES["ModelInferRequest"](model_name=model, model_version=version or "", id=request.id or "")
    _set_parameters(made.parameters, request.parameters)
    for tensor in request.inputs:
        entry = made.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        _set_parameters(entry.parameters, tensor.parameters)
        if form == "raw":
            made.raw_input_contents.append(to_raw(tensor.datatype, tensor.elements))
        else:
            fill(entry.contents, tensor)
    for wanted in request.outputs or ():
        named: Mapping[str, Any] = {"name": wanted} if isinstance(wanted, str) else wanted
        output = made.outputs.add(name=named.get("name", ""))
        _set_parameters(output.parameters, named.get("parameters"))
    return made


def fill(contents: Any, tensor: Tensor, field: str | None = None) -> None:  # noqa: ANN401 -- InferTensorContents
    """Put the elements of a tensor into the field of its data type, or into ``field``.

    Raises:
        ValueError: the data type has no typed form, or the field does not take the elements.
    """
    known = DATATYPES.get(tensor.datatype)
    name = field or (known.grpc_field if known else None)
    if name is None:
        raise ValueError(f"{tensor.datatype} has no typed form: it travels raw only")
    refuse_large(tensor, name)
    elements = map(as_bytes, tensor.elements) if name == "bytes_contents" else tensor.elements
    try:
        getattr(contents, name).extend(elements)
    except TypeError as error:
        raise ValueError(f"{name} does not take these elements: {error}") from None


def _set_parameters(target: Any, parameters: Mapping[str, Any] | None) -> None:  # noqa: ANN401 -- a protobuf map
    for name, value in (parameters or {}).items():
        field = _CHOICES.get(type(value))
        if field is None:
            raise ValueError(f"parameter {name!r} is {type(value).__name__}: gRPC has no such parameter")
        setattr(target[name], field, value)


def read_parameters(source: Any) -> dict[str, Any]:  # noqa: ANN401 -- a protobuf map
    """Parameters as Python values; None where no choice is set."""
    found: dict[str, Any] = {}
    for name, choice in source.items():
        kind = choice.WhichOneof("parameter_choice")
        found[name] = getattr(choice, kind) if kind else None
    return found


def read_infer_outputs(reply: Any) -> dict[str, Tensor]:  # noqa: ANN401 -- a ModelInferResponse
    """The outputs by name, whichever form they have; of two with one name, the first.

    Raises:
        NotAMessage: the raw entries do not belong to the outputs, or cannot be read as their data types.
    """
    raw = list(reply.raw_output_contents)
    if raw and len(raw) != len(reply.outputs):
        raise NotAMessage(f"{len(raw)} raw entries for {len(reply.outputs)} outputs")
    found: dict[str, Tensor] = {}
    for position, output in enumerate(reply.outputs):
        shape = tuple(output.shape)
        try:
            elements = from_raw(output.datatype, raw[position]) if raw else typed_elements(output)
        except ValueError as error:
            raise NotAMessage(f"output {output.name!r}: {error}") from None
        if all(size >= 0 for size in shape) and len(elements) != product(shape):
            raise NotAMessage(f"output {output.name!r} has {len(elements)} elements for shape {list(shape)}")
        found.setdefault(output.name, Tensor(output.name, output.datatype, shape, elements))
    return found


def typed_elements(tensor: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- an input or output tensor
    """The elements in the typed field of the tensor's data type.

    Raises:
        ValueError: the data type has no such field, or there are elements in another one.
    """
    entry = DATATYPES.get(tensor.datatype)
    filled = [field.name for field, _ in tensor.contents.ListFields()]
    if entry is None or entry.grpc_field is None:
        raise ValueError(f"no typed form of {tensor.datatype!r}")
    if filled and filled != [entry.grpc_field]:
        raise ValueError(f"{tensor.datatype} in {', '.join(filled)}, not in {entry.grpc_field}")
    elements = getattr(tensor.contents, entry.grpc_field)
    if entry.kind == "float" and len(elements) >= MANY:
        numbers = np.fromiter(elements, f"<f{entry.size}", len(elements))
        if (shared := of_few(tensor.datatype, numbers.view(f"<u{entry.size}"))) is not None:
            return shared
    refuse_many(len(elements))
    return tuple(elements)


def read_server_metadata(reply: Any) -> ServerMetadata:  # noqa: ANN401 -- a ServerMetadataResponse
    """Server metadata as over REST; empty texts are absent ones."""
    return ServerMetadata(reply.name or None, reply.version or None, tuple(reply.extensions))


def read_model_metadata(reply: Any) -> ModelMetadata:  # noqa: ANN401 -- a ModelMetadataResponse
    """Model metadata as over REST; tensors with impossible shapes are passed over."""

    def tensors(entries: Any) -> tuple[TensorMetadata, ...]:  # noqa: ANN401 -- repeated TensorMetadata
        return tuple(
            TensorMetadata(entry.name, entry.datatype, tuple(entry.shape))
            for entry in entries
            if all(size >= -1 for size in entry.shape)
        )

    return ModelMetadata(
        name=reply.name or None,
        versions=tuple(reply.versions),
        platform=reply.platform or None,
        inputs=tensors(reply.inputs),
        outputs=tensors(reply.outputs),
        properties=_properties(reply),
        parameters=_parameters(reply),
    )


def _properties(reply: Any) -> dict[str, str]:  # noqa: ANN401 -- a ModelMetadataResponse
    """Field 6, a map of texts in OIP; what has another type (MLServer's) is passed over (GRPC-META-05)."""
    found: dict[str, str] = {}
    for entry in _entries(reply):
        pair = CLASSES["ModelMetadataResponse"]()  # any message: a map entry is read as name (1) and versions (2)
        try:
            pair.ParseFromString(entry)
        except DecodeError:
            continue
        if pair.name and len(pair.versions) == 1 and pair.versions[0].isprintable():
            found[pair.name] = pair.versions[0]
    return found


def _parameters(reply: Any) -> dict[str, str]:  # noqa: ANN401 -- a ModelMetadataResponse
    """Field 6 where it is a map of parameters, as MLServer's: those that are texts.

    The field of such a text begins with a byte that no printable text has, so that none of OIP's properties is taken
    for a parameter.
    """
    found: dict[str, str] = {}
    for entry in _entries(reply):
        holder = CLASSES["ModelInferRequest"]()  # its parameters are such a map
        whole = bytes([PARAMETERS << 3 | 2]) + _varint(len(entry)) + entry
        try:
            holder.ParseFromString(whole)
        except DecodeError:
            continue
        for name, value in holder.parameters.items():
            # Written again it is the same: nothing else was in it.
            if value.WhichOneof("parameter_choice") == "string_param" and holder.SerializeToString() == whole:
                found[name] = value.string_param
    return found


def _entries(reply: Any) -> Iterator[bytes]:  # noqa: ANN401 -- a ModelMetadataResponse
    """What stands in field 6, as bytes."""
    for entry in UnknownFieldSet(reply):
        if entry.field_number == PROPERTIES and entry.wire_type == 2:
            yield entry.data


def _varint(number: int) -> bytes:
    head = [number >> shift & 127 | 128 for shift in range(0, number.bit_length(), 7)] or [128]
    return bytes([*head[:-1], head[-1] & 127])
