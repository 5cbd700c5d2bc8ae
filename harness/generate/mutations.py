"""Invalid requests, each with a record that says why it is invalid.

Every mutation starts from a request that the model has accepted and changes one thing, so that a refusal can only be
about that thing. Deterministic and small: enumeration comes before drawing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.generate.members import encoded
from harness.generate.telling import telling_inputs
from harness.wire.messages import InferRequest

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One invalid request.

    Attributes:
        name: identity of the mutation, kebab-case.
        clause: the clause that asks for its refusal.
        why: what is wrong with it, for people.
        body: the bytes to send.
        tolerated: an answer of 200 is no finding if it has the same outputs as the valid request.
        permitted: an answer of 200 is recorded and no finding: the protocol has no way to say otherwise.
    """

    name: str
    clause: str
    why: str
    body: bytes
    tolerated: bool = False
    permitted: bool = False


def mutations(valid: InferRequest) -> Iterator[Mutation]:
    """All mutations that a request allows, in the order of the clauses."""
    base: Body = json.loads(valid.to_bytes())
    yield from _structure(base)
    yield from _types(base)
    yield from _names(base)
    yield from _data(base)
    yield from _shapes(base)
    yield from _outputs(base)
    yield from _later_inputs(base, telling_inputs(valid.inputs)[1:])


def _made(name: str, clause: str, why: str, body: object, *, tolerated: bool = False) -> Mutation:
    data = body if isinstance(body, bytes) else encoded(body)
    return Mutation(name, clause, why, data, tolerated)


def _changed(base: Body, change: Callable[[Body], object]) -> Body:
    """A copy of the request in which members of it, or of its inputs, are changed in place."""
    body = {**base, "inputs": [dict(entry) for entry in base["inputs"]]}
    change(body)
    return body


def _first(base: Body, **members: object) -> Body:
    """A copy of the request whose first input has other members."""
    return _nth(base, 0, **members)


def _nth(base: Body, position: int, **members: object) -> Body:
    """A copy of the request whose input at ``position`` has other members."""
    return _changed(base, lambda body: body["inputs"][position].update(members))


def _later_inputs(base: Body, positions: Sequence[int]) -> Iterator[Mutation]:
    """The mistakes about data and shape once more in further inputs: a server may look at the first one only."""
    for position in positions:
        entry = base["inputs"][position]
        flat, shape = entry["data"], entry["shape"]
        if not flat or not shape:
            continue
        where = f"in-input-{position + 1}"
        changes: tuple[tuple[str, str, dict[str, object]], ...] = (
            ("one-element-more", "TDATA-05", {"data": [*flat, flat[-1]]}),
            ("one-element-less", "TDATA-05", {"data": flat[:-1]}),
            ("element-null", "TDATA-13", {"data": [None, *flat[1:]]}),
            ("dimension-negative", "TDATA-10", {"shape": [-1, *shape[1:]]}),
            ("data-number", "TDATA-04", {"data": 5}),
            ("datatype-FLOAT", "DTYPE-03", {"datatype": "FLOAT"}),
        )
        for name, clause, members in changes:
            why = f"{name.replace('-', ' ')} in input {position + 1}"
            yield _made(f"{name}-{where}", clause, why, _nth(base, position, **members))


def _structure(base: Body) -> Iterator[Mutation]:
    yield _made("not-json", "REST-INFER-05", "the body is not JSON", b"{bad")
    yield _made("empty-body", "REST-INFER-05", "the body is empty", b"")
    yield _made("no-members", "REST-INFER-02", "inputs is missing", {})
    yield _made("only-id", "REST-INFER-02", "inputs is missing", {"id": "1"})
    for member in ("name", "shape", "datatype", "data"):
        body = _changed(base, lambda each, m=member: each["inputs"][0].pop(m))  # type: ignore[misc]
        yield _made(f"input-without-{member}", "REST-INFER-03", f"an input has no {member}", body, tolerated=True)


def _types(base: Body) -> Iterator[Mutation]:
    clause = "REST-INFER-04"
    yield _made("inputs-object", clause, "inputs is an object", {**base, "inputs": {"x": [1]}})
    yield _made("inputs-string", clause, "inputs is a string", {**base, "inputs": "x"})
    yield _made("shape-string", clause, "shape is a string", _first(base, shape="2"))
    yield _made("name-number", clause, "name is a number", _first(base, name=7))
    yield _made("datatype-number", clause, "datatype is a number", _first(base, datatype=32))
    yield _made("outputs-string", clause, "outputs is a string", {**base, "outputs": "y"})
    yield _made("outputs-number", clause, "outputs is a number", {**base, "outputs": 7})
    yield _made("parameters-list", clause, "parameters is an array", {**base, "parameters": [1]})


def _names(base: Body) -> Iterator[Mutation]:
    clause = "REST-INFER-06"
    yield _made(
        "unknown-input", clause, "an input has a name the model does not know", _first(base, name="no-such-input")
    )
    if len(base["inputs"]) > 1:
        # Metadata cannot say that an input is optional, so leaving one out may be right.
        body = {**base, "inputs": base["inputs"][:1]}
        why = "an input of the metadata is missing"
        yield Mutation("missing-input", clause, why, encoded(body), permitted=True)
    for name in ("FLOAT", "STRING", "float32", ""):
        label = name or "empty"
        why = f"{name!r} is no datatype of the protocol"
        yield _made(f"datatype-{label}", "DTYPE-03", why, _first(base, datatype=name))


def _data(base: Body) -> Iterator[Mutation]:
    first = base["inputs"][0]
    flat = first["data"]
    for label, data in (("number", 5), ("string", "abc"), ("object", {"0": 1}), ("of-objects", [{"v": 1}] * len(flat))):
        yield _made(f"data-{label}", "TDATA-04", f"data is not an array of scalars ({label})", _first(base, data=data))
    if not flat:
        return
    yield _made(
        "one-element-more",
        "TDATA-05",
        "data has one element more than shape says",
        _first(base, data=[*flat, flat[-1]]),
    )
    yield _made(
        "one-element-less", "TDATA-05", "data has one element less than shape says", _first(base, data=flat[:-1])
    )
    yield _made("element-null", "TDATA-13", "an element is null", _first(base, data=[None, *flat[1:]]))
    yield from _ragged(base, first)


def _ragged(base: Body, first: Body) -> Iterator[Mutation]:
    shape, flat = first["shape"], first["data"]
    if len(shape) != 2 or shape[0] < 2 or shape[1] < 2:
        return
    width = shape[1]
    rows = [flat[start : start + width] for start in range(0, len(flat), width)]
    short = [*rows[:-1], rows[-1][:-1]]
    yield _made("ragged-short", "TDATA-06", "the last row is one element short", _first(base, data=short))
    moved = [[*rows[0], rows[1][-1]], rows[1][:-1], *rows[2:]]
    yield _made(
        "ragged-same-total", "TDATA-06", "one row is longer and one shorter, the total right", _first(base, data=moved)
    )


def _shapes(base: Body) -> Iterator[Mutation]:
    shape = base["inputs"][0]["shape"]
    if not shape:
        return
    rest = shape[1:]
    values: tuple[tuple[str, object], ...] = (
        ("negative", -1), ("fraction", shape[0] + 0.5), ("string", str(shape[0])), ("boolean", True), ("null", None),
    )  # fmt: skip
    for label, value in values:
        why = f"a dimension is {json.dumps(value)}"
        yield _made(f"dimension-{label}", "TDATA-10", why, _first(base, shape=[value, *rest]))


def _outputs(base: Body) -> Iterator[Mutation]:
    unknown = {**base, "outputs": [{"name": "no-such-output"}]}
    yield _made("unknown-output", "REST-OUT-04", "an output is asked for that the model does not have", unknown)
    yield _made("output-without-name", "REST-OUT-06", "a requested output has no name", {**base, "outputs": [{}]})
