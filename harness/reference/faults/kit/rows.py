"""A helper for faults that mix up the rows of two requests."""

from __future__ import annotations

import dataclasses

from harness.reference.protocol.tensors import Tensor


def with_second_row(new: Tensor, old: Tensor) -> Tensor:
    if not new.shape or new.shape[0] < 2 or new.shape[1:] != old.shape[1:] or len(new.values) != new.count:
        return new
    values, width = new.values.copy(), new.count // new.shape[0]
    values[width : 2 * width] = old.values[width : 2 * width]
    return dataclasses.replace(new, values=values)
