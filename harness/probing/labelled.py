"""Samples of the policy: read, each sent as a request of its own, and what the model says of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.budget import BudgetExhausted
from harness.bundle.accuracy import DataSeen
from harness.check import TesterFailed, Untestable
from harness.data.columns import NotAlone, NothingDescribed, SampleError
from harness.data.declared import SampledTable
from harness.data.labelled import LabelledData, LabelledRow, as_name, read_labelled
from harness.data.metrics import PredictedRows
from harness.endpoint.route import AnyRoute
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor


@dataclass(frozen=True, slots=True)
class AskedRows:
    """What came of the rows.

    Attributes:
        data: that was sent.
        answered: the rows with an answer that holds a prediction, in the order in which they were sent.
        seen: what is right for them, and what the model said.
        missing: the others.
        wrong: an exchange with a prediction that is not right, where there is one.
        numeric: whether predictions are numbers of a floating datatype, and not classes.
        cut_short: why not all rows were sent; empty where they were.
    """

    data: LabelledData
    answered: tuple[LabelledRow, ...]
    seen: PredictedRows
    missing: tuple[LabelledRow, ...]
    wrong: Exchange | None
    numeric: bool
    cut_short: str


def labelled(probe: Probe, table: SampledTable) -> LabelledData:
    """The rows of a table of the policy.

    Raises:
        TesterFailed: they cannot be read.
        BudgetExhausted: there are more of them than requests are left.
    """
    route = probe.model.over(table.transport)
    try:
        found = read_labelled(table, route.metadata.inputs if route.metadata else (), probe.endpoint.seed)
    except NothingDescribed as error:
        probe.untestable(str(error))
    except SampleError as error:
        raise TesterFailed(str(error)) from None
    left = route.client.budget.requests_left
    if len(found.rows) > left:
        raise BudgetExhausted(
            f"{len(found.rows)} labelled rows need as many requests, and {left:g} are left; rows = draws fewer"
        )
    # Rows say what the inputs are; what else a model wants, such as parameters or a sequence, a search finds.
    with contextlib.suppress(Untestable):
        route.accepted()
    return found


def asked(probe: Probe, table: SampledTable, data: LabelledData) -> AskedRows:
    """Send each row and read what the model says.

    Raises:
        TesterFailed: a row is no request of this model.
    """
    route = probe.model.over(table.transport)
    rows: list[LabelledRow] = []
    missing: list[LabelledRow] = []
    found: list[Said] = []
    wrong: Exchange | None = None
    cut_short = ""
    for place, row in enumerate(data.rows):
        try:
            exchange = route.ask(row_of(route, data, row))
        except BudgetExhausted as error:
            cut_short = str(error)
            missing += data.rows[place:]
            break
        outputs = route.outputs(exchange) if exchange.ok else {}
        said = what_is_said(table, outputs)
        if said is None:
            missing.append(row)
            continue
        rows.append(row)
        found.append(said)
        if said.prediction != row.label and wrong is None:
            wrong = exchange
    seen = predicted(table, [row.label for row in rows], found)
    numeric = seen.scores is None and all(each.numeric for each in found)
    return AskedRows(data, tuple(rows), seen, tuple(missing), wrong, numeric, cut_short)


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of one row: the prediction, in one word, whether it is a number and no class, and scores."""

    prediction: str
    scores: tuple[float, ...]
    numeric: bool


def predicted(table: SampledTable, labels: Sequence[str], said: Sequence[Said]) -> PredictedRows:
    """What is right for rows beside what the model said of them, for metrics."""
    classes = tuple(table.classes) or tuple(str(number) for number in range(len(said[0].scores) if said else 0))
    whole = bool(said) and bool(classes) and all(len(each.scores) == len(classes) for each in said)
    scores = np.array([each.scores for each in said], dtype=np.float64) if whole else None
    return PredictedRows(tuple(labels), tuple(each.prediction for each in said), scores, classes)


def described(probe: Probe, table: SampledTable, data: LabelledData) -> DataSeen:
    """What the evidence says of the samples."""
    return DataSeen(
        file=data.path.name,
        sha256=data.sha256,
        total=data.total,
        drawn=len(data.rows),
        seed=probe.endpoint.seed if len(data.rows) < data.total else None,
        origin=table.origin,
        label=table.label or "",
        counts=data.counts,
        cluster=table.cluster,
        clusters=None if table.cluster is None else len({row.cluster for row in data.rows}),
    )


def row_of(route: AnyRoute, data: LabelledData, row: LabelledRow) -> InferRequest:
    """A row as a request of the model.

    Raises:
        TesterFailed: it is none.
    """
    try:
        return route.like(data.request(row))
    except NotAlone as error:
        raise Untestable(str(error)) from None
    except (SampleError, ValueError) as error:
        raise TesterFailed(f"row {row.place + 1} of the labelled data is no request of this model: {error}") from None


def what_is_said(table: SampledTable, outputs: Mapping[str, Tensor]) -> Said | None:
    """The prediction in an answer, and its scores; None where there is none that can be read."""
    scores: tuple[float, ...] = ()
    if table.scores is not None:
        scores = _numbers(outputs.get(table.scores))
        if not scores:
            return None
    name = table.output or (None if table.scores else next(iter(outputs), None))
    if name is None:
        best = int(np.argmax(scores)) if scores else None
        if best is None or (table.classes and best >= len(table.classes)):
            return None
        return Said(table.classes[best] if table.classes else str(best), scores, numeric=False)
    tensor = outputs.get(name)
    if tensor is None or len(tensor.elements) != 1:
        return None
    only = tensor.elements[0]
    numeric = tensor.datatype.startswith(("FP", "BF"))
    if numeric and not np.isfinite(only):
        return None
    return Said(as_name(only), scores, numeric)


def _numbers(tensor: Tensor | None) -> tuple[float, ...]:
    """The elements of a tensor as numbers; none where one of them is no finite number."""
    if tensor is None:
        return ()
    try:
        found = tuple(float(each) for each in tensor.elements)
    except (TypeError, ValueError):
        return ()
    return found if np.isfinite(found).all() else ()
