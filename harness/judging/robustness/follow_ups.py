"""Samples changed by a perturbation of the policy, as requests; none of a sample that has no valid change."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from harness.bundle.robustness import PictureSeen
from harness.check import TesterFailed
from harness.data.features import NoFeature
from harness.judging.robustness.bench import Bench
from harness.robustness.declared import EVERY, ImageTable, PerturbationTable, Unit
from harness.robustness.images import corrupted_rows, pixels
from harness.robustness.kinds import kinds
from harness.robustness.numbers import Changing, changed_rows
from harness.robustness.pictures import difference, png, smaller
from harness.robustness.texts import changed_text
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


def follow_ups(bench: Bench, table: PerturbationTable, size: float, places: Sequence[int]) -> list[InferRequest | None]:
    """The samples at these places changed by a size; the same for the same seed, whatever else is asked.

    Raises:
        TesterFailed: the policy names a feature or a unit that there is not.
    """
    at, of = np.array(places, dtype=np.intp), kinds()[table.kind].of
    rng = np.random.default_rng([bench.seed, zlib.crc32(f"{table.kind} {size!r}".encode())])
    if of == "texts":
        return [_of_texts(bench, table, size, place, rng) for place in places]
    if of == "images":
        return of_rows(bench, at, corrupted_rows(table.kind, bench.rows[at], size, _image(bench), rng))
    return of_rows(bench, at, changed_rows(table.kind, bench.rows[at], size, changing(bench, table, rng)))


def of_rows(bench: Bench, at: Places, changed: Floats, *, whole: bool = False) -> list[InferRequest | None]:
    """Samples with other features, led back into the domain; None where that is not possible.

    Args:
        whole: whether nothing is led back: a row that is not valid as it is has none.
    """
    held = changed if whole else bench.domain.held(bench.rows[at], changed)
    valid = bench.domain.valid(held)
    return [
        bench.decider.request(bench.requests[place], row) if fits else None
        for place, row, fits in zip(at, held, valid, strict=True)
    ]


def _image(bench: Bench) -> ImageTable:
    image = bench.table.domain.image
    if image is None or len(bench.features.names) != image.elements:
        raise TesterFailed(
            f"robustness of {bench.table.model}: a row has {len(bench.features.names)} numbers, and the image that is "
            "declared another number of them"
        )
    return image


def picture(bench: Bench, size: float, place: int, request: InferRequest) -> PictureSeen:
    """A sample that is an image, and the same changed."""
    image = _image(bench)
    rows = (bench.rows[place], bench.features.values(request))
    original, changed = (smaller(pixels(row, image)) for row in rows)
    return PictureSeen(
        row=bench.data.rows[place].place + 1,
        size=size,
        width=original.shape[1],
        height=original.shape[0],
        original=png(original),
        changed=png(changed),
        difference=png(difference(original, changed)),
    )


def _of_texts(
    bench: Bench, table: PerturbationTable, size: float, place: int, rng: np.random.Generator
) -> InferRequest | None:
    """The sample with its texts changed; None where it has none."""
    request = bench.requests[place]
    frozen = bench.table.domain.immutable

    def changes(tensor: Tensor) -> bool:
        named = tensor.name in table.features if table.features else tensor.name not in frozen
        return named and tensor.datatype == "BYTES"

    if not any(changes(each) for each in request.inputs):
        return None
    return vary(
        request,
        inputs=[
            replace(each, elements=tuple(changed_text(table.kind, str(text), size, rng) for text in each.elements))
            if changes(each)
            else each
            for each in request.inputs
        ],
    )


def changing(bench: Bench, table: PerturbationTable, rng: np.random.Generator) -> Changing:
    """What a perturbation of numbers goes by."""
    at = mutable(bench, table.features or [EVERY])
    samples = bench.rows[:, at]
    middle, spread = np.median(samples, axis=0), samples.std(axis=0)
    fill = middle if table.fill is None else np.full(len(at), table.fill)
    return Changing(at, scale_of(bench, table.unit, at), middle, spread, fill, rng)


def mutable(bench: Bench, names: Sequence[str]) -> Places:
    """Places of the features of these names that can be changed.

    Raises:
        TesterFailed: there are none.
    """
    at = places_of(bench, names)
    found = at[~bench.domain.immutable[at]]
    if not len(found):
        raise TesterFailed(f"robustness of {bench.table.model}: no feature of {', '.join(names)} can be changed")
    return found


def places_of(bench: Bench, names: Sequence[str]) -> Places:
    """Places of the features of these names.

    Raises:
        TesterFailed: there is none of one of them.
    """
    try:
        return bench.features.places(names)
    except NoFeature as error:
        raise TesterFailed(f"robustness of {bench.table.model}: {error}") from None


def scale_of(bench: Bench, unit: Unit, at: Places) -> Floats:
    """What a size of 1 is in this unit, for each of these features.

    Raises:
        TesterFailed: the unit is the width of a range that is not declared.
    """
    if unit == "std":
        spread: Floats = bench.rows[:, at].std(axis=0)
        return spread
    if unit == "absolute":
        return np.ones(len(at))
    width = bench.domain.width[at]
    if not np.isfinite(width).all():
        name = bench.features.names[at[int(np.argmin(np.isfinite(width)))]]
        raise TesterFailed(f"robustness of {bench.table.model}: unit = range, and {name!r} has no range")
    return width
