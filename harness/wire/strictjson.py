"""Reads JSON the way RFC 8259 has it, keeps what was written, and names everything that is wrong with it.

``json.loads`` takes NaN and duplicate keys silently and forgets how a number was written. Here the text of every
number that is no plain integer stays with it, integers are exact at any size, and each deviation is a `Problem`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

# Far above any tensor's rank, and safely below the recursion limit of the interpreter.
MAX_DEPTH = 400
# The interpreter refuses longer decimal integers, since reading them takes quadratic time.
MAX_DIGITS = 4300
MAX_PROBLEMS = 100

_WHITESPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


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

    ``value`` is made of dict, list, str, bool, None, int, `JsonNumber` and `NegativeZero`. Of duplicate keys the last
    one counts. With the problem ``too-deep`` there is a value, but none is built: ``value`` is None.
    """

    value: Any
    problems: tuple[Problem, ...] = ()


class JsonNumber(float):
    """A number with a fraction or an exponent; ``lexeme`` is how it was written."""

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
            if lexeme == "-0":
                return NegativeZero()
            try:
                return int(lexeme)
            except ValueError:  # the interpreter was set to an even lower limit
                pass
        self.found("huge-number", _short(lexeme), f"an integer of {len(lexeme)} digits")
        number = JsonNumber(lexeme)
        number.lexeme = lexeme
        return number

    def real(self, lexeme: str) -> JsonNumber:
        number = JsonNumber(lexeme)
        number.lexeme = lexeme
        if number in (math.inf, -math.inf):
            self.found("huge-number", _short(lexeme), f"the number {_short(lexeme)} is beyond double precision")
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
    """
    before: list[Problem] = []
    text = _decoded(body, before)
    start = _after_whitespace(text, 0)
    if start == len(text):
        raise NotJson("the body is empty" if not body else "the body has no JSON value")
    depth = _depth(text)
    if depth > MAX_DEPTH:
        return Document(None, (*before, _too_deep(depth)))
    try:
        value, end, reader = _value(text, start)
    except RecursionError:  # the caller stands deep in the stack already
        return Document(None, (*before, _too_deep(depth)))
    rest = _after_whitespace(text, end)
    if rest != len(text):
        reader.found("trailing-data", f"character {rest}", f"{len(text) - rest} characters after the JSON value")
    if _SURROGATE_ESCAPE.search(text):
        _find_lone_surrogates(value, reader)
    return Document(value, (*before, *reader.problems))


def _decoded(body: bytes, problems: list[Problem]) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
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


def _depth(text: str) -> int:
    """How deep arrays and objects are nested; 0 without looking where there are too few to matter."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRUCTURE.finditer(text):
        sign = match.group()[0]
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


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
    return text if len(text) <= 60 else f"{text[:60]}…"
