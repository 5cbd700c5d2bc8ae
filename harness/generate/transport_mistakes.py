"""One mistake in two spellings: in the JSON body of an inference, and in its ModelInferRequest.

Both start from the same valid request and change the same thing. Nothing here imports the generated classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.generate.telling import telling_inputs
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.raw import as_bytes, to_raw
from harness.wire.tensor import Tensor

# A neighbour of each datatype that holds the small values of generated requests.
OTHERS = {
    "FP32": "FP64", "FP64": "FP32", "INT8": "INT32", "INT16": "INT32", "INT32": "INT64", "INT64": "INT32",
    "UINT8": "UINT32", "UINT16": "UINT32", "UINT32": "UINT64", "UINT64": "UINT32",
}  # fmt: skip
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TransportMistake:
    """One mistake.

    Attributes:
        why: what is wrong, for people.
        in_json: changes the JSON body in place.
        in_message: changes the message in place.
        model: the name to ask for instead; None leaves it.
    """

    why: str
    in_json: Callable[[Body], object]
    in_message: Callable[[Any], object]
    model: str | None = None


def transport_mistakes(valid: InferRequest, unknown_model: str, *, named: bool) -> Iterator[TransportMistake]:
    """All mistakes that a request allows; ``named`` says that the metadata names the inputs."""
    yield TransportMistake(
        "an unknown model", lambda _: None, lambda each: setattr(each, "model_name", unknown_model), unknown_model
    )
    yield TransportMistake(
        "an unknown output", lambda body: body.update(outputs=[{"name": "no-such-output"}]),
        lambda each: each.outputs.add(name="no-such-output"),
    )  # fmt: skip
    yield _first("the datatype FLOAT", datatype="FLOAT")
    yield _first("the empty datatype", datatype="")
    first = valid.inputs[0]
    if first.datatype in OTHERS:
        yield _other_datatype(first, OTHERS[first.datatype])
    if named:
        yield from _names(valid)
    for position in telling_inputs(valid.inputs):
        tensor = valid.inputs[position]
        if tensor.elements:
            where = f" in input {tensor.name!r}"
            yield _elements(f"one element less{where}", position, tensor, tensor.elements[:-1])
            more = (*tensor.elements, tensor.elements[-1])
            yield _elements(f"one element more{where}", position, tensor, more)
    if first.shape:
        yield _first("a dimension of -1", shape=[-1, *first.shape[1:]])


def _names(valid: InferRequest) -> Iterator[TransportMistake]:
    yield _first("an unknown input", name="no-such-input")
    yield TransportMistake("an input there twice", lambda body: body["inputs"].append(body["inputs"][0]), _twice)
    if len(valid.inputs) > 1:
        yield TransportMistake("an input left out", lambda body: body["inputs"].pop(), _without_last)


def _twice(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
    message.inputs.add().CopyFrom(message.inputs[0])
    if message.raw_input_contents:
        message.raw_input_contents.append(message.raw_input_contents[0])


def _without_last(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
    del message.inputs[-1:]
    del message.raw_input_contents[-1:]


def _first(why: str, **members: Any) -> TransportMistake:  # noqa: ANN401 -- members of an input
    """Other members in the first input."""

    def in_message(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        for member, value in members.items():
            if member == "shape":
                message.inputs[0].shape[:] = value
            else:
                setattr(message.inputs[0], member, value)

    return TransportMistake(why, lambda body: body["inputs"][0].update(members), in_message)


def _elements(why: str, position: int, tensor: Tensor, elements: tuple[Any, ...]) -> TransportMistake:
    """Other elements in one input; the shape stays."""

    def in_message(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        _refill(message, position, tensor.datatype, elements)

    return TransportMistake(why, lambda body: body["inputs"][position].update(data=list(elements)), in_message)


def _other_datatype(tensor: Tensor, other: str) -> TransportMistake:
    """The first input in another datatype of the protocol, and its elements where that datatype has them."""

    def in_message(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        message.inputs[0].datatype = other
        _refill(message, 0, other, tensor.elements)

    why = f"{other} for an input of {tensor.datatype}"
    return TransportMistake(why, lambda body: body["inputs"][0].update(datatype=other), in_message)


def _refill(message: Any, position: int, datatype: str, elements: tuple[Any, ...]) -> None:  # noqa: ANN401 -- a message
    """Put elements in place of those of one input, in the form that the message has."""
    if message.raw_input_contents:
        message.raw_input_contents[position] = to_raw(datatype, elements)
        return
    contents = message.inputs[position].contents
    contents.Clear()
    values = map(as_bytes, elements) if datatype == "BYTES" else elements
    getattr(contents, str(DATATYPES[datatype].grpc_field)).extend(values)
