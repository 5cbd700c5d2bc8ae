"""Invalid requests, drawn: what the endpoint does with mistakes that no list has thought of.

Each is a valid request of this model with one or two mistakes and a record of why it is invalid. What may be answered
follows from the clause of the mistake; a hang, a crash, and another request's data never may.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis.strategies import SearchStrategy

from harness.check import check
from harness.generate.canaries import Canary, canary, canary_request
from harness.generate.invalid import Invalid, invalid_requests, operators
from harness.oracles.equality import difference
from harness.record.exchange import Exchange
from harness.target.exploring import SHEDDING, Case, explore, infer_fresh, served_at_last, unanswered
from harness.target.models import outputs_of
from harness.target.probe import Probe
from harness.target.refusals import base_of
from harness.target.replies import error_object_problem, error_root, refused, status_of
from harness.wire.messages import InferRequest

DUTIES = ["A15-4-c", "A15-5-b", "A15-5-h"]
NEEDS = ["rest-infer-answers-200"]
CLAUSES = ["REST-INFER-02", "REST-INFER-03", "REST-INFER-04", "REST-INFER-05", "REST-INFER-06", "REST-OUT-04",
           "REST-OUT-06", "DTYPE-03", "TDATA-04", "TDATA-05", "TDATA-06", "TDATA-07", "TDATA-10", "TDATA-11",
           "TDATA-13", "VERS-02"]  # fmt: skip
# The checks of one mistake each: what they found and what a draw finds is one root cause.
ROOTS = {
    "REST-INFER-02": "rest-refuses-missing-inputs", "REST-INFER-03": "rest-refuses-incomplete-input",
    "REST-INFER-04": "rest-refuses-wrong-types", "REST-INFER-05": "rest-refuses-non-json",
    "REST-INFER-06": "rest-refuses-unknown-input", "REST-OUT-04": "rest-refuses-unknown-output",
    "REST-OUT-06": "rest-refuses-nameless-output", "DTYPE-03": "rest-refuses-unknown-datatype",
    "TDATA-04": "rest-refuses-data-not-array", "TDATA-05": "rest-refuses-wrong-count",
    "TDATA-06": "rest-refuses-ragged", "TDATA-10": "rest-refuses-bad-dimensions",
    "TDATA-13": "rest-refuses-null-element", "VERS-02": "rest-version-unknown-refused",
}  # fmt: skip


@check(
    "adversarial-invalid-refused",
    clauses=[*CLAUSES, "REST-ERR-01", "REST-ERR-02", "REST-ERR-05"],
    criteria=["no-crash", "no-hang"],
    duties=DUTIES,
    criterion="drawn mistakes are refused with a 4xx and an error object, or accepted where their clause allows it",
    per="model",
    needs=NEEDS,
    faults=["ragged-accepted", "error-422-detail", "negative-dimensions-cancel", "short-data-filled-from-previous"],
    fix="Validate the whole request against schema, metadata and shape before anything of it is used.",
    kind="search",
)
def adversarial_invalid_refused(probe: Probe) -> None:
    """Drawn invalid requests are refused, and answered in time.

    One or two mistakes with drawn parameters in a request that the model takes: structure, JSON types, names,
    datatypes, shapes, counts, nesting, repetitions, outputs, versions. A 5xx is at most what the clause about
    mistakes of clients gives. Mistakes that no clause forbids only have to be survived. ATLAS AML.T0043.
    """
    valid = base_of(probe).exchange
    raised = probe.target.policy.criteria.server_error_for_client_mistake == "fail"

    def judge(drawn: Invalid) -> list[Case]:
        exchange = _sent(probe, drawn)
        what = f"{drawn.name} ({drawn.why})"
        cases = unanswered(
            probe, exchange, lambda: infer_fresh(probe, drawn.body, drawn.version), what, closed="REST-ERR-01"
        )
        exchange = (cases[0].exchange if cases else None) or exchange
        if not cases or not cases[0].held or exchange.status in SHEDDING:
            return cases
        return cases + _decided(probe, drawn, exchange, valid) + _refusal(drawn, exchange, raised=raised)

    explore(probe, _invalid(probe), judge, examples=10 * probe.target.examples, label=_classes)
    served_at_last(probe)


def _decided(probe: Probe, drawn: Invalid, exchange: Exchange, valid: Exchange) -> list[Case]:
    """Whether the clause of the mistake allows the answer."""
    if drawn.clause not in CLAUSES or drawn.tolerance == "any":
        return []
    good = refused(exchange)
    if not good and drawn.tolerance == "same":
        good = exchange.ok and probe.differ(exchange, valid) is None
    expected = "an error status" + (", or the outputs of the valid request" if drawn.tolerance == "same" else "")
    observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}"
    root = ROOTS.get(drawn.clause, f"accepts:{drawn.name}")
    return [Case(drawn.clause, good, expected, observed, root, exchange)]


def _refusal(drawn: Invalid, exchange: Exchange, *, raised: bool) -> list[Case]:
    """Whether a refusal has the form of one."""
    if not refused(exchange) or exchange.status is None:
        return []
    problem = error_object_problem(exchange)
    observed = f"{drawn.name}: {status_of(exchange)}, {problem or 'an error object'}"
    expected = "a JSON object with a string error"
    cases = [Case("REST-ERR-02", problem is None, expected, observed, error_root(exchange), exchange)]
    # The status for an unknown version is left open, and so is every answer where no clause forbids the request.
    if drawn.tolerance != "any" and drawn.version is None:
        observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}"
        root = f"server-error-for-client-mistake:{exchange.status}"
        expected = "a status from 400 to 499"
        cases.append(Case("REST-ERR-05", exchange.status < 500, expected, observed, root, exchange, by_policy=raised))
    return cases


@check(
    "adversarial-hostile-shapes-survived",
    clauses=["TDATA-17"],
    criteria=["no-crash", "no-hang"],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criterion="shapes whose product no integer type holds are refused in time, and the endpoint stays",
    per="model",
    needs=NEEDS,
    faults=["shape-product-wraps"],
    allow="stress",
    fix="Multiply dimensions with a check for overflow and a limit before anything is allocated.",
    kind="search",
)
def adversarial_hostile_shapes_survived(probe: Probe) -> None:
    """Shapes beyond every size are refused.

    Draws dimensions up to 2^64 and beyond, many of them, products that come to the true number of elements, or to
    zero, only modulo 2^32 or 2^64. Every body is below 10 kB. ATLAS AML.T0029.
    """

    def judge(drawn: Invalid) -> list[Case]:
        exchange = _sent(probe, drawn)
        what = f"{drawn.name} ({drawn.why})"
        cases = unanswered(probe, exchange, lambda: infer_fresh(probe, drawn.body), what)
        exchange = (cases[0].exchange if cases else None) or exchange
        if cases and cases[0].held:
            observed = f"{what}: {status_of(exchange)}"
            cases.append(Case("TDATA-17", refused(exchange), "an error status", observed, "hostile-shape", exchange))
        return cases

    explore(probe, _invalid(probe, heavy=True), judge, examples=2 * probe.target.examples, label=_classes)
    served_at_last(probe)


@check(
    "adversarial-invalid-leaves-next",
    clauses=["REST-ERR-06"],
    criteria=["same-answer"],
    duties=["A15-4-c", "A15-4-i", "A15-5-b"],
    criterion="after a drawn invalid request, the valid one gets the answer it got before, on the same connection",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["poisoned-keep-alive", "wrong-after-50-errors"],
    fix="Read the whole of a refused request, and reset whatever it left behind.",
    kind="search",
)
def adversarial_invalid_leaves_next(probe: Probe) -> None:
    """The next valid request gets its own answer.

    Two valid requests with other values are answered; after each drawn mistake in the first, the second follows on the
    same connection and must be answered as before.
    """
    probe.steady()
    request = _other(base_of(probe).request)
    before = probe.model.infer(probe.client, request)
    if not before.ok:
        request, before = base_of(probe).request, base_of(probe).exchange

    def judge(drawn: Invalid) -> list[Case]:
        _sent(probe, drawn)
        after = probe.model.infer(probe.client, request)
        observed = f"after {drawn.name} ({drawn.why}): {status_of(after)}"
        cases = [Case("REST-ERR-06", after.ok, "status 200", observed, "refusal-harms-next", after)]
        if after.ok:
            found = difference(outputs_of(before), outputs_of(after), exact=False)
            observed = f"after {drawn.name} ({drawn.why}): {found or 'the same'}"
            cases.append(Case("policy:same-answer", found is None, "the answer as before", observed,
                              "refusal-changes-next", after))  # fmt: skip
        return cases

    explore(probe, _invalid(probe), judge, examples=3 * probe.target.examples, label=_classes)
    base = base_of(probe)
    last = probe.model.infer(probe.client, base.request)
    if last.ok and base.exchange.ok:
        found = difference(outputs_of(base.exchange), outputs_of(last), exact=False)
        observed = f"after all of them, against the first answer of the run: {found or 'the same'}"
        probe.holds(found is None, clause="policy:same-answer", expected="the answer as before", observed=observed,
                    exchange=last, root="refusals-change-answers-for-good")  # fmt: skip


@check(
    "adversarial-errors-leak-nothing",
    criteria=["no-leak"],
    duties=["A15-5-a", "A15-5-b", "A15-5-h"],
    criterion="nothing of an earlier request is in the answer to a later, invalid one",
    per="model",
    needs=NEEDS,
    faults=["error-quotes-other-request", "short-data-filled-from-previous"],
    fix="Make error texts of the request at hand alone, and clear buffers between requests.",
    kind="search",
)
def adversarial_errors_leak_nothing(probe: Probe) -> None:
    """Answers to invalid requests hold nothing of other requests.

    A valid request carries canaries: an unusual value in every input that can hold one, and an id. Then a
    drawn mistake follows that has none of them; its answer, headers included, is searched for them. ATLAS AML.T0024.
    """
    base = base_of(probe).request
    mark = canary(probe.target.seed)
    marked = canary_request(base, mark)

    def judge(drawn: Invalid) -> list[Case]:
        probe.client.infer(probe.model.name, marked, probe.model.address)
        exchange = _sent(probe, drawn)
        # A model that keeps a state by design may show it in its outputs, never in an error.
        if exchange.ok and not probe.model.steady(probe.client):
            return []
        leaked = _found(mark, exchange)
        observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}, {f'with {leaked}' if leaked else 'no canary'}"
        expected = "nothing of the request before"
        return [Case("policy:no-leak", leaked is None, expected, observed, "answer-holds-other-request", exchange)]

    explore(probe, _invalid(probe), judge, examples=3 * probe.target.examples, label=_classes)


def _found(mark: Canary, exchange: Exchange) -> str | None:
    """The canary that an answer holds, in words."""
    text = exchange.response_body.decode("utf-8", "replace")
    return mark.found_in(text) or mark.found_in("\n".join(value for _, value in exchange.response_headers))


def _sent(probe: Probe, drawn: Invalid) -> Exchange:
    version = drawn.version or probe.model.address
    return probe.client.infer(probe.model.name, drawn.body, version)


def _invalid(probe: Probe, *, heavy: bool = False) -> SearchStrategy[Invalid]:
    """Mistakes in a request that the model has accepted."""
    # Before the first mistake: what some of them leave behind would pass for a model that answers as it likes.
    probe.model.steady(probe.client)
    base, metadata = base_of(probe).request, probe.model.metadata
    versions = metadata.versions if metadata else ()
    named = bool(metadata and metadata.inputs)
    allowed = operators(base.to_value(), section="heavy" if heavy else "light", named=named, versions=bool(versions))
    if not allowed:
        probe.not_applicable("the model's inputs leave no such mistake to make")
    return invalid_requests(base, allowed, versions=versions)


def _classes(drawn: Invalid) -> list[str]:
    return [*drawn.name.split("+"), *(["two mistakes"] if "+" in drawn.name else [])]


def _other(request: InferRequest) -> InferRequest:
    """The same request with the values of each input in reverse order: valid, and told apart."""
    return replace(request, inputs=tuple(replace(each, elements=each.elements[::-1]) for each in request.inputs))
