"""Batches and their rows: item i of a batch's output belongs to item i of its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.oracles.equality import difference, elements_differ
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor, product
from harness.wire.varied import vary


def row(tensor: Tensor, index: int) -> Tensor:
    """Row ``index`` of a tensor as a batch of one."""
    size = product(tensor.shape[1:])
    elements = tensor.elements[index * size : (index + 1) * size]
    return replace(tensor, shape=(1, *tensor.shape[1:]), elements=elements)


def row_request(request: InferRequest, index: int) -> InferRequest:
    """The request for one row of a batch."""
    return vary(request, inputs=[row(tensor, index) for tensor in request.inputs])


def rows_differ(
    batch: Mapping[str, Tensor], chosen: Sequence[int], rows: int, singles: Sequence[Mapping[str, Tensor]]
) -> str | None:
    """Where chosen rows of a batch's outputs differ first from the outputs of single requests, in words.

    Floats may differ by the tolerance of :mod:`harness.oracles.equality`: another kernel is not another answer.
    Outputs whose first dimension is not ``rows`` are left out: they do not belong to rows.
    """
    for name, tensor in batch.items():
        if not tensor.shape or tensor.shape[0] != rows or len(tensor.elements) != product(tensor.shape):
            continue
        for index, single in zip(chosen, singles, strict=True):
            if name not in single:
                return f"output {name!r} is missing for row {index} alone"
            found = elements_differ(row(tensor, index).elements, single[name].elements, exact=False)
            if found is not None:
                return f"output {name!r}, row {index}: {found}"
    return None


def rows_strayed(
    batch: Mapping[str, Tensor], indices: Sequence[int], singles: Sequence[Mapping[str, Tensor]]
) -> str | None:
    """The first row of a batch that is not answered as alone; outputs without a row for each row are passed over.

    Args:
        indices: for each row of the batch, the number of the single request that it is.
        singles: outputs of the single requests.
    """
    count = len(indices)
    for name, tensor in batch.items():
        if not tensor.shape or tensor.shape[0] != count or len(tensor.elements) % count:
            continue
        for position, index in enumerate(indices):
            single = singles[index].get(name)
            if single is None or single.shape[:1] != (1,):
                break
            found = difference({name: row(tensor, position)}, {name: single}, exact=False)
            if found is not None:
                return f"row {position} of {count}: {found}"
    return None


def batched_outputs(batch: Mapping[str, Tensor], rows: int, singles: Sequence[Mapping[str, Tensor]]) -> frozenset[str]:
    """Outputs that have a row for each row of a batch, and one for a single request."""
    return frozenset(
        name
        for name, tensor in batch.items()
        if tensor.shape[:1] == (rows,) and all(name in each and each[name].shape[:1] == (1,) for each in singles)
    )
