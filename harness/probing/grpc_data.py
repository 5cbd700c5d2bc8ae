"""The data of a ModelInferResponse: in which form it is, and whether it is what the outputs announce.

Works on the message alone, through names of open_inference_grpc.proto; needs no generated class.
"""

from __future__ import annotations

from typing import Any

from harness.wire.datatypes import DATATYPES
from harness.wire.raw import from_raw
from harness.wire.tensor import product


def filled(tensor: Any) -> list[str]:  # noqa: ANN401 -- an input or output tensor of a message
    """Names of the typed fields that have elements: none in the empty contents that MLServer adds to raw replies."""
    return [field.name for field, _ in tensor.contents.ListFields()]


def data_problem(message: Any) -> str | None:  # noqa: ANN401 -- a ModelInferResponse
    """Why the data of a reply is not what its outputs announce (GRPC-RAW-05); None if it is.

    What is wrong with names, datatypes and shapes themselves is left to GRPC-INFER-02.
    """
    raw = list(message.raw_output_contents)
    typed = [output.name for output in message.outputs if filled(output)]
    if raw and typed:
        return f"raw entries, and contents of output {typed[0]!r} beside them"
    if raw and len(raw) != len(message.outputs):
        return f"{len(raw)} raw entries for {len(message.outputs)} outputs"
    for position, output in enumerate(message.outputs):
        if output.datatype not in DATATYPES or any(size < 0 for size in output.shape):
            continue
        problem = _raw_problem(output, raw[position]) if raw else _typed_problem(output)
        if problem is not None:
            return f"output {output.name!r} ({output.datatype}, shape {list(output.shape)}): {problem}"
    return None


def _raw_problem(output: Any, data: bytes) -> str | None:  # noqa: ANN401 -- an output tensor
    try:
        count = len(from_raw(output.datatype, data))
    except ValueError as error:
        return str(error)
    return None if count == product(output.shape) else f"{len(data)} bytes, which are {count} elements"


def _typed_problem(output: Any) -> str | None:  # noqa: ANN401 -- an output tensor
    own, fields, wanted = DATATYPES[output.datatype].grpc_field, filled(output), product(output.shape)
    if not fields:
        return None if wanted == 0 else "neither contents nor raw entries"
    if fields != [own]:
        return f"elements in {', '.join(fields)}, not in {own or 'a raw entry'}"
    count = len(getattr(output.contents, fields[0]))
    return None if count == wanted else f"{count} elements in {own}"


def output_elements(message: Any, name: str, datatype: str) -> tuple[tuple[Any, ...], str | None]:  # noqa: ANN401 -- as above
    """The elements of one output, whatever is wrong with the others; or none, and why."""
    position = next((at for at, each in enumerate(message.outputs) if each.name == name), None)
    if position is None:
        return (), f"there is no output {name!r}"
    output, raw = message.outputs[position], list(message.raw_output_contents)
    if output.datatype != datatype:
        return (), f"output {name!r} is {output.datatype}"
    if raw and len(raw) != len(message.outputs):
        return (), data_problem(message)
    problem = _raw_problem(output, raw[position]) if raw else _typed_problem(output)
    if problem is not None:
        return (), f"output {name!r} ({datatype}, shape {list(output.shape)}): {problem}"
    field = DATATYPES[datatype].grpc_field
    return (from_raw(datatype, raw[position]) if raw else tuple(getattr(output.contents, str(field), ()))), None
