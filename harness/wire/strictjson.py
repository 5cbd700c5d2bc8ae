"""Reads JSON the way RFC 8259 has it, keeps what was written, and names everything that is wrong with it.

``json.loads`` takes NaN and duplicate keys silently and lets numbers and nesting grow without bound. Here integers are
exact as far as a double reaches, what lies beyond is infinite and keeps its text, and each deviation is a `Problem`.
Reading takes time and memory in proportion to the bytes, whatever they are: depth and count are known beforehand.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from harness.record.quoting import clip
from harness.wire.jsonscan import scan
from harness.wire.reading import TooMuch, refuse_cost

__all__ = ["Document", "JsonNumber", "NegativeZero", "NotJson", "Problem", "TooMuch", "parse"]

# Far above any tensor's rank, and safely below the recursion limit even for readers that take two calls a level.
MAX_DEPTH = 100
# An integer of so many digits is a double for certain, so whatever computes with it as a float cannot overflow.
MAX_DIGITS = 308
MAX_PROBLEMS = 100

_MARK = b"\xef\xbb\xbf"
_WHITESPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(Exception):
    """There is no JSON value; ``offset`` is the character where reading ended."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (at character {offset})" if offset else reason)
        self.reason = reason
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Problem:
    """One deviation; ``where`` is a key, a lexeme or an offset.

    Kinds: duplicate-key, nan-token, infinity-token, invalid-utf8, byte-order-mark, trailing-data, too-deep,
    lone-surrogate, huge-number, control-character.
    """

    kind: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value and what was wrong with its text.

    ``value`` is made of dict, list, str, bool, None, int, float, `JsonNumber` and `NegativeZero`. Of duplicate keys the
    last one counts. With the problem ``too-deep`` there is a value, but none is built: ``value`` is None.
    """

    value: Any
    problems: tuple[Problem, ...] = ()


class JsonNumber(float):
    """A number that neither an integer nor a double holds; ``lexeme`` is how it was written."""

    __slots__ = ("lexeme",)
    lexeme: str


class NegativeZero(int):
    """The integer ``-0``: equal to 0, but a negative zero as a float."""

    lexeme = "-0"

    def __float__(self) -> float:
        return -0.0

    def __repr__(self) -> str:
        return "-0"


@dataclass(slots=True)
class _Reader:
    """The hooks of one reading; ``problems`` is what they found."""

    problems: list[Problem] = field(default_factory=list)

    def found(self, kind: str, where: str, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(kind, where, text))

    def integer(self, lexeme: str) -> int | JsonNumber:
        if len(lexeme) <= MAX_DIGITS:
            return NegativeZero() if lexeme == "-0" else int(lexeme)
        self.found("huge-number", _short(lexeme), f"an integer of {len(lexeme.lstrip('-'))} digits")
        return _kept(lexeme)

    def real(self, lexeme: str) -> float:
        number = float(lexeme)
        if number in (math.inf, -math.inf):
            self.found("huge-number", _short(lexeme), f"the number {_short(lexeme)} is beyond double precision")
            return _kept(lexeme)
        return number

    def constant(self, token: str) -> float:
        kind = "nan-token" if token == "NaN" else "infinity-token"
        self.found(kind, token, f"the token {token}, which is not JSON")
        return float(token)

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.found("duplicate-key", _short(key), f"the key {_short(key)!r} stands twice in one object")
                seen.add(key)
        return members

    def decode(self, text: str, start: int, *, strict: bool) -> tuple[Any, int]:
        decoder = json.JSONDecoder(
            object_pairs_hook=self.pairs,
            parse_float=self.real,
            parse_int=self.integer,
            parse_constant=self.constant,
            strict=strict,
        )
        return decoder.raw_decode(text, start)


def parse(body: bytes) -> Document:
    """Read a body as one JSON text.

    Raises:
        NotJson: there is no JSON value at the beginning of it.
        TooMuch: there are more values than are held in memory.
    """
    before: list[Problem] = []
    text = _decoded(body, before)
    start = _after_whitespace(text, 0)
    if start == len(text):
        raise NotJson("the body is empty" if not body else "the body has no JSON value")
    # What precedes the value is white space: characters and bytes are counted alike.
    ahead = scan(body.removeprefix(_MARK), start)
    if ahead.depth > MAX_DEPTH:
        return Document(None, (*before, _too_deep(ahead.depth)))
    refuse_cost(ahead.cost, f"at least {ahead.values} JSON values")
    try:
        value, end, reader = _value(text, start)
    except RecursionError:  # the caller stands deep in the stack already
        return Document(None, (*before, _too_deep(ahead.depth)))
    rest = _after_whitespace(text, end)
    if rest != len(text):
        reader.found("trailing-data", f"character {rest}", f"{len(text) - rest} characters after the JSON value")
    if _SURROGATE_ESCAPE.search(text):
        _find_lone_surrogates(value, reader)
    return Document(value, (*before, *reader.problems))


def _decoded(body: bytes, problems: list[Problem]) -> str:
    if body.startswith(_MARK):
        body = body[3:]
        problems.append(Problem("byte-order-mark", "offset 0", "the text begins with a byte order mark"))
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        text = f"byte 0x{body[error.start]:02x} at offset {error.start} is not UTF-8"
        problems.append(Problem("invalid-utf8", f"offset {error.start}", text))
        return body.decode("utf-8", "replace")


def _after_whitespace(text: str, position: int) -> int:
    match = _WHITESPACE.match(text, position)
    return match.end() if match else position


def _value(text: str, start: int) -> tuple[Any, int, _Reader]:
    reader = _Reader()
    try:
        value, end = reader.decode(text, start, strict=True)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Invalid control character"):
            raise NotJson(error.msg, error.pos) from None
        position = error.pos
    else:
        return value, end, reader
    reader = _Reader()
    code = f"U+{ord(text[position]):04X}"
    reader.found("control-character", f"character {position}", f"a raw control character ({code}) in a string")
    try:
        value, end = reader.decode(text, start, strict=False)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.pos) from None
    return value, end, reader


def _kept(lexeme: str) -> JsonNumber:
    number = JsonNumber(lexeme)
    number.lexeme = lexeme
    return number


def _too_deep(depth: int) -> Problem:
    return Problem("too-deep", f"depth {depth}", f"nested {depth} deep; values are built up to {MAX_DEPTH}")


def _find_lone_surrogates(value: object, reader: _Reader) -> None:
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            stack += item
        elif isinstance(item, str) and _SURROGATE.search(item):
            shown = _short(item).encode("utf-8", "backslashreplace").decode()
            reader.found("lone-surrogate", shown, f"half a surrogate pair in {shown}")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{clip(text, 60)}…"
