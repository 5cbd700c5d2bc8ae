"""A row's answer does not depend on the batch that it travels in: order, size, splitting and joining (Art. 15(4))."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from harness.check import check
from harness.criteria import Criterion
from harness.generate.distinct import joined, pool_of_rows
from harness.oracles.equality import difference
from harness.oracles.rows import row
from harness.probing.baseline import (
    BaselineAnswer,
    PacedRoute,
    answered,
    comparable,
    excused,
    paced_route,
    varies_alone,
)
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.wire.tensor import Tensor

SAME = Criterion.SAME_ANSWER.clause
ROOT = "batch-changes-answer"
POOL_ROWS, MOST_ROWS = 12, 48
SIZES = (2, 3, 4, 7, 8, 9, 16, 17, 32, 33, MOST_ROWS)
EXPECTED = "the answer of each row alone"


@check(
    "adversarial-batch-composition",
    duties=["A15-1-d", "A15-4-d", "A15-5-i"],
    criteria=[Criterion.SAME_ANSWER],
    criterion="in batches of drawn rows, sizes and orders, every row gets the answer that it gets alone",
    per="model",
    kind="search",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "answers-cached-by-first-element",
        "batch-neighbours-leak",
        "second-row-of-previous-request",
    ],
    fix="Compute each row from that row only: no normalisation over the batch, no shared buffer, no padding.",
)
def adversarial_batch_composition(probe: Probe) -> None:
    """A row's answer does not depend on the batch that it travels in.

    A dozen different rows are asked alone; then batches of one to forty-eight of them are drawn, in any order and with
    repetitions, and every row of every batch is compared with the row alone. That covers order, splitting and joining.
    A counterexample is shrunk to few rows. Sizes that the model refuses are left out, and outputs that have no row for
    each row of the batch.
    """
    _batches(probe, "rest")


@check(
    "adversarial-grpc-batch-composition",
    duties=["A15-1-d", "A15-4-d", "A15-5-i"],
    criteria=[Criterion.SAME_ANSWER],
    criterion="in batches of drawn rows, sizes and orders, every row gets the answer that it gets alone, over gRPC",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["answers-cached-by-first-element", "batch-neighbours-leak", "second-row-of-previous-request"],
    fix="Compute each row from that row only: no normalisation over the batch, no shared buffer, no padding.",
)
def adversarial_grpc_batch_composition(probe: Probe) -> None:
    """A row's answer over gRPC does not depend on the batch that it travels in.

    As over REST, with calls of ModelInfer.
    """
    _batches(probe, "grpc")


def _batches(probe: Probe, transport: Transport) -> None:
    way = paced_route(probe, transport)
    comparable(probe)
    pool = _pool(probe, way, transport)
    seen = {"batches": 0, "refused": 0, "rows": 0}
    last: dict[tuple[int, ...], tuple[str, Exchange]] = {}

    def holds(indices: Sequence[int]) -> bool:
        exchange = way.route.ask(joined([pool[index].request for index in indices]))
        if excused(exchange):
            seen["refused"] += 1
            return True
        seen["batches"] += 1
        seen["rows"] += len(indices)
        found = _row_strayed(way.route.outputs(exchange), indices, pool)
        if found is None or any(varies_alone(way, pool[index], 2) for index in set(indices)):
            return True
        last[tuple(indices)] = (found, exchange)
        return False

    counterexample = probe.search(_index_lists(len(pool)), holds, examples=way.affordable(2 * probe.endpoint.examples))
    probe.observe(f"{seen['batches']} batches with {seen['rows']} rows compared, {seen['refused']} refused")
    if counterexample is not None:
        found, exchange = last[tuple(counterexample.smallest)]
        observed = f"rows {list(counterexample.smallest)} of the pool in one batch: {found}"
        probe.holds(False, clause=SAME, expected=EXPECTED, observed=observed, exchange=exchange, root=ROOT)
    elif not seen["batches"]:
        probe.not_applicable("the model takes no batch")
    else:
        probe.holds(True, clause=SAME, expected=EXPECTED, observed="")


def _pool(probe: Probe, way: PacedRoute, transport: Transport) -> list[BaselineAnswer]:
    """Different single rows with their answers alone."""
    metadata = probe.model.over(transport).metadata
    rows = pool_of_rows(way.base, 3 * POOL_ROWS)
    if not rows or metadata is None or any(not each.shape or each.shape[0] != -1 for each in metadata.inputs):
        probe.not_applicable("not every input has a leading variable dimension: no batch to speak of")
    pool = answered(way, rows, POOL_ROWS)
    way.time_by(pool)
    if len(pool) < 2:
        probe.untestable("the model takes no single rows")
    return pool


def _index_lists(count: int) -> st.SearchStrategy[list[int]]:
    """Rows of the pool in any order, with repetitions.

    Short lists, lists of telling lengths, and lists that differ within only: what looks at shape and ends of a batch
    takes them for one.
    """
    index = st.integers(0, count - 1)
    full = st.sampled_from(SIZES).flatmap(lambda size: st.lists(index, min_size=size, max_size=size))
    within = st.lists(index, min_size=1, max_size=2).map(lambda middle: [0, *middle, 1])
    return st.lists(index, min_size=1, max_size=MOST_ROWS) | full | within


def _row_strayed(batch: dict[str, Tensor], indices: Sequence[int], pool: Sequence[BaselineAnswer]) -> str | None:
    """The first row of a batch that is not answered as alone; outputs without a row for each row are passed over."""
    count = len(indices)
    for name, tensor in batch.items():
        if not tensor.shape or tensor.shape[0] != count or len(tensor.elements) % count:
            continue
        for position, index in enumerate(indices):
            single = pool[index].outputs.get(name)
            if single is None or single.shape[:1] != (1,):
                break
            found = difference({name: row(tensor, position)}, {name: single}, exact=False)
            if found is not None:
                return f"row {position} of {count}: {found}"
    return None
