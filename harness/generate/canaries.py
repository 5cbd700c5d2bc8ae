"""Canaries: values so unusual that an answer to somebody else can only have them from the request they were sent in."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace
from typing import Any

from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


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
        # Not within a longer number: outputs have many digits.
        met = re.search(rf"(?<![\d.])(?:{self.number}|{self.short})(?!\d)", text)
        return f"the canary {met.group()}" if met else None

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
    value = replace(base, inputs=inputs, id=mark.text).to_value()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _marked(tensor: Tensor, mark: Canary) -> Tensor:
    value = mark.value(tensor.datatype)
    return tensor if value is None else replace(tensor, elements=(value,) * len(tensor.elements))
