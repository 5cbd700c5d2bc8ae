"""The numbers of a row as features with names, whatever inputs they are spread over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.data.labelled import LabelledData
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

Floats = npt.NDArray[np.float64]
_WHOLE = ("int", "uint")


@dataclass(frozen=True, slots=True)
class Feature:
    """One element of a row that is a number.

    Attributes:
        name: the column that it comes from; of an input of several elements without columns ``INPUT.0``, ...
        input: that it is an element of.
        whole: whether its datatype holds whole numbers only.
    """

    name: str
    input: str
    whole: bool


class NoFeature(ValueError):
    """A name in the policy that no feature has; says which there are."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of a model, in the order of its inputs and their elements."""

    features: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.features)

    def places(self, names: Iterable[str], every: str = "*") -> npt.NDArray[np.intp]:
        """Where the features of these names are: of a feature, of all features of an input, or of all.

        Raises:
            NoFeature: there is none of a name.
        """
        found: set[int] = set()
        for name in names:
            fitting = {
                place for place, each in enumerate(self.features) if name in (each.name, each.input) or name == every
            }
            if not fitting:
                raise NoFeature(f"no feature is called {name!r}; there are {_some(self.names)}")
            found |= fitting
        return np.array(sorted(found), dtype=np.intp)

    def values(self, request: InferRequest) -> Floats:
        """The features of a request, (features,)."""
        numbers = [np.array(each.elements, dtype=np.float64) for each in request.inputs if is_numeric(each)]
        return np.concatenate(numbers) if numbers else np.zeros(0)

    def tensors(self, request: InferRequest, values: Sequence[float]) -> list[Tensor]:
        """The inputs of a request with other features, as its datatypes hold them."""
        found, start = [], 0
        for tensor in request.inputs:
            if not is_numeric(tensor):
                found.append(tensor)
                continue
            own = values[start : start + len(tensor.elements)]
            start += len(own)
            whole = DATATYPES[tensor.datatype].kind in _WHOLE
            elements = tuple(round(each) if whole else float(each) for each in own)
            found.append(replace(tensor, elements=elements))
        return found


def is_numeric(tensor: Tensor) -> bool:
    """Whether the elements are numbers that may be changed by a little."""
    known = DATATYPES.get(tensor.datatype)
    return known is not None and known.kind in ("float", *_WHOLE)


def features_of(data: LabelledData, request: InferRequest) -> FeatureTable:
    """The features of the rows of a table, as a request made of one of them has them."""
    return FeatureTable(
        tuple(
            Feature(name, tensor.name, DATATYPES[tensor.datatype].kind in _WHOLE)
            for tensor in request.inputs
            if is_numeric(tensor)
            for name in _names(tensor, data.feature_names)
        )
    )


def _names(tensor: Tensor, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    own, count = known.get(tensor.name, ()), len(tensor.elements)
    if len(own) == count:
        return own
    return [tensor.name] if count == 1 else [f"{tensor.name}.{place}" for place in range(count)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:40])) + (" and more" if len(names) > 40 else "")
