"""What a mistake is, for those who draw them: its name, its clause, and how it changes the body of a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

from harness.generate import members

Body = dict[str, Any]
Apply = Callable[[st.DrawFn, Body], tuple[Any, str]]
Tolerance = Literal["never", "same", "any"]
Aspect = Literal["body", "tensor", "name", "datatype", "outputs", "id", "version"]

# A mistake of the first kind stays one beside any of the second: none can make up for the other.
_BESIDE: dict[str, frozenset[str]] = {
    "tensor": frozenset({"outputs", "id"}),
    "name": frozenset({"outputs", "datatype", "id"}),
    "datatype": frozenset({"outputs", "name", "id"}),
    "outputs": frozenset({"name", "datatype", "id"}),
}


def encoded(value: object) -> bytes:
    """Compact JSON: UTF-8, or escapes alone where a lone surrogate leaves no other way."""
    try:
        return members.encoded(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def always(body: Body) -> bool:
    """For operators that every request allows."""
    return bool(body["inputs"])


def first_inputs(body: Body) -> bool:
    """Whether there is an input with elements."""
    return any(entry["data"] for entry in body["inputs"])


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of mistake.

    Attributes:
        name: kebab-case identity.
        clause: the clause that speaks of it; None where none does.
        aspect: what it changes.
        apply: changes the body in place or gives another one, and says what is wrong now; ``bytes`` are sent as such.
        tolerance: of an answer of 200: ``never`` right by the clause; ``same`` right with the outputs of the valid
            request; ``any`` right whatever it says.
        heavy: announces a size that nobody could serve.
        applies: whether a request leaves room for it.
    """

    name: str
    clause: str | None
    aspect: Aspect
    apply: Apply
    tolerance: Tolerance = "never"
    heavy: bool = False
    applies: Callable[[Body], bool] = always

    @property
    def beside(self) -> frozenset[str]:
        """Aspects of mistakes that may be made beside this one."""
        return _BESIDE.get(self.aspect, frozenset())


def input_position(draw: st.DrawFn, body: Body) -> int:
    """Which input to change: any of those there are, the first one in a counterexample if that will do."""
    return int(draw(st.integers(0, len(body["inputs"]) - 1)))


def filled_position(draw: st.DrawFn, body: Body) -> int:
    """Which input to change, of those with elements."""
    filled = [position for position, entry in enumerate(body["inputs"]) if entry["data"]]
    return int(draw(st.sampled_from(filled)))
