"""Classification of outputs (Triton extension_classification.md)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.rest_route import outputs_of
from harness.generate.telling import telling
from harness.judging.extensions import infer, offered
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor, product
from harness.wire.varied import asking_for

# Servers print values with six digits after the point, or with fewer digits in all.
RELATIVE, ABSOLUTE = 1e-3, 1e-5


@check(
    "classification-largest-elements",
    clauses=["CLASS-01"],
    duties=["A15-4-d"],
    criterion="classification n gives BYTES value:index of the n largest elements, in falling order",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "classification-smallest",
        "classification-rising",
        "classification-one-class",
        "classification-one-too-many",
        "classification-ignored",
        "classification-index-from-one",
        "classification-without-value",
        "classification-label-first",
        "classification-value-rounded",
        "classification-datatype-string",
    ],
    fix="Sort the elements of each output by falling value and send value:index, with :label where there is one.",
)
def classification_largest_elements(probe: Probe) -> None:
    """The parameter classification gives the largest elements.

    For each numeric output with two elements or more, seen before without the parameter: one, two and all elements are
    asked for, and value, index and order compared. Equal values may stand in any order. Rows of a batch may be
    classified each by itself or all together, since metadata does not say whether the leading dimension is a batch.
    """
    offered(probe, "classification")
    probe.steady()
    asked = 0
    for request, output in _known(probe):
        for count in sorted({1, 2, len(output.elements)}):
            asked += 1
            _classified(probe, request, output, count)
    if not asked:
        probe.not_applicable("no output with two different numbers or more is known")


def _known(probe: Probe) -> Iterator[tuple[InferRequest, Tensor]]:
    """Requests, and outputs of them that have a largest element; one per name of an output."""
    requests = [probe.accepted().request]
    for rows in (1, 5, 2):
        try:
            requests.append(probe.model.rest.batch(rows).request)
        except (NotApplicable, Untestable):
            continue
    requests += probe.model.rest.candidates()
    seen: set[tuple[str, bool]] = set()
    for request in requests:
        exchange = infer(probe, request)
        outputs = outputs_of(exchange) if exchange.ok else {}
        for name in telling([*outputs]):
            output = outputs[name]
            # Once with one row, and once with several.
            kind = (name, output.shape[:1] == (1,))
            if kind not in seen and _has_order(output):
                seen.add(kind)
                yield request, output


def _has_order(output: Tensor) -> bool:
    kind = DATATYPES[output.datatype].kind if output.datatype in DATATYPES else None
    numbers = [each for each in output.elements if isinstance(each, int | float) and not isinstance(each, bool)]
    if kind not in ("int", "uint", "float") or len(numbers) != len(output.elements):
        return False
    return len(set(numbers)) > 1 and len(numbers) <= 1000 and not any(map(math.isnan, numbers))


def _classified(probe: Probe, request: InferRequest, output: Tensor, count: int) -> None:
    wish = {"name": output.name, "parameters": {"classification": count}}
    exchange = infer(probe, asking_for(request, wish))
    what = f"classification {count} of {shown(list(output.elements))}"
    if not _holds(probe, exchange, exchange.ok, "status 200", f"{what}: {status_of(exchange)}"):
        return
    found = outputs_of(exchange).get(output.name)
    if found is None:
        _holds(probe, exchange, False, f"output {output.name!r}", "it is absent")
        return
    _holds(probe, exchange, found.datatype == "BYTES", "datatype BYTES", f"datatype {found.datatype}")
    problems = [classes_problem(found.elements, rows, count) for rows in _groupings(output)]
    problem = None if None in problems else problems[0]
    _holds(probe, exchange, problem is None, "value:index of the largest elements, in falling order",
           f"{what}: {problem or 'so it is'}: {shown(list(found.elements))}")  # fmt: skip


def _holds(probe: Probe, exchange: Exchange, condition: bool, expected: str, observed: str) -> bool:
    return probe.holds(condition, expected=expected, observed=observed, exchange=exchange)


def _groupings(output: Tensor) -> list[list[Sequence[float]]]:
    """The output as one row, and row by row."""
    flat = output.elements
    rows = output.shape[0] if output.shape else 1
    if rows < 2 or len(flat) != product(output.shape):
        return [[flat]]
    width = len(flat) // rows
    return [[flat], [flat[at * width : (at + 1) * width] for at in range(rows)]]


def classes_problem(classes: Sequence[object], rows: Sequence[Sequence[float]], count: int) -> str | None:
    """Why ``classes`` are not ``value:index[:label]`` of the largest ``count`` of each row; None if they are."""
    wanted = [min(count, len(row)) for row in rows]
    if len(classes) != sum(wanted):
        return f"{len(classes)} classes, not {sum(wanted)}"
    position = 0
    for row, size in zip(rows, wanted, strict=True):
        ranked = sorted(row, reverse=True)[:size]
        used: set[int] = set()
        for rank, text in enumerate(classes[position : position + size]):
            problem = _class_problem(text, row, ranked[rank], used)
            if problem is not None:
                return f"class {rank} is {text!r}: {problem}"
        position += size
    return None


def _class_problem(text: object, row: Sequence[float], due: float, used: set[int]) -> str | None:
    parts = text.split(":", 2) if isinstance(text, str) else []
    if len(parts) < 2 or not parts[1].isascii() or not parts[1].isdigit():
        return "not value:index"
    index = int(parts[1])
    try:
        value = float(parts[0])
    except ValueError:
        return "the value is no number"
    if index >= len(row) or index in used:
        return f"index {index} is beyond the row, or there twice"
    used.add(index)
    # The indices have to be in order of the true values; the printed ones only have to be near.
    if not _near(row[index], due):
        return f"element {index} is {row[index]!r}, and {due!r} is due"
    return None if _near(value, row[index]) else f"element {index} is {row[index]!r}"


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
