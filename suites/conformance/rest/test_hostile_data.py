"""Data that is hostile by its nesting or its announced size; only with `--oip-allow stress`."""

from __future__ import annotations

from harness.check import check
from harness.generate.members import with_data
from harness.probing.probe import Probe
from harness.probing.replies import status_of

DEPTH = 10_000
HUGE = 4294967296


@check(
    "rest-data-hostile-survived",
    clauses=["TDATA-17"],
    duties=["A15-4-c", "A15-4-i", "A15-5-c"],
    criterion="data nested 10 000 deep, and a shape product beyond 64 bits, leave an endpoint that still infers",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["deep-nesting-kills", "huge-shape-hangs"],
    allow="stress",
    fix="Limit the depth of JSON, and multiply dimensions with a check for overflow, before anything is allocated.",
)
def rest_data_hostile_survived(probe: Probe) -> None:
    """Hostile nesting and sizes are answered or cut off, and the endpoint stays.

    Two requests: lists in lists, and a shape of two dimensions of 2^32 with one element. An error or a closed
    connection is accepted, a hang is not; the valid request follows each on a new connection.
    """
    request = probe.accepted().request
    nested = b"[" * DEPTH + b"1" + b"]" * DEPTH
    deep = with_data(request, "NESTED").replace(b'"NESTED"', nested, 1)
    huge = with_data(request, [1], shape=[HUGE, HUGE])
    for name, body in (("deep nesting", deep), ("huge shape", huge)):
        exchange = probe.model.rest.infer(body, fresh=True)
        observed, expected = f"{name}: {status_of(exchange)}", "an answer or a closed connection"
        probe.holds(not exchange.timed_out, expected=expected, observed=observed, exchange=exchange)
        after = probe.model.rest.infer(request, fresh=True)
        observed = f"after {name}: {status_of(after)}"
        probe.holds(after.ok, expected="status 200", observed=observed, exchange=after)
