"""Canaries: values so unusual that an answer to somebody else can only have them from the request they were sent in."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from harness.generate.invalid import Invalid
from harness.generate.members import encoded
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\d)")


@dataclass(frozen=True, slots=True)
class Canary:
    """What one request is marked with.

    Attributes:
        number: nine digits, for integers of 32 bits and more and for FP64.
        text: for texts and ids.
        short: a number of seven digits that FP32 holds exactly.
    """

    number: int
    short: int
    text: str

    def found_in(self, text: str) -> str | None:
        """Which of them stands in a text; None if none does."""
        if self.text in text:
            return f"the canary {self.text}"
        # As whole numbers, however they are spelt: 8764005 may come back as 8764005.0 or as 8.764005e+06.
        wanted = {float(self.number), float(self.short)}
        met = next((each.group() for each in _NUMBER.finditer(text) if float(each.group()) in wanted), None)
        return f"the canary {met}" if met else None

    @property
    def texts(self) -> tuple[str, ...]:
        """How they begin in JSON."""
        return self.text, str(self.number), str(self.short)

    def value(self, datatype: str) -> Any:  # noqa: ANN401 -- an element
        """The canary for an element of the datatype; None where none would be unusual enough."""
        entry = DATATYPES.get(datatype)
        if entry is None:
            return None
        if entry.kind == "bytes":
            return self.text
        if entry.size in (4, 8) and entry.kind in ("int", "uint"):
            return self.number
        return {"FP64": float(self.number), "FP32": float(self.short)}.get(datatype)


def canary(seed: int) -> Canary:
    """The canaries of a run."""
    chance = random.Random(seed)  # noqa: S311 -- to be recognised, not to be secret
    number, short = chance.randrange(700_000_000, 2_000_000_000) | 1, chance.randrange(7_000_000, 9_999_999) | 1
    return Canary(number, short, f"art15canary{chance.randrange(1 << 40):010x}")


def canary_request(base: InferRequest, mark: Canary) -> bytes:
    """A valid request with canaries in every element that can hold one and in its id."""
    inputs = tuple(_marked(tensor, mark) for tensor in base.inputs)
    # The id at the end: much of the body stands before the first canary, and may be cut off there.
    value = {**replace(vary(base, inputs=inputs), id=None).to_value(), "id": mark.text}
    return encoded(value)


@st.composite
def cut_off(draw: st.DrawFn, body: bytes, mark: Canary) -> Invalid:
    """A marked request that ends before the first canary: who answers it with one has it from somewhere else."""
    text = body.decode()
    first = min(at for at in (text.find(each) for each in mark.texts) if at >= 0)
    whole = text[:first].encode()
    length = draw(st.integers(1, len(whole)))
    why = f"the body ends after {length} of {len(body)} bytes, the first of those of the request before"
    return Invalid("body-cut-like-last", "REST-INFER-05", why, whole[:length], "never")


def _marked(tensor: Tensor, mark: Canary) -> Tensor:
    value = mark.value(tensor.datatype)
    return tensor if value is None else replace(tensor, elements=(value,) * len(tensor.elements))
