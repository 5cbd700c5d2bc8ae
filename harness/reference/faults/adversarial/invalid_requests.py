"""Seeded faults that the checks of ``suites/adversarial/test_invalid_requests.py`` find."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from harness.reference.faults.kit.common import Body, document_of, inputs_of, kills, reread, stalls
from harness.reference.faults.kit.errors import becomes, error_says, on_errors
from harness.reference.faults.registry import Install, fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

WIDE = ("matrix", "digits", "cancer", "diabetes", "echo-grid", "fixed")
CHANGE = "policy:no-silent-change"
GRIDS = ("echo-grid", "echo-cube")
CRASH = "policy:no-crash"
HANG = "policy:no-hang"


_BEHIND_NUL = re.compile(rb'("(?:name|datatype)"\s*:\s*"[^"\\]*)\\u0000[^"]*"')

fault("ragged-accepted", "TDATA-06", text="nested data is flattened before anything is checked", models=WIDE)(
    relaxes("any_nesting")
)


@fault("names-end-at-nul", "REST-INFER-06", "DTYPE-03", text="names of inputs and datatypes end at their first NUL")
def names_end_at_nul(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if call.op == "infer" and b"\\u0000" in call.body:
            call.body = _BEHIND_NUL.sub(rb'\1"', call.body)

    hooks.gates.append(gate)


fault("error-422-detail", "REST-ERR-02", text="errors of validation are the web framework's own 422 with detail")(
    on_errors(
        becomes(status=422, document={"detail": [{"loc": ["body", "inputs"], "msg": "Field required"}]}),
        error_says("missing member", "JSON", "no string", "no array", "no object"),
    )
)


def _true_shape(wanted: Callable[[list[int], int], bool]) -> Install:
    """Give inputs whose shape ``wanted`` picks (with the number of elements) the shape of their data."""

    def change(document: Body) -> bool:
        done = False
        for entry in inputs_of(document):
            shape, data = entry["shape"], entry["data"]
            nested = any(isinstance(each, list) for each in data)
            if nested or not shape or not all(type(size) is int for size in shape):
                continue
            if (math.prod(shape) != len(data) or min(shape) < 0) and wanted(shape, len(data)):
                entry["shape"], done = [len(data), *[1] * (len(shape) - 1)], True
        return done

    return reread(change)


def _overflows(call: Call) -> bool:
    return any(
        all(type(size) is int for size in entry["shape"]) and math.prod(map(abs, entry["shape"])) >= 2**63
        for entry in inputs_of(document_of(call) or {})
    )


def _zero_times_huge(call: Call) -> bool:
    return any(
        0 in entry["shape"] and any(type(size) is int and size >= 2**31 for size in entry["shape"])
        for entry in inputs_of(document_of(call) or {})
    )


fault("shape-product-wraps", CHANGE, "TDATA-05", text="the product of a shape is taken modulo 2^64", models=GRIDS)(
    _true_shape(lambda shape, count: math.prod(shape) % 2**64 == count and min(shape) >= 0)
)

fault(
    "negative-dimensions-cancel",
    CHANGE,
    "TDATA-10",
    text="two negative dimensions make a shape that fits",
    models=GRIDS,
)(_true_shape(lambda shape, count: math.prod(shape) == count))

fault(
    "overflowing-shape-ends-process",
    CRASH,
    "TDATA-17",
    text="a shape of 2^63 elements and more ends the process",
    effect="crash",
)(kills(_overflows))

fault(
    "zero-times-huge-hangs",
    HANG,
    "TDATA-17",
    text="a shape with a 0 and a dimension of 2^31 holds the server up",
    models=GRIDS,
    effect="hang",
)(stalls(_zero_times_huge))


@fault("huge-shape-is-500", "REST-ERR-05", text="a shape of 2^31 elements is a failed allocation")
def huge_shape_is_500(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        for entry in inputs_of(document_of(call) or {}):
            sizes = [size for size in entry["shape"] if type(size) is int]
            if math.prod(sizes) >= 2**31:
                return error(500, f"Unable to allocate {math.prod(sizes) * 4 // 2**30} GiB for an array")
        return None

    hooks.gates.append(gate)
