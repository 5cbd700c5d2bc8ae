"""A row's answer does not depend on the batch that it travels in: order, size, splitting and joining (Art. 15(4))."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from harness.check import check
from harness.criteria import Criterion
from harness.generate.distinct import joined
from harness.oracles.rows import rows_strayed
from harness.probing.baseline import (
    comparable,
    excused,
    noted_varying,
    paced_route,
    pool_of_answers,
)
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport

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
    pool = pool_of_answers(probe, way, transport, POOL_ROWS)
    seen = {"batches": 0, "refused": 0, "rows": 0}
    last: dict[tuple[int, ...], tuple[str, Exchange]] = {}

    def holds(indices: Sequence[int]) -> bool:
        exchange = way.route.ask(joined([pool[index].request for index in indices]))
        if excused(exchange):
            seen["refused"] += 1
            return True
        seen["batches"] += 1
        seen["rows"] += len(indices)
        found = rows_strayed(way.route.outputs(exchange), indices, [one.outputs for one in pool])
        if found is None or any(noted_varying(probe, way, pool[index], "a single row", 2) for index in set(indices)):
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


def _index_lists(count: int) -> st.SearchStrategy[list[int]]:
    """Rows of the pool in any order, with repetitions.

    Short lists, lists of telling lengths, and lists that differ within only: what looks at shape and ends of a batch
    takes them for one.
    """
    index = st.integers(0, count - 1)
    full = st.sampled_from(SIZES).flatmap(lambda size: st.lists(index, min_size=size, max_size=size))
    within = st.lists(index, min_size=1, max_size=2).map(lambda middle: [0, *middle, 1])
    return st.lists(index, min_size=1, max_size=MOST_ROWS) | full | within
