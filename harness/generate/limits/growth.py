"""Requests that grow: counts that a client chooses, as data (``growth.toml``), and the request of each size."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from harness.generate.members import encoded, with_data, with_members, with_parameter_text
from harness.wire.messages import InferRequest

TABLE = Path(__file__).with_name("growth.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingCount:
    """One count that a client chooses; the fields are the keys of its row.

    Attributes:
        name: identity, kebab-case.
        text: what a request holds, with ``{n}`` for the size.
        set: which counts are grown together.
        start, factor: the first size, and by what the next one is larger; the limit is a size in any case.
        gentle, far: the largest size without, and with, the permission stress.
        expects: ``same`` where outputs that are given must be those of the valid request, ``rows`` where there must be
            a row for each.
        cause: the root cause that it shares with others; its own name where that is empty.
    """

    name: str
    text: str
    set: str
    start: int
    factor: float
    gentle: int
    far: int
    expects: Literal["same", "rows", "any"]
    cause: str = ""

    @property
    def root(self) -> str:
        """What of a root cause tells it from other counts."""
        return self.cause or self.name

    def sizes(self, *, far: bool = False) -> list[int]:
        """Sizes up to the gentle limit, or those beyond it up to the far one."""
        first, limit = (self.gentle, self.far) if far else (self.start, self.gentle)
        found = [] if far else [first]
        while round(first * self.factor) < limit:
            first = round(first * self.factor)
            found.append(first)
        return [*found, limit]

    def words(self, size: int) -> str:
        """What the request of a size holds."""
        return self.text.format(n=size)


@cache
def _counts() -> tuple[GrowingCount, ...]:
    return tuple(GrowingCount(**row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["counts"])


def counts_of(name: str) -> list[GrowingCount]:
    """The counts of one set, in the order of the table."""
    return [each for each in _counts() if each.set == name]


Maker = Callable[[InferRequest, int], bytes]
"""The body of the request of a size."""


def _nested_data(request: InferRequest, size: int) -> bytes:
    inner = encoded(request.to_value()["inputs"][0]["data"])
    return with_data(request, "DEEP").replace(b'"DEEP"', b"[" * size + inner + b"]" * size, 1)


def _parameter_lists(request: InferRequest, size: int) -> bytes:
    return with_parameter_text(request.to_bytes(), b"[" * size + b"]" * size)


def _parameter_objects(request: InferRequest, size: int) -> bytes:
    return with_parameter_text(request.to_bytes(), b'{"a":' * size + b"1" + b"}" * size)


def _parameters(size: int) -> Mapping[str, int]:
    return {f"art15_{number}": number for number in range(size)}


def _inputs(request: InferRequest, size: int) -> bytes:
    value = request.to_value()
    more = [{**value["inputs"][0], "name": f"art15-no-such-input-{number}"} for number in range(size)]
    return encoded({**value, "inputs": [*value["inputs"], *more]})


def _outputs(request: InferRequest, size: int) -> bytes:
    names = [each if isinstance(each, str) else each.get("name") for each in request.outputs or ()]
    return with_members(request, outputs=[{"name": name} for name in names * (size // max(1, len(names)))])


def _input_name(request: InferRequest, size: int) -> bytes:
    value = request.to_value()
    value["inputs"][0]["name"] = "n" * size
    return encoded(value)


def _plain(request: InferRequest, _: int) -> bytes:
    return request.to_bytes()


MAKERS: Mapping[str, Maker] = {
    "nested-data": _nested_data,
    "nested-parameter-lists": _parameter_lists,
    "nested-parameter-objects": _parameter_objects,
    "many-parameters": lambda request, size: with_members(request, parameters=_parameters(size)),
    "many-parameters-of-inputs": lambda request, size: with_members(
        request, of_inputs={"parameters": _parameters(size)}
    ),
    "many-inputs": _inputs,
    "many-outputs": _outputs,
    "input-name-of-bytes": _input_name,
    "id-of-bytes": lambda request, size: with_members(request, id="i" * size),
    "many-headers": _plain,
    "header-of-bytes": _plain,
    # Blanks behind a JSON text are none of its value.
    "many-chunks": lambda request, size: request.to_bytes().ljust(size),
    "body-of-bytes": lambda request, size: request.to_bytes() + b" " * size,
}

_HEADERS: Mapping[str, Callable[[int], list[tuple[str, str]]]] = {
    "many-headers": lambda size: [(f"x-art15-{number}", "a") for number in range(size)],
    "header-of-bytes": lambda size: [("x-art15", "a" * size)],
}


def headers_of(count: GrowingCount) -> Callable[[int], list[tuple[str, str]]] | None:
    """What makes the headers of a size, over REST, or the metadata of a call; None where they do not grow."""
    return _HEADERS.get(count.name)


GrpcChange = Callable[[Any, int], object]
"""Changes a ModelInferRequest in place, to a size."""


def _grpc_parameters(holders: list[Any], size: int) -> None:
    for holder in holders:
        for number in range(size):
            holder.parameters[f"art15_{number}"].int64_param = number


def _grpc_inputs(message: Any, size: int) -> None:  # noqa: ANN401 -- a ModelInferRequest
    first, raw = message.inputs[0], list(message.raw_input_contents[:1])
    for number in range(size):
        made = message.inputs.add()
        made.CopyFrom(first)
        made.name = f"art15-no-such-input-{number}"
        message.raw_input_contents.extend(raw)


def _grpc_outputs(message: Any, size: int) -> None:  # noqa: ANN401 -- a ModelInferRequest
    names = [each.name for each in message.outputs]
    for number in range(size - len(names)):
        message.outputs.add(name=names[number % len(names)])


GRPC_CHANGES: Mapping[str, GrpcChange] = {
    "many-parameters": lambda message, size: _grpc_parameters([message], size),
    "many-parameters-of-inputs": lambda message, size: _grpc_parameters(list(message.inputs), size),
    "many-inputs": _grpc_inputs,
    "many-outputs": _grpc_outputs,
    "input-name-of-bytes": lambda message, size: setattr(message.inputs[0], "name", "n" * size),
    "id-of-bytes": lambda message, size: setattr(message, "id", "i" * size),
}


# Bytes of the addresses that a process may have (x86-64 and AArch64 with four levels of pages).
ADDRESS_SPACE = 1 << 47


def beyond_addresses(row: int, width: int) -> int:
    """Rows that need more than a process has addresses for, as a power of ten: no machine tries to fill them.

    Args:
        row: elements of a row.
        width: bytes of an element.
    """
    rows = 10
    while rows * row * width < ADDRESS_SPACE:
        rows *= 10
    return rows


def with_rows_said(request: InferRequest, position: int, rows: int, *, nested: bool = False) -> bytes:
    """The request of one row whose input at ``position`` says in its shape that there are ``rows``."""
    value = request.to_value(nested=nested)
    entry = value["inputs"][position]
    entry["shape"] = [rows, *entry["shape"][1:]]
    return encoded(value)
