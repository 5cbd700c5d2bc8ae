"""Whether an answer is this request's and right: cheaply in the loop, in full where that leaves a doubt.

The cheap check compares bytes around the id with an answer that was validated. What differs, the first answer of a
case and a sample go to a :data:`Validate` function: the user's own, or
:func:`harness.load.plan.full_check.same_outputs`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.load.plan.load_plan import ExpectedAnswer, LoadCase
from harness.load.records.rows import Status

CLOSE, NEAR = 1e-4, 1e-6
"""Floats of two runs of one model agree to this, relative and absolute: batching changes the order of sums."""
_ID_FIELD = 3


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to look at.

    Attributes:
        case: index of the case; index: of the request.
        request_id: as sent; empty where the case has none.
        body: of the answer (gRPC: the message).
        reference: a validated answer to the same case with the same id in it; None for the first.
    """

    case: int
    index: int
    request_id: bytes
    body: bytes
    reference: bytes | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer: its status class and a sentence."""

    status: Status
    sentence: str


Validate = Callable[[Given], "Fault | None"]


@dataclass(frozen=True, slots=True)
class Template:
    """A validated answer's bytes around the id."""

    before: bytes
    after: bytes
    at: int
    size: int

    def with_id(self, request_id: bytes) -> bytes:
        """The whole answer to another request."""
        return self.before + request_id + self.after


def template_of(answer: ExpectedAnswer, case: LoadCase, id_width: int) -> Template:
    """The template of a plan's own answer."""
    width = id_width if case.has_id else 0
    return Template(answer.before, answer.after, len(answer.before), len(answer.before) + width + len(answer.after))


def template_from(body: bytes, request_id: bytes) -> Template | None:
    """The template of a validated answer; None where the id stands in it more than once, or not at all."""
    if not request_id:
        return Template(body, b"", len(body), len(body))
    if body.count(request_id) != 1:
        return None
    before, _, after = body.partition(request_id)
    return Template(before, after, len(before), len(body))


def same_answer(given: Given) -> Fault | None:
    """The id is right, and the rest says the same as the reference: JSON but for rounding of floats, equal bytes."""
    value, rest = _json_and_rest(given.body)
    if value is None:
        return Fault(Status.WRONG_ANSWER, "the body is no JSON object")
    if given.request_id and value.get("id") != given.request_id.decode():
        return Fault(Status.WRONG_ID, f"id {value.get('id')!r} answers request {given.request_id.decode()}")
    if given.reference is None:
        return None
    expected, expected_rest = _json_and_rest(given.reference)
    where = None if rest == expected_rest else "the binary data"
    try:
        where = where or _difference({**(expected or {}), "id": None}, {**value, "id": None}, "")
    except (RecursionError, OverflowError) as error:
        where = f"not to be compared: {error}"
    return Fault(Status.WRONG_ANSWER, f"another answer than before to the same input: {where}") if where else None


def same_message(given: Given) -> Fault | None:
    """The same for a ModelInferResponse: its id, and all other fields as equal bytes in any order."""
    fields = _fields(given.body)
    if fields is None:
        return Fault(Status.WRONG_ANSWER, "the message is no protobuf")
    found = [value for number, value in fields if number == _ID_FIELD]
    if given.request_id and found[-1:] != [given.request_id]:
        return Fault(Status.WRONG_ID, f"id {found[-1:]} answers request {given.request_id.decode()}")
    if given.reference is None:
        return None
    expected = _fields(given.reference) or []
    rest, wanted = ([each for each in part if each[0] != _ID_FIELD] for part in (fields, expected))
    if sorted(rest) != sorted(wanted):
        return Fault(Status.WRONG_ANSWER, "another answer than before to the same input")
    return None


def _json_and_rest(body: bytes) -> tuple[dict[str, object] | None, bytes]:
    """A JSON object and what follows it (binary tensor data)."""
    try:
        # Latin-1 keeps positions; only the object's own bytes are then read as UTF-8.
        _, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
        value = json.loads(body[:end].decode("utf-8"))
    except (ValueError, RecursionError):
        return None, b""
    return (value, body[end:]) if isinstance(value, dict) else (None, b"")


def _difference(expected: object, found: object, path: str) -> str | None:
    """The first place where two JSON values differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return f"members of {path or '/'}"
        pairs = [(f"{path}/{key}", expected[key], found[key]) for key in expected]
        return next((where for at, a, b in pairs if (where := _difference(a, b, at))), None)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"length of {path}"
        numbered = enumerate(zip(expected, found, strict=True))
        return next((where for n, (a, b) in numbered if (where := _difference(a, b, f"{path}/{n}"))), None)
    if isinstance(expected, float) and isinstance(found, int | float) and not isinstance(found, bool):
        near = math.isclose(expected, found, rel_tol=CLOSE, abs_tol=NEAR) or (expected != expected and found != found)  # noqa: PLR0124 -- NaN
        return None if near else path
    same = type(expected) is type(found) or (isinstance(expected, int) and isinstance(found, float))
    return None if same and expected == found else path or "/"


def _fields(data: bytes) -> list[tuple[int, bytes]] | None:
    """Top-level fields of a protobuf message; None where it is none. Varints and fixed values as their bytes."""
    fields, place = [], 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        start = place
        if kind == 0:
            _, place = _varint(data, place)
        elif kind in {1, 5}:
            place += 8 if kind == 1 else 4
        elif kind == 2:
            size, start = _varint(data, place)
            place = start + size
        else:
            return None
        if number == 0 or place > len(data):
            return None
        fields.append((number, data[start:place]))
    return fields


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A varint and where it ends; past the end of the data where it is cut."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            return 0, len(data) + 1
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    return 0, len(data) + 1
