"""Elements that a datatype cannot hold, or JSON cannot carry, one of them in a valid request.

Refusing them is right, and so is giving them back as they were sent. What must not be is another value in their place.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from harness.generate.members import encoded
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest

Kind = Literal["beyond the range", "not finite", "no text"]
# Stands where the token will: JSON text that no value of a request has.
_PLACE = "art15-place-of-the-token"
# JSON text, and the bytes that it stands for: half a pair, two halves in the wrong order, bytes that are no UTF-8.
_NO_TEXTS: tuple[tuple[bytes, bytes], ...] = (
    (b'"\\ud800"', b"\xed\xa0\x80"),
    (b'"a\\udfff"', b"a\xed\xbf\xbf"),
    (b'"\\udc00\\ud83d"', b"\xed\xb0\x80\xed\xa0\xbd"),
    (b'"\xff"', b"\xff"),
    (b'"a\xc3"', b"a\xc3"),
    (b'"\xed\xa0\x80"', b"\xed\xa0\x80"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """An element as it stands in JSON, and what it stands for: bytes if it is a text."""

    kind: Kind
    text: bytes
    sent: int | float | bytes


@dataclass(frozen=True, slots=True)
class Unholdable:
    """One request with one such element."""

    name: str
    datatype: str
    position: int
    token: Token
    body: bytes

    @property
    def why(self) -> str:
        """The element, for people."""
        token = self.token.text.decode("ascii", "backslashreplace")
        shown = token if len(token) <= 40 else f"a number of {len(token)} digits"
        return f"element {self.position} of {self.datatype} input {self.name!r} is {shown} ({self.token.kind})"

    def changed(self, returned: object) -> str | None:
        """What has come back instead, in words; None if it is the value that was sent, or no value of the datatype.

        NaN and the infinities may come back as anything but a finite number (TDATA-14), and what is too large as
        an infinity.
        """
        sent = self.token.sent
        if isinstance(sent, bytes):
            same = not isinstance(returned, str | bytes) or sent in _readings(returned)
        else:
            number = isinstance(returned, int | float) and not isinstance(returned, bool)
            infinite = isinstance(returned, float) and not math.isfinite(returned)
            same = not number or infinite or returned == sent
        return None if same else f"{returned!r} came back"


def _readings(text: str | bytes) -> list[bytes]:
    """The bytes that a text may stand for: half a pair written as it is, or a stray byte as Python escapes it."""
    if isinstance(text, bytes):
        return [text]
    found = []
    for errors in ("surrogatepass", "surrogateescape"):
        with contextlib.suppress(UnicodeEncodeError):
            found.append(text.encode("utf-8", errors))
    return found


def _tokens(datatype: str) -> st.SearchStrategy[Token]:
    """Elements that the datatype cannot hold."""
    entry = DATATYPES[datatype]
    if entry.kind == "bytes":
        return st.sampled_from(_NO_TEXTS).map(lambda pair: Token("no text", *pair))
    assert entry.minimum is not None
    assert entry.maximum is not None
    if entry.kind == "float":
        # From twice the largest on nothing rounds into the range.
        large = [text for text in ("2e5", "1e39", "1e300", "1e400") if float(text) >= 2 * entry.maximum]
        beyond = st.sampled_from([sign + text for text in large for sign in ("", "-")])
        odd = st.sampled_from(("NaN", "Infinity", "-Infinity"))
        return st.one_of(
            beyond.map(lambda text: Token("beyond the range", text.encode(), float(text))),
            odd.map(lambda text: Token("not finite", text.encode(), float(text))),
        )
    low, high = int(entry.minimum), int(entry.maximum)
    span = high - low + 1
    near = st.integers(1, 1 << 20)
    numbers = st.one_of(
        st.sampled_from((high + 1, low - 1, high + span, 2**64, 10**30, -(10**30), 10**400)),
        near.map(lambda more: high + more),
        near.map(lambda less: low - less),
    ).filter(lambda number: not low <= number <= high)
    return numbers.map(lambda number: Token("beyond the range", str(number).encode(), number))


@st.composite
def unholdable(draw: st.DrawFn, base: InferRequest, names: Sequence[str]) -> Unholdable:
    """One of the inputs ``names`` gets an element that it cannot hold; each has elements, of a datatype that can be."""
    value = base.to_value()
    name = draw(st.sampled_from(list(names)))
    entry = next(each for each in value["inputs"] if each["name"] == name)
    token = draw(_tokens(entry["datatype"]))
    position = draw(st.integers(0, len(entry["data"]) - 1))
    entry["data"] = [*entry["data"][:position], _PLACE, *entry["data"][position + 1 :]]
    body = encoded(value).replace(f'"{_PLACE}"'.encode(), token.text, 1)
    return Unholdable(name, entry["datatype"], position, token, body)


def limited(datatype: str) -> bool:
    """Whether there are elements that a datatype cannot hold. For BOOL there are none: 2 may count as true."""
    return datatype in DATATYPES and DATATYPES[datatype].kind != "bool"
