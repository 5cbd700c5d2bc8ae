"""Strategies for valid requests of a model that nothing is known of but its metadata (or samples of the operator).

Every rank and batch size, boundary values among ordinary ones, large tensors by recipe. What is drawn is valid by the
metadata; whether the model likes it is found out by sending it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from harness.generate.recipes import Base, Enumerated, Fill, Noise, Ramp, Recipe, Repeated, distinct
from harness.generate.values import elements as ordinary
from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.messages import InferRequest, TensorMetadata
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

# Up to this many elements are drawn one by one.
LISTED = 6
# What a model asks for may be larger; what is left to the harness is not.
MAX_DRAWN = 4096
# So many inputs of a request are drawn one by one; of a model with more, the others are filled by their place.
FREE = 6
# Simplest first; no rows at all are a batch too.
BATCHES = (1, 2, 3, 4, 7, 33, 0)
LONG_TEXT = 4096
_LEAST = {"FP16": 2.0**-24, "BF16": 2.0**-133, "FP32": 2.0**-149, "FP64": 2.0**-1074}
_NORMAL = {"FP16": 2.0**-14, "BF16": 2.0**-126, "FP32": 2.0**-126, "FP64": 2.0**-1022}
TEXTS = (
    "",
    "a\0b",
    "\u20ac",
    "line\r\n",
    " ends ",
    '"\\/',
    "\u202edesrever",
    "\U0001f600",
    "e\u0301",
    "\ufeffx",
    "\x01\x1b\x7f",
    "\u2028\uffff",
    "null",
)


@dataclass(frozen=True, slots=True)
class DrawnTensor:
    """A tensor as it was drawn."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    recipe: Recipe

    def tensor(self) -> Tensor:
        """The tensor with all its elements."""
        values = self.recipe.elements(self.datatype, math.prod(self.shape))
        return Tensor(self.name, self.datatype, self.shape, values)


@dataclass(frozen=True, slots=True)
class DrawnRequest:
    """A valid request as it was drawn; its text is as short as what was drawn, whatever the size of the tensors.

    Attributes:
        sample: the operator's own request that was taken instead; None if the tensors were drawn.
        like: a request that is known to be accepted: all but the inputs is as there.
    """

    tensors: tuple[DrawnTensor, ...]
    sample: InferRequest | None = None
    like: InferRequest | None = field(default=None, repr=False)

    @property
    def request(self) -> InferRequest:
        """What is sent."""
        if self.sample is not None:
            return self.sample
        tensors = tuple(each.tensor() for each in self.tensors)
        return InferRequest(tensors) if self.like is None else vary(self.like, inputs=tensors)


def edges(datatype: str, *, finite: bool = True) -> tuple[Any, ...]:
    """Boundary values of a datatype, each of which it holds; plainest first, so that shrinking ends there.

    With ``finite=False`` also NaN and the infinities, for which JSON has no spelling.
    """
    entry = DATATYPES[datatype]
    if entry.kind == "bool":
        return (False, True)
    if entry.kind == "bytes":
        return TEXTS
    assert entry.minimum is not None
    assert entry.maximum is not None
    if entry.kind == "float":
        least, normal = _LEAST[datatype], _NORMAL[datatype]
        exact = tuple(each for each in (2.0**53, 2.0**53 - 1, 16777217.0) if round_to(datatype, each) == each)
        found = (0.0, 1.0, -1.0, -0.0, round_to(datatype, 0.1), entry.maximum, entry.minimum, normal, least,
                 -least, 3 * least, normal - least, *exact)  # fmt: skip
        return found if finite else (*found, math.nan, math.inf, -math.inf)
    low, high = int(entry.minimum), int(entry.maximum)
    powers = (2**7, 2**15, 2**31, 2**32, 2**53 + 1, -(2**53) - 1, 2**63 - 1)
    return tuple(dict.fromkeys((0, 1, high, low, high - 1, *(each for each in powers if low <= each <= high))))


@functools.cache
def values(datatype: str, *, finite: bool = True) -> st.SearchStrategy[Any]:
    """Elements of a datatype: ordinary ones, boundaries, and for BYTES texts of some kilobytes."""
    boundary = st.sampled_from(edges(datatype, finite=finite))
    # Twice: a search of a few dozen draws is to meet every boundary.
    found: list[st.SearchStrategy[Any]] = [ordinary(datatype), boundary, boundary.map(lambda each: each)]
    if datatype == "BF16":
        found[0] = st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda each: round_to("BF16", each))
        found[0] = found[0].filter(math.isfinite)
    if datatype == "BYTES":
        found.append(st.builds(Repeated, st.sampled_from(("a", "\u20ac", "\0")), st.integers(1, LONG_TEXT)))
    return st.one_of(found)


@st.composite
def recipes(draw: st.DrawFn, datatype: str, count: int, *, finite: bool = True) -> Recipe:
    """What fills ``count`` elements: one by one where there are few, else by a recipe with up to four planted."""
    single = values(datatype, finite=finite)
    if count <= LISTED:
        return Recipe(Enumerated(tuple(draw(single) for _ in range(count))))
    base = draw(_bases(datatype))
    planted = draw(st.lists(st.tuples(st.integers(0, count - 1), single), max_size=4))
    return Recipe(base, tuple(planted))


@functools.cache
def _bases(datatype: str) -> st.SearchStrategy[Base]:
    """What fills a tensor of many elements. Kept, as a strategy that is made anew is looked through anew."""
    return st.one_of(
        st.builds(Ramp, st.integers(-8, 8), st.integers(0, 3)),
        st.builds(Fill, ordinary(datatype) if datatype != "BF16" else st.just(1.0)),
        st.builds(Noise, st.integers(0, 1 << 16)),
    )


@st.composite
def requests(
    draw: st.DrawFn,
    inputs: Sequence[TensorMetadata],
    samples: Sequence[InferRequest] = (),
    *,
    finite: bool = True,
    batch: int | None = None,
) -> DrawnRequest:
    """Valid requests for these inputs; now and then one of the samples.

    Inputs share the size of the batch (``batch``, or a drawn one), and the size of every other variable dimension.
    """
    if samples and (not inputs or draw(st.integers(0, 3)) == 3):
        return DrawnRequest((), draw(st.sampled_from(list(samples))))
    rows = draw(st.sampled_from(BATCHES)) if batch is None else batch
    other = draw(st.integers(1, 4))
    shapes = [_sizes(each.shape, rows, other) for each in inputs]
    if any(math.prod(shape) > MAX_DRAWN for shape in shapes):
        # All of them: inputs of one request share their batch.
        shapes = [_sizes(each.shape, 1, 1) for each in inputs]
    free = {*range(len(inputs))}
    seed = 0
    if len(inputs) > FREE:
        # What is drawn is bounded: of a draw of thousands of numbers, Hypothesis makes none.
        free = set(draw(st.lists(st.integers(0, len(inputs) - 1), min_size=1, max_size=FREE)))
        seed = draw(st.integers(0, 1 << 16))
    return DrawnRequest(
        tuple(
            DrawnTensor(
                each.name,
                each.datatype,
                shape,
                draw(recipes(each.datatype, math.prod(shape), finite=finite))
                if place in free
                else Recipe(Noise(seed + place)),
            )
            for place, (each, shape) in enumerate(zip(inputs, shapes, strict=True))
        )
    )


def every_edge(inputs: Sequence[TensorMetadata], *, finite: bool = True) -> DrawnRequest:
    """One request that holds every boundary value of each input's datatype, as far as its shape has room.

    What is drawn may miss one; this costs a single request, and is no good for shrinking.
    """
    room = [max(1, math.prod(_sizes(each.shape, 1, 1))) for each in inputs]
    values = [edges(each.datatype, finite=finite) for each in inputs]
    rows = max(-(-len(found) // one) for found, one in zip(values, room, strict=True))
    tensors = []
    for each, found in zip(inputs, values, strict=True):
        shape = _sizes(each.shape, rows, 1)
        planted = tuple(enumerate(found))[: math.prod(shape)]
        tensors.append(DrawnTensor(each.name, each.datatype, shape, Recipe(Fill(found[0]), planted)))
    return DrawnRequest(tuple(tensors))


def batches(inputs: Sequence[TensorMetadata]) -> tuple[int | None, ...]:
    """The sizes of batches to draw requests for; None alone where no input has a variable leading dimension."""
    return BATCHES if any(each.shape[:1] == (-1,) for each in inputs) else (None,)


def drawable(inputs: Sequence[TensorMetadata]) -> bool:
    """Whether requests can be drawn: known datatypes, and no tensor larger than a request may be."""
    known = bool(inputs) and all(each.datatype in DATATYPES for each in inputs)
    return known and all(math.prod(_sizes(each.shape, 1, 1)) <= MAX_DRAWN * 64 for each in inputs)


def _sizes(shape: Sequence[int], rows: int, other: int) -> tuple[int, ...]:
    return tuple(size if size >= 0 else (rows if axis == 0 else other) for axis, size in enumerate(shape))


def classes(request: InferRequest) -> list[str]:
    """The input classes that a request belongs to, for counting: datatype with kinds of value, batch and size."""
    found: dict[str, None] = {}
    for tensor in request.inputs:
        for element in distinct(tensor.elements):
            found[f"{tensor.datatype} {kind_of(tensor.datatype, element)}"] = None
        found[f"rank {len(tensor.shape)}"] = None
        if tensor.shape and tensor.shape[0] > 1:
            found["more than one row"] = None
        if 0 in tensor.shape:
            found["no rows"] = None
        if len(tensor.elements) > LISTED:
            found[f"more than {LISTED} elements"] = None
    return list(found)


def kind_of(datatype: str, element: object) -> str:
    """What kind of value an element is: the boundary it lies at, or ordinary."""
    if isinstance(element, str | bytes):
        return _kind_of_text(element)
    if isinstance(element, bool) or not isinstance(element, int | float) or datatype not in DATATYPES:
        return "ordinary"
    entry = DATATYPES[datatype]
    if entry.kind == "float" and (not math.isfinite(element) or abs(element) < _NORMAL[datatype]):
        return _kind_of_special(element)
    if element in (entry.minimum, entry.maximum):
        return "at the end of the range"
    return "beyond 2^53" if abs(element) > 2**53 else "ordinary"


def _kind_of_special(element: float) -> str:
    if element == 0:
        return "negative zero" if math.copysign(1, element) < 0 else "zero"
    if math.isfinite(element):
        return "denormal"
    return "NaN" if math.isnan(element) else "infinity"


def _kind_of_text(element: str | bytes) -> str:
    text = element if isinstance(element, str) else element.decode("latin-1")
    if not text:
        return "empty"
    if len(text) > 256:
        return "long text"
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        return "with NUL" if "\0" in text else "with control characters"
    return "ASCII text" if text.isascii() else "text beyond ASCII"
