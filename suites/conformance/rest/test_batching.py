"""Batches (inference_rest.md, "Tensor Data" and "Response Output")."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import MANY_ROWS, with_id
from harness.oracles.equality import difference
from harness.oracles.rows import row_request, rows_differ
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.reading import holdable
from harness.wire.varied import vary

ROWS = 3
CONCURRENT = 32


@check(
    "rest-batch-shape",
    clauses=["BATCH-01"],
    duties=["A15-4-d"],
    criterion="a batch of three is accepted and each batched output has a first dimension of three",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["batch-dimension-dropped"],
    fix="Read the batch from the first dimension of shape, and answer with it.",
)
def rest_batch_shape(probe: Probe) -> None:
    """A batch travels as one tensor with the batch as first dimension.

    Only for models whose inputs have a leading variable dimension; outputs whose metadata has one are looked at.
    """
    accepted = probe.model.rest.batch(ROWS)
    metadata = probe.model.metadata
    batched = {t.name for t in (metadata.outputs if metadata else ()) if t.shape and t.shape[0] == -1}
    if not batched:
        probe.not_applicable("no output has a leading variable dimension")
    for name, tensor in outputs_of(accepted.exchange).items():
        if name in batched:
            good = bool(tensor.shape) and tensor.shape[0] == ROWS
            observed = f"{name}: shape {list(tensor.shape)}"
            probe.holds(good, expected=f"first dimension {ROWS}", observed=observed, exchange=accepted.exchange)


@check(
    "rest-batch-rows-belong",
    clauses=["BATCH-02"],
    duties=["A15-4-d", "A15-1-d", "A15-5-i"],
    criterion="row i of a batch's outputs is the answer to row i alone (floats within 0.1 %)",
    per="model",
    needs=["rest-batch-shape"],
    faults=["batch-rows-reversed", "batch-neighbours-leak", "rows-wrong-above-32", "answers-cached-by-shape"],
    fix="Keep rows apart and in order; normalise by the row, not by the batch.",
)
def rest_batch_rows_belong(probe: Probe) -> None:
    """Each row of a batch gets its own answer.

    A batch of three and one of forty, and each of (up to six of) their rows alone. Metadata must give every input a
    leading variable dimension.
    """
    for rows in (ROWS, MANY_ROWS):
        try:
            accepted = probe.model.rest.batch(rows)
        except (NotApplicable, Untestable):
            if rows == ROWS:
                raise
            probe.observe(f"a batch of {rows} is not accepted", "BATCH-02")
            return
        chosen = sorted({0, 1, 2, rows // 2, rows - 2, rows - 1})
        singles = [probe.model.rest.infer(row_request(accepted.request, index)) for index in chosen]
        if not all(exchange.ok for exchange in singles):
            probe.untestable("the model refuses single rows of a batch that it accepts")
        probe.steady()
        batch = outputs_of(accepted.exchange)
        found = rows_differ(batch, chosen, rows, [outputs_of(exchange) for exchange in singles])
        observed = f"{rows} rows: {found or 'each row as alone'}"
        probe.holds(
            found is None, expected="the answer of each row alone", observed=observed, exchange=accepted.exchange
        )


@check(
    "rest-batch-server-side-invisible",
    clauses=["BATCH-03", "REST-INFER-12"],
    duties=["A15-4-d", "A15-5-b"],
    criterion=f"{CONCURRENT} concurrent requests each get their own id and the answer they get alone",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["ids-swapped-when-concurrent", "concurrent-rows-merged"],
    fix="Keep what belongs to a request with the request, not in a shared variable.",
)
def rest_batch_server_side_invisible(probe: Probe) -> None:
    """Concurrent requests do not see each other.

    Thirty-two requests at once with their own ids, over two different inputs where the model takes batches; ids are
    compared exactly (where one request alone gets its id back), outputs with those of the same request alone.
    """
    requests = _variants(probe)
    alone = [outputs_of(probe.answered(probe.model.rest.infer(request))) for request in requests]
    probe.steady()
    single = probe.answered(probe.model.rest.infer(with_id(requests[0], "alone")))
    echoes = (object_or_none(single) or {}).get("id") == "alone"
    holdable(CONCURRENT, CONCURRENT, single)

    def one(number: int) -> Exchange:
        return probe.model.rest.infer(with_id(requests[number % len(requests)], f"concurrent-{number}"))

    with ThreadPoolExecutor(CONCURRENT) as pool:
        exchanges = list(pool.map(one, range(CONCURRENT)))
    for number, exchange in enumerate(exchanges):
        if refused(exchange):
            continue
        body = object_or_none(probe.answered(exchange)) or {}
        observed = f"request {number}: id {body.get('id')!r}"
        good = body.get("id") == f"concurrent-{number}"
        if echoes:
            probe.holds(good, clause="REST-INFER-12", expected="its own id", observed=observed, exchange=exchange)
        found = difference(outputs_of(exchange), alone[number % len(requests)], exact=False)
        observed = f"request {number}: {found or 'as alone'}"
        expected = "the outputs of the same request alone"
        probe.holds(found is None, clause="BATCH-03", expected=expected, observed=observed, exchange=exchange)


@check(
    "rest-batch-sizes-agree",
    clauses=["BATCH-04"],
    duties=["A15-4-c"],
    criterion="inputs with different batch sizes are refused, or none of them is cut",
    per="model",
    needs=["rest-batch-shape"],
    faults=["batch-sizes-truncated"],
    fix="Refuse inputs whose batch sizes differ.",
)
def rest_batch_sizes_agree(probe: Probe) -> None:
    """Inputs of different batch sizes are refused, or each is answered whole.

    Two rows of the first input and three of the others. Accepted is only a finding if some output has fewer rows than
    the smallest input or an echo lost elements.
    """
    two, three = probe.model.rest.batch(2).request, probe.model.rest.batch(ROWS).request
    if len(two.inputs) < 2:
        probe.not_applicable("the model has one input only")
    mixed = vary(three, inputs=(two.inputs[0], *three.inputs[1:]))
    exchange = probe.answered(probe.model.rest.infer(mixed))
    probe.observe(f"inputs of two and three rows are answered {status_of(exchange)}", "BATCH-04")
    cut = []
    if exchange.ok:
        sent = {tensor.name: tensor for tensor in (two.inputs[0], *three.inputs[1:])}
        outputs = outputs_of(exchange)
        for name, output in probe.model.rest.echoes().items():
            if output in outputs and len(outputs[output].elements) != len(sent[name].elements):
                cut.append(output)
    good = refused(exchange) or not cut
    observed = f"{status_of(exchange)}{', cut: ' + ', '.join(cut) if cut else ''}"
    probe.holds(good, expected="an error status, or every input whole", observed=observed, exchange=exchange)


def _variants(probe: Probe) -> list[InferRequest]:
    """Two requests with different values where there are two rows to take them from, else the accepted one."""
    try:
        batch = probe.model.rest.batch(ROWS).request
    except (NotApplicable, Untestable):
        return [probe.accepted().request]
    return [row_request(batch, 0), row_request(batch, ROWS - 1)]
