"""Extension sequence: requests that belong together, for models with a state.

Source: Triton ``extension_sequence.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor

Step = Callable[[Mapping[str, Tensor], Any], tuple[list[Tensor], Any]]
"""``(inputs, state or None at the start) -> (outputs, next state)``."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which sequence a request stands."""

    id: int | str
    start: bool
    end: bool


def read_place(parameters: Mapping[str, Any]) -> Place | None:
    """What the parameters of a request say; None if it belongs to no sequence (id absent, 0 or empty).

    Raises:
        Refusal: an id that is neither text nor an integer from 0, a start or end that is no boolean.
    """
    found = parameters.get("sequence_id", 0)
    start, end = parameters.get("sequence_start", False), parameters.get("sequence_end", False)
    if not isinstance(found, str) and (type(found) is not int or found < 0):
        raise Refusal("the parameter sequence_id is neither text nor an integer from 0")
    if not isinstance(start, bool) or not isinstance(end, bool):
        raise Refusal("the parameters sequence_start and sequence_end are true or false")
    return Place(found, start, end) if found else None


class Sequences:
    """The sequences of one model version that have begun and not ended."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._states: dict[int | str, Any] = {}
        self._lock = Lock()

    def infer(self, place: Place, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """One step of a sequence.

        Raises:
            Refusal: the sequence has not begun.
        """
        with self._lock:
            if not place.start and place.id not in self._states:
                raise Refusal(f"sequence {place.id!r} has no start")
            outputs, state = self._step(inputs, None if place.start else self._states[place.id])
            self._states[place.id] = state
            if place.end:
                del self._states[place.id]
        return outputs

    def forget(self) -> None:
        """End every sequence, as loading a model anew does."""
        with self._lock:
            self._states.clear()
