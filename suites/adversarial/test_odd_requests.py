"""Mistakes that no handler expects, sent to every route: each is answered, and none breaks the server (Art. 15(4))."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.judging.grpc_odd import OddCalls
from harness.judging.odd import OddRequests, routes_of
from harness.judging.still_serves import alive, serving, serving_before
from harness.probing.probe import Probe

CRITERIA = [Criterion.NO_HANG, Criterion.NO_CRASH]


@check(
    "adversarial-odd-requests-answered",
    clauses=["REST-ERR-05"],
    duties=["A15-4-c", "A15-4-d"],
    criteria=CRITERIA,
    advice=[Advice.ANSWERS_EVERYTHING],
    criterion="to each route, odd verbs, paths, headers, names, labels and bodies are answered without a 5xx",
    per="model",
    kind="search",
    needs=["rest-infer-answers-200"],
    faults=["query-breaks-handler", "forwarded-header-breaks-handler", "odd-version-closes"],
    fix="Catch in one place what no handler expects, and answer 4xx; read no header and no query that you do not need.",
)
def adversarial_odd_requests_answered(probe: Probe) -> None:
    """Requests that are odd in one way are answered, and none by a breakdown of the server.

    To each route (server metadata, health, metadata and readiness of the model, inference, index): the other verbs, a
    slash too many, a query, a header of 5 KiB, sixty headers, a body where none is due, and 26 headers with values
    that their grammar does not have, at once, and one by one where that is refused. To inference: other media types,
    bodies and codings. Names and versions that nobody has. Verbs that could change something go to a model that nobody
    has. A 5xx counts if it comes three times, and a valid inference is answered then; 501, 505 and "not now" are none.
    """
    serving_before(probe)
    first = next(iter(probe.endpoint.models), None) is probe.model
    odd = OddRequests(probe)
    odd.judge(odd.all(server=first))
    for route in routes_of(probe, server=first):
        odd.headers(route)
    serving(probe, alive(probe), "after all of them")
    probe.observe(f"{odd.sent} odd requests to {len(routes_of(probe, server=first))} routes")


@check(
    "adversarial-grpc-odd-calls-answered",
    clauses=["GRPC-ERR-03"],
    duties=["A15-4-c", "A15-4-d"],
    criteria=CRITERIA,
    advice=[Advice.ANSWERS_EVERYTHING],
    criterion="to each method, odd metadata, names, versions and fields end in no UNKNOWN or INTERNAL",
    per="model",
    kind="search",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=["grpc-odd-name-breaks-handler", "forwarded-header-breaks-handler"],
    fix="Catch in one interceptor what no handler expects, and end the call with INVALID_ARGUMENT or NOT_FOUND.",
)
def adversarial_grpc_odd_calls_answered(probe: Probe) -> None:
    """Calls that are odd in one way end in a status, and none in one that blames the server.

    To each method: metadata of 4 KiB, sixty entries, entries with values that their grammar does not have, a field that
    the message does not have, no message at all; names and versions that nobody has. A status counts if it comes three
    times, and a valid call is answered then.
    """
    serving_before(probe)
    odd = OddCalls(probe)
    odd.judge()
    serving(probe, alive(probe), "after all of them")
    probe.observe(f"{odd.sent} odd calls")
