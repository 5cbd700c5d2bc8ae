"""The full check of an answer: its own id, and outputs equal to the reference's by the harness's rule.

What a server adds beside the outputs (times, counters) is its own affair. An answer without outputs is compared whole.
Floats may differ as far as :func:`harness.oracles.equality.difference` allows: servers compute a batch with another
kernel than a single row, and under load they batch.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness.load.plan.answers import Fault, Given, same_answer, same_message
from harness.load.records.rows import Status
from harness.oracles.equality import difference
from harness.wire.messages import read_outputs
from harness.wire.raw import from_raw
from harness.wire.reading import TooMuch
from harness.wire.tensor import Tensor

_BRACE = b"{"
# What an answer can raise that is not what it should be; anything else is a defect of ours.
_UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError, TooMuch)


def same_outputs(given: Given) -> Fault | None:
    """What is wrong with an answer over REST (with binary outputs too) or gRPC; None: nothing.

    Names, data types and shapes of outputs are compared as they are, values within the tolerance.
    """
    is_json = given.body.lstrip().startswith(_BRACE)
    if is_json:
        reference = None if given.reference is None else given.reference.lstrip()
        given = replace(given, body=given.body.lstrip(), reference=reference)
    of_bytes = same_answer if is_json else same_message
    fault = of_bytes(replace(given, reference=None))
    if fault is not None or given.reference is None:
        return fault
    whole = of_bytes(given)
    if whole is None:
        return None
    read = _rest_outputs if is_json else _grpc_outputs
    try:
        expected = read(given.reference)
        if not expected:
            return whole
        found = read(given.body)
        if not found:
            return Fault(Status.WRONG_ANSWER, "the answer has no outputs that can be read")
        where = _different(expected, found)
    except _UNREADABLE as error:
        return Fault(Status.WRONG_ANSWER, f"the outputs cannot be read: {error}")
    return None if where is None else Fault(Status.WRONG_ANSWER, f"another answer to the same input: {where}")


def _different(expected: dict[str, Tensor], found: dict[str, Tensor]) -> str | None:
    """Where outputs differ: floats beyond the tolerance, everything else at all."""
    for name in expected.keys() & found.keys():
        one, other = expected[name], found[name]
        if (one.datatype, one.shape) != (other.datatype, other.shape):
            was, now = (f"{each.datatype} {list(each.shape)}" for each in (one, other))
            return f"output {name!r} is {now} and was {was}"
    exact = {name: tensor for name, tensor in expected.items() if not tensor.datatype.startswith(("FP", "BF"))}
    others = {name: tensor for name, tensor in found.items() if name in exact}
    return difference(others, exact) or difference(found, expected, exact=False)


def _rest_outputs(body: bytes) -> dict[str, Tensor]:
    """Outputs of a JSON answer, those in binary data too."""
    # Latin-1 keeps positions; only the object's own bytes are then read as UTF-8.
    _, place = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    value = json.loads(body[:place].decode("utf-8"))
    found = read_outputs(value)
    for entry in value.get("outputs", []):
        size = (entry.get("parameters") or {}).get("binary_data_size")
        if isinstance(size, int):
            found[entry["name"]] = _from_bytes(entry, body[place : place + size])
            place += size
    return found


def _from_bytes(entry: dict[str, Any], data: bytes) -> Tensor:
    shape = tuple(int(each) for each in entry["shape"])
    return Tensor(entry["name"], entry["datatype"], shape, tuple(from_raw(entry["datatype"], data)))


def _grpc_outputs(body: bytes) -> dict[str, Tensor]:
    from harness.wire import protobuf  # noqa: PLC0415 -- needs the extra grpc

    try:
        return protobuf.read_infer_outputs(protobuf.parsed("ModelInfer", body))
    except protobuf.NotAMessage as error:
        raise ValueError(str(error)) from None
