"""Tensors and their data types, independent of how they travel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# BYTES holds Python ``bytes`` objects; numpy's own byte strings drop trailing NULs.
NUMPY: dict[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
"""The tensor data types of the specification (table "Tensor Data Types") and what numpy calls them."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A tensor as model metadata describes it; -1 is a variable dimension."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor with concrete dimensions.

    Attributes:
        values: the elements in row-major order, one-dimensional. Their number is the product of ``shape`` unless
            a seeded fault leaves it unchecked.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: NDArray[Any]

    @property
    def array(self) -> NDArray[Any]:
        """The elements in their shape; raises ValueError if they do not fill it."""
        return self.values.reshape(self.shape)

    @property
    def count(self) -> int:
        """Number of elements that the shape announces."""
        return math.prod(self.shape)


def tensor(name: str, datatype: str, array: NDArray[Any]) -> Tensor:
    """``array`` as an output tensor of ``datatype``."""
    return Tensor(name, datatype, array.shape, np.ravel(array).astype(NUMPY[datatype]))
