"""Whether two answers are the same as a whole: their heads, every member, and every output in its place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harness.oracles.equality import elements_differ
from harness.wire.tensor import Tensor

STATUS, OUTPUTS, PARAMETERS = "status", "outputs", "parameters"
# A number from here on, a text of more characters, and more different numbers in one row are hardly there by chance.
LARGE, SHORT, SEVERAL = 50, 3, 3


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """All that an answer says.

    Attributes:
        members: what is compared as it is, by what it is called for people; the status among them.
        outputs: the tensors by name, in their order.
    """

    members: Mapping[str, object]
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where an answer is not what it was.

    Attributes:
        aspect: what differs, such as ``id`` or ``data of 'y'``.
        words: how, for people.
    """

    aspect: str
    words: str


def data_of(name: str) -> str:
    """The aspect of the elements of an output."""
    return f"data of {name!r}"


def deviations(found: WholeAnswer, due: WholeAnswer, but: Collection[str] = ()) -> list[Deviation]:
    """Where an answer differs from the one that is due, the most telling first.

    Floats may differ by the tolerance of :mod:`harness.oracles.equality`. Of answers with other statuses, or other
    outputs, nothing beyond that is said.

    Args:
        but: aspects that are not compared.
    """
    for aspect in (STATUS, OUTPUTS):
        one, other = _aspect(found, aspect), _aspect(due, aspect)
        if aspect not in but and one != other:
            return [Deviation(aspect, f"{aspect} {one!r} against {other!r}")]
    wrong = [
        Deviation(name, f"{name} {found.members.get(name)!r} against {value!r}")
        for name, value in due.members.items()
        if name not in but and found.members.get(name) != value
    ]
    for name, tensor in due.outputs.items():
        if name not in found.outputs:
            continue
        for aspect, one, other in (
            (f"datatype of {name!r}", found.outputs[name].datatype, tensor.datatype),
            (f"shape of {name!r}", found.outputs[name].shape, tensor.shape),
        ):
            if aspect not in but and one != other:
                wrong.append(Deviation(aspect, f"{aspect} {one!r} against {other!r}"))
        words = elements_differ(found.outputs[name].elements, tensor.elements, exact=False)
        if data_of(name) not in but and words is not None:
            wrong.append(Deviation(data_of(name), f"{data_of(name)}: {words}"))
    return wrong


def rearranged(answer: WholeAnswer, order: Sequence[int]) -> tuple[WholeAnswer, frozenset[str]]:
    """The answer that is due where the rows of a request come in another order; and the aspects nobody can foretell.

    Args:
        answer: that to the rows as they were.
        order: for each place, which of those rows stands there now.
    """
    outputs, unknown = {}, set()
    for name, tensor in answer.outputs.items():
        count = len(order)
        if tensor.shape[:1] != (count,) or len(tensor.elements) % count:
            unknown.add(data_of(name))
            outputs[name] = tensor
            continue
        width = len(tensor.elements) // count
        rows = [tensor.elements[place * width : (place + 1) * width] for place in order]
        outputs[name] = dataclasses.replace(tensor, elements=tuple(element for row in rows for element in row))
    return dataclasses.replace(answer, outputs=outputs), frozenset(unknown)


def shown_of_others(
    found: WholeAnswer, due: WholeAnswer, others: Collection[WholeAnswer], *, values: bool
) -> str | None:
    """What of other answers stands in this one and has no place there, in words; None if nothing can be told.

    An id of another request, a parameter of another answer, or a row of its values. A row of few small integers, or
    of zeros, may be anybody's.

    Args:
        values: whether rows of values are looked at.
    """
    identity = found.members.get("id")
    if identity != due.members.get("id") and identity and any(identity == each.members.get("id") for each in others):
        return f"the id of another request, {identity!r}"
    for name, value in _parameters(found).items():
        foreign = any(_parameters(each).get(name) == value for each in others)
        if isinstance(value, str) and name not in _parameters(due) and foreign:
            return f"the parameter {name!r} of another answer"
    own = {row for each in due.outputs.values() for row in _rows(each)}
    for name in (each for each in due.outputs if values and each in found.outputs):
        foreign_rows = {row for each in others if name in each.outputs for row in _rows(each.outputs[name])} - own
        if any(row in foreign_rows and _telling(row) for row in _rows(found.outputs[name])):
            return f"values of another request in output {name!r}"
    return None


def _aspect(answer: WholeAnswer, aspect: str) -> object:
    return list(answer.outputs) if aspect == OUTPUTS else answer.members.get(aspect)


def _parameters(answer: WholeAnswer) -> Mapping[str, object]:
    value = answer.members.get(PARAMETERS)
    return value if isinstance(value, Mapping) else {}


def _rows(tensor: Tensor) -> list[tuple[object, ...]]:
    """The rows of a tensor by its leading dimension, floats to five digits; all of it where there is none."""
    count = tensor.shape[0] if tensor.shape and isinstance(tensor.shape[0], int) else 1
    elements = tuple(float(f"{each:.5g}") if isinstance(each, float) else each for each in tensor.elements)
    if count < 1 or len(elements) % count:
        return [elements]
    width = len(elements) // count
    return [elements[place * width : (place + 1) * width] for place in range(count)]


def _telling(row: Sequence[object]) -> bool:
    """Whether a row is not likely to be there by chance: a fraction, a text, a large number, or several numbers."""
    if any(
        isinstance(each, float) and each != int(each) for each in row if each not in (math.inf, -math.inf, math.nan)
    ):
        return True
    large = any(isinstance(each, int | float) and abs(each) >= LARGE for each in row)
    return large or any(isinstance(each, str | bytes) and len(each) > SHORT for each in row) or len(set(row)) > SEVERAL
