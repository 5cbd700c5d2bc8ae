"""Whether an answer belongs to its request, when the answers of all requests alone are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.oracles.equality import difference, elements_differ, form_differs
from harness.wire.tensor import Tensor

Outputs = Mapping[str, Tensor]
Kind = Literal["other-id", "other-answer", "other-rows", "changed"]


@dataclass(frozen=True, slots=True)
class MixedUpAnswer:
    """An answer that is not the one that belongs to its request.

    Attributes:
        kind: another request's id, another's whole answer, another's among the own, or an answer that nobody has.
        whose: number of the known request that it belongs to, where that can be told.
    """

    kind: Kind
    text: str
    whose: int | None = None

    @property
    def leaked(self) -> bool:
        """Whether it shows what belongs to another request."""
        return self.kind != "changed"


def id_strayed(sent: str, received: object, others: Sequence[str]) -> MixedUpAnswer | None:
    """Whether an answer has an id that another request sent; what else may be wrong with ids is not asked here."""
    if received == sent or received not in others:
        return None
    return MixedUpAnswer("other-id", f"id {sent!r} was sent, {received!r} came back, the id of another request")


def answer_strayed(
    outputs: Outputs, own: int, alone: Sequence[Outputs], exact: Collection[str] = ()
) -> MixedUpAnswer | None:
    """Whether outputs differ from what request ``own`` is answered alone, and whose they are; None if they do not.

    Floats may differ by the tolerance of :mod:`harness.oracles.equality`, but in the outputs that ``exact`` names:
    those give back what was sent, which no kernel changes.
    """
    found = differs(outputs, alone[own], exact)
    if found is None:
        return None
    for number, other in enumerate(alone):
        # A request with the same answer as the own one would not differ.
        if number != own and difference(outputs, other, exact=False) is None:
            return MixedUpAnswer("other-answer", f"the answer of another request ({found})", number)
    for number, other in enumerate(alone):
        if number != own and _holds_more(outputs, alone[own], other):
            return MixedUpAnswer("other-rows", f"values of another request beside the own ({found})", number)
    return MixedUpAnswer("changed", found)


def differs(outputs: Outputs, alone: Outputs, exact: Collection[str] = ()) -> str | None:
    """Where outputs differ from those alone, in words; those named in ``exact`` may not differ at all."""
    found = difference(outputs, alone, exact=False) or form_differs(outputs, alone)
    if found is None and exact:
        found = difference({name: outputs[name] for name in exact}, {name: alone[name] for name in exact})
    return found


def _holds_more(outputs: Outputs, own: Outputs, other: Outputs) -> bool:
    """Whether some output is the own one with the other's before or after it."""
    for name, tensor in outputs.items():
        if name not in own or name not in other:
            continue
        one, two = own[name].elements, other[name].elements
        for both in (one + two, two + one):
            if len(two) and elements_differ(tensor.elements, both, exact=False) is None:
                return True
    return False
