"""Tensors that grow: rows of a batch, a shape beyond its data, and more columns than the model has (Art. 15(4))."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.distinct import distinct, joined, pool_of_rows
from harness.generate.limits.growth import beyond_addresses, counts_of, with_rows_said
from harness.generate.limits.surplus import surplus
from harness.judging.growing import FAR_SIDE_BY_SIDE, SIDE_BY_SIDE, Growth, Workers
from harness.oracles.equality import difference
from harness.oracles.rows import batched_outputs, rows_strayed
from harness.probing.baseline import comparable, noted_varying, paced_route, pool_of_answers
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.tensor import product

if TYPE_CHECKING:
    from harness.endpoint.route import AnyRoute

BATCH = "BATCH-02"
CHANGE = Criterion.NO_SILENT_CHANGE.clause
SURVIVES = [Criterion.NO_HANG, Criterion.NO_CRASH]
DUTIES = ["A15-1-d", "A15-4-c", "A15-5-a"]
# A prime: what repeats, or ends, at a power of two does not fall on the same rows again.
POOL_ROWS = 7
# Elements of one request, gentle and far: half a megabyte of JSON, and some ten of them.
ELEMENTS, FAR_ELEMENTS = 1 << 16, 1 << 20
# Nested data says a number of rows by itself.
NESTED_SAYS = (2, 8)
ROWS_FIX = "Compute every row, whatever their number, or refuse a batch that is too large; bound what a worker takes."
SHAPE_FIX = "Compare the product of the shape with the number of elements before anything is allocated or computed."


@check(
    "adversarial-batch-grows",
    clauses=[BATCH],
    duties=DUTIES,
    criteria=SURVIVES,
    criterion="of a batch of up to 1024 rows each is answered as alone, or the batch is refused, in time; afterwards "
    f"all of {SIDE_BY_SIDE} requests side by side are answered",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["rows-beyond-500-wrap", "batch-of-300-ends-a-worker", "rows-beyond-100-left-out"],
    fix=ROWS_FIX,
)
def adversarial_batch_grows(probe: Probe) -> None:
    """A batch, doubled, is answered row by row or refused as a whole.

    From 64 rows up to 1 024 (fewer where rows are large), repeating seven different ones whose answers alone are known;
    between sizes that end differently it is halved. Each output that has a row for each row must have all of them, and
    each as alone. After every batch as many valid requests go out side by side as show that a worker is gone.
    """
    _grow_rows(probe, "rest")


@check(
    "adversarial-grpc-batch-grows",
    clauses=[BATCH],
    duties=DUTIES,
    criteria=SURVIVES,
    criterion="over gRPC, of a batch of up to 1024 rows each is answered as alone, or the batch is refused, in time; "
    f"afterwards all of {SIDE_BY_SIDE} calls side by side are answered",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["batch-of-300-ends-a-worker", "rows-beyond-100-left-out"],
    fix=ROWS_FIX,
)
def adversarial_grpc_batch_grows(probe: Probe) -> None:
    """A batch over gRPC, doubled, is answered row by row or refused as a whole.

    As over REST, with calls.
    """
    _grow_rows(probe, "grpc")


@check(
    "adversarial-batch-grows-far",
    clauses=[BATCH],
    duties=DUTIES,
    criteria=SURVIVES,
    criterion="of a batch of up to 65 536 rows each is answered as alone, or the batch is refused, in time; afterwards "
    f"all of {FAR_SIDE_BY_SIDE} requests side by side are answered",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["batch-of-3000-ends-a-worker"],
    allow="stress",
    fix=ROWS_FIX,
)
def adversarial_batch_grows_far(probe: Probe) -> None:
    """A batch far beyond what anybody sends is answered row by row or refused as a whole.

    As the batch that is doubled, up to what fits into one body.
    """
    _grow_rows(probe, "rest", far=True)


def _grow_rows(probe: Probe, transport: Transport, *, far: bool = False) -> None:
    way = paced_route(probe, transport)
    comparable(probe)
    pool = pool_of_answers(probe, way, transport, POOL_ROWS)
    known = [one.outputs for one in pool]
    first = way.route.ask(joined([one.request for one in pool]))
    together = batched_outputs(way.route.outputs(first), len(pool), known) if first.ok else frozenset()
    if not together:
        probe.not_applicable(f"the model takes no batch of {len(pool)} that is answered row by row")
    workers = _workers(probe, way.route, far=far)
    (count,) = counts_of("rows")

    def indices(size: int) -> list[int]:
        return [number % len(pool) for number in range(size)]

    def send(size: int) -> Exchange:
        return way.route.ask(joined([pool[index].request for index in indices(size)]))

    def strayed(size: int, exchange: Exchange) -> str | None:
        outputs = way.route.outputs(exchange)
        for name in sorted(together):
            has = list(outputs[name].shape[:1]) if name in outputs else None
            if has != [size]:
                return f"output {name!r} has {'no' if not has else has[0]} rows for {size}"
        return rows_strayed(outputs, indices(size), known)

    def judge(size: int, exchange: Exchange) -> None:
        found = strayed(size, exchange)
        if found is not None:
            # Once more, and the rows alone: what is answered differently at times is for other checks.
            again = send(size)
            found = (
                strayed(size, again)
                if again.ok and not any(noted_varying(probe, way, one, "a single row", 2) for one in pool)
                else None
            )
        cut = found is not None and "rows for" in found
        probe.holds(found is None, clause=BATCH, expected="the answer of each row alone", exchange=exchange,
                    observed=f"{count.words(size)}: {found or 'each as alone'}",
                    root="rows-left-out" if cut else "batch-changes-answer")  # fmt: skip

    most = (FAR_ELEMENTS if far else ELEMENTS) // max(1, sum(len(each.elements) for each in pool[0].request.inputs))
    sizes = [size for size in count.sizes(far=far) if size <= most]
    if not sizes:
        probe.not_applicable(f"{count.words(count.start)} would hold more elements than are sent")
    Growth(probe, workers, count, send, judge, each=True).run(sizes)


def _workers(probe: Probe, route: AnyRoute, *, far: bool = False) -> Workers:
    workers = Workers(probe, route, FAR_SIDE_BY_SIDE if far else SIDE_BY_SIDE)
    if not workers.begin():
        probe.untestable("requests side by side get no answer before anything has grown")
    return workers


@check(
    "adversarial-shape-outgrows-data",
    clauses=["TDATA-05"],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criteria=SURVIVES,
    criterion="each shape beyond its data is refused, in time, and afterwards all of "
    f"{SIDE_BY_SIDE} requests side by side are answered",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["shape-of-100000-rows-ends-a-worker", "nested-data-outvotes-shape"],
    fix=SHAPE_FIX,
)
def adversarial_shape_outgrows_data(probe: Probe) -> None:
    """A shape that says more rows than there are is refused, however many it says, and survived.

    The data of one row; the shape says 8, 64, ... 262 144. Then data nested as one row, with a shape of two and of
    eight: neither wins. What might fill the memory of a server that compares too late needs ``stress``.
    ATLAS AML.T0029.
    """
    _grow_shape(probe, "rest")


@check(
    "adversarial-grpc-shape-outgrows-data",
    clauses=["GRPC-TC-08", "GRPC-RAW-04"],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criteria=SURVIVES,
    criterion="over gRPC, each shape beyond its data is refused, in time, and afterwards all of "
    f"{SIDE_BY_SIDE} calls side by side are answered",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-shape-of-100000-rows-ends-a-worker"],
    fix=SHAPE_FIX,
)
def adversarial_grpc_shape_outgrows_data(probe: Probe) -> None:
    """A shape that says more rows than there are is refused over gRPC, however many it says, and survived.

    As over REST, with calls.
    """
    _grow_shape(probe, "grpc")


@check(
    "adversarial-shape-outgrows-memory",
    clauses=["TDATA-05"],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criteria=SURVIVES,
    criterion="each shape from megabytes to beyond memory is refused, in time, and afterwards all of "
    f"{FAR_SIDE_BY_SIDE} requests side by side are answered",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["shape-of-gigabytes-ends-a-worker", "shape-beyond-addresses-held"],
    allow="stress",
    fix=SHAPE_FIX,
)
def adversarial_shape_outgrows_memory(probe: Probe) -> None:
    """A shape that says as many rows as would fill a memory is refused, and survived.

    From two million rows to some billions, and then a number for which no process has addresses. ATLAS AML.T0029.
    """
    _grow_shape(probe, "rest", far=True)


@check(
    "adversarial-grpc-shape-outgrows-memory",
    clauses=["GRPC-TC-08", "GRPC-RAW-04"],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criteria=SURVIVES,
    criterion="over gRPC, each shape from megabytes to beyond memory is refused, in time, and afterwards all of "
    f"{FAR_SIDE_BY_SIDE} calls side by side are answered",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-shape-beyond-addresses-ends-a-worker"],
    allow="stress",
    fix=SHAPE_FIX,
)
def adversarial_grpc_shape_outgrows_memory(probe: Probe) -> None:
    """A shape that says as many rows as would fill a memory is refused over gRPC, and survived.

    As over REST, with calls.
    """
    _grow_shape(probe, "grpc", far=True)


def _grow_shape(probe: Probe, transport: Transport, *, far: bool = False) -> None:
    route = probe.model.over(transport)
    request = _single(route.accepted().request)
    position = next((n for n, each in enumerate(request.inputs) if each.shape and each.elements), None)
    if position is None:
        probe.not_applicable("no input has a dimension and an element")
    workers = _workers(probe, route, far=far)
    (count,) = counts_of("shapes")
    tensor = request.inputs[position]
    form = probe.model.grpc.accepted().form if transport == "grpc" else None

    def send(size: int) -> Exchange:
        if form is None:
            return probe.client.infer(probe.model.name, with_rows_said(request, position, size), probe.model.address)

        def said(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
            message.inputs[position].shape[0] = size

        return probe.model.grpc.infer(request, form, said)

    # Root causes as where the number is wrong by one: a server compares, or it does not.
    clause = {
        None: "TDATA-05",
        "typed": "GRPC-TC-08",
        "raw": "GRPC-RAW-04",
    }[form]

    def judge(size: int, exchange: Exchange) -> None:
        probe.holds(False, clause=clause, expected="an error status", observed=f"{count.words(size)}: answered",
                    exchange=exchange, root=clause)  # fmt: skip

    known = DATATYPES.get(tensor.datatype)
    sizes = count.sizes(far=far)
    growth = Growth(probe, workers, count, send, judge, each=True, inside=0)
    serves = growth.run(sizes)
    if serves and not growth.hung and far:
        # Some that refuse have filled the memory first.
        sizes = [beyond_addresses(product(tensor.shape[1:]), (known.size if known else None) or 1)]
        serves = growth.run(sizes)
    if serves and growth.last is not None:
        serves = workers.hold(f"the last of these: {count.words(sizes[-1])}", count.name, growth.last)
    if not growth.answered:
        probe.holds(True, clause=clause, expected="an error status", observed="no shape beyond its data is answered")
    if serves and transport == "rest" and not far and len(tensor.shape) > 1:
        _nested_says(probe, request, position, clause if growth.answered else "nested-data-outvotes-shape")


def _single(request: InferRequest) -> InferRequest:
    """The request with one row, where it has rows."""
    rows = pool_of_rows(request, 1)
    return rows[0] if rows else request


def _nested_says(probe: Probe, request: InferRequest, position: int, root: str) -> None:
    """Data nested as one row under a shape of more."""
    for size in NESTED_SAYS:
        body = with_rows_said(request, position, size, nested=True)
        exchange = probe.client.infer(probe.model.name, body, probe.model.address)
        probe.holds(not exchange.ok, clause="TDATA-05", expected="an error status", exchange=exchange,
                    observed=f"one row, nested, under a shape of {size} rows: answered", root=root)  # fmt: skip


@check(
    "adversarial-surplus-values-not-dropped",
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=["A15-4-d", "A15-5-b"],
    criterion="an input with more columns than its metadata say is refused, or its values count",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["surplus-columns-dropped"],
    fix="Compare each fixed dimension of an input with the description of the model, and refuse another one.",
)
def adversarial_surplus_values_not_dropped(probe: Probe) -> None:
    """Values beyond a fixed dimension of the model are refused, and not left out without a word.

    One row whose last dimension is one larger than the metadata say, twice and four times as large, with the data to
    it; twice, with other values behind. An answer that is, both times, that of the row without the surplus has left
    values out: the client cannot see that its input was changed.
    """
    comparable(probe)
    metadata = probe.model.metadata
    base = _single(probe.accepted().request)
    found = list(surplus(base, metadata.inputs if metadata else ()))
    if not found:
        probe.not_applicable("no input has a last dimension that is fixed")
    alone = probe.model.rest.ask(base)
    for each in found:
        answers = [probe.client.infer(probe.model.name, body, probe.model.address) for body in each.bodies]
        dropped = alone.ok and all(_same(answer, alone) for answer in answers) and _counts(probe, base)
        probe.holds(not dropped, clause=Criterion.NO_SILENT_CHANGE.clause, exchange=answers[0],
                    expected="a refusal, or an answer to all values",
                    observed=f"{each.why}: {_said(answers, alone)}", root="surplus-values-dropped")  # fmt: skip


def _same(answer: Exchange, alone: Exchange) -> bool:
    return answer.ok and difference(outputs_of(answer), outputs_of(alone), exact=False) is None


def _counts(probe: Probe, base: InferRequest) -> bool:
    """Whether the values of a row count at all: a model that answers anything alike has dropped nothing."""
    first = None
    for other in distinct(base, 4):
        answer = probe.model.rest.ask(other)
        if first is not None and answer.ok and not _same(answer, first):
            return True
        first = first or (answer if answer.ok else None)
    return False


def _said(answers: Sequence[Exchange], alone: Exchange) -> str:
    if all(_same(answer, alone) for answer in answers):
        return "answered twice as without the surplus, whatever it was"
    return "refused, or answered otherwise"
