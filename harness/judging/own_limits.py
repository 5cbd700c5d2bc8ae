"""A model of its own kind: how many elements an input takes, and which ones, is its business and no data type's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice

from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest

ORDINARY = {"float": (-1.5, 0.25, 100.0, -60.0, 2.0), "int": (-3, 5, 100, -100, 7), "uint": (3, 5, 100, 0, 7),
            "bool": (True, False, False), "bytes": ("Hello World", "x 1", "Z")}  # fmt: skip


def ordinary_are_taken(
    probe: Probe, base: InferRequest, name: str, count: int, *ways: Callable[[InferRequest], Exchange]
) -> None:
    """End the check as untestable where no way takes as many elements far from every edge of their data type.

    Asked once elements of an input were refused: a model that knows no negative ages, or takes two numbers and no
    three, refuses these too.
    """
    datatype = next(each.datatype for each in base.inputs if each.name == name)
    control = probe.model.with_elements(base, name, tuple(islice(cycle(_far_from_edges(datatype)), count)))
    answers = [way(control) for way in ways]
    if all(refused(each) for each in answers):
        said = status_of(answers[0])
        probe.untestable(f"the model refuses {count} ordinary elements of input {name!r} too: {said}")


def _far_from_edges(datatype: str) -> tuple[object, ...]:
    entry = DATATYPES[datatype]
    ordinary = ORDINARY[entry.kind]
    if entry.minimum is None or entry.maximum is None or entry.kind not in ("int", "uint"):
        return ordinary
    return (entry.maximum // 3, entry.minimum // 3, *ordinary)
