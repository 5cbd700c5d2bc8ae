"""Helpers for faults of values over gRPC."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.protocol.tensors import Tensor

Values = NDArray[Any]


def changed(tensor: Tensor, change: Callable[[Values], Values], *datatypes: str) -> Tensor:
    """``tensor`` with other values of the same type, if it is of one of ``datatypes``."""
    if tensor.datatype not in datatypes:
        return tensor
    with np.errstate(all="ignore"):
        return dataclasses.replace(tensor, values=change(tensor.values).astype(tensor.values.dtype))


def on_outputs(change: Callable[[Tensor], Tensor]) -> Install:
    return lambda hooks: hooks.grpc.outputs.append(lambda _, outputs: [change(each) for each in outputs])


def change_values(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of outputs of ``datatypes``, in whichever form they travel."""
    return on_outputs(lambda output: changed(output, change, *datatypes))


def typed_only(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of typed replies only."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_typed
        hooks.grpc.encode_typed = lambda tensor, contents: right(changed(tensor, change, *datatypes), contents)

    return install


def raw_only(change: Callable[[Values], Values], *datatypes: str) -> Install:
    """Change the values of raw replies only."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_raw
        hooks.grpc.encode_raw = lambda tensor: right(changed(tensor, change, *datatypes))

    return install


def through_double(values: Values) -> Values:
    # Clipped before the way back, or the largest value would become the smallest.
    doubles = np.clip(values.astype(np.float64), -(2.0**63), np.nextafter(2.0**63, 0))
    return doubles.astype(np.int64)
