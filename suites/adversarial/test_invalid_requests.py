"""Invalid requests, drawn: what the endpoint does with mistakes that no list has thought of.

Each is a valid request of this model with one or two mistakes and a record of why it is invalid. What may be answered
follows from the clause of the mistake; a hang, a crash, and another request's data never may.
"""

from __future__ import annotations

from functools import partial

from harness.check import check
from harness.criteria import Criterion
from harness.generate.invalid import Invalid
from harness.judging.exploring import PropertyCase, explore, look, unanswered
from harness.judging.mistakes import mistake_classes, mistakes, send_mistake
from harness.judging.refusals import base_of
from harness.judging.still_serves import serving
from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, error_root, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.pace import SHEDDING

DUTIES = ["A15-4-c", "A15-5-b", "A15-5-h"]
NEEDS = ["rest-infer-answers-200"]
CLAUSES = ["REST-INFER-02", "REST-INFER-03", "REST-INFER-04", "REST-INFER-05", "REST-INFER-06", "REST-OUT-04",
           "REST-OUT-06", "DTYPE-03", "TDATA-04", "TDATA-05", "TDATA-06", "TDATA-07", "TDATA-10", "TDATA-11",
           "TDATA-13", "VERS-02"]  # fmt: skip
# Each has a check of its own: what that one finds and what a draw finds is one root cause.
OWN = frozenset(CLAUSES) - {"TDATA-07", "TDATA-11"}

# As JSON spells it.
NUL = b"\\u0000"


@check(
    "adversarial-invalid-refused",
    clauses=[*CLAUSES, "REST-ERR-01", "REST-ERR-02", "REST-ERR-05"],
    criteria=[Criterion.NO_CRASH, Criterion.NO_HANG],
    duties=DUTIES,
    criterion="drawn mistakes are refused with a 4xx and an error object, or accepted where their clause allows it",
    per="model",
    needs=NEEDS,
    faults=[
        "ragged-accepted",
        "error-422-detail",
        "negative-dimensions-cancel",
        "names-end-at-nul",
        "short-data-filled-from-previous",
    ],
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
    raised = _raised(probe)

    def judge(drawn: Invalid) -> list[PropertyCase]:
        exchange = send_mistake(probe, drawn)
        what = f"{drawn.name} ({drawn.why})"
        again = partial(send_mistake, probe, drawn, fresh=True)
        cases = unanswered(probe, exchange, again, what, closed="REST-ERR-01")
        exchange = (cases[0].exchange if cases else None) or exchange
        if not cases or not cases[0].held or exchange.status in SHEDDING:
            return cases
        return cases + _decided(probe, drawn, exchange, valid) + _refusal(drawn, exchange, raised=raised)

    explore(
        probe,
        mistakes(probe),
        judge,
        examples=10 * probe.endpoint.examples,
        label=mistake_classes,
        sends=partial(send_mistake, probe),
    )
    serving(probe, look(probe))


def _decided(probe: Probe, drawn: Invalid, exchange: Exchange, valid: Exchange) -> list[PropertyCase]:
    """Whether the clause of the mistake allows the answer."""
    if drawn.clause not in CLAUSES or drawn.tolerance == "any":
        return []
    good = refused(exchange)
    if not good and drawn.tolerance == "same":
        good = exchange.ok and probe.differ(exchange, valid) is None
    expected = "an error status" + (", or the outputs of the valid request" if drawn.tolerance == "same" else "")
    observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}"
    root = drawn.clause if drawn.clause in OWN else f"accepts:{drawn.name}"
    if NUL in exchange.request_body:
        # Whoever reads texts of C takes what stands before it; ids that come back so have the same cause.
        root = "name-ends-at-nul"
    return [PropertyCase(drawn.clause, good, expected, observed, root, exchange)]


def _raised(probe: Probe) -> bool:
    """Whether the operator's policy makes a failure of a 5xx for a mistake of the client."""
    return probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"


def _refusal(drawn: Invalid, exchange: Exchange, *, raised: bool) -> list[PropertyCase]:
    """Whether a refusal has the form of one."""
    if not refused(exchange) or exchange.status is None or exchange.status in SHEDDING:
        return []
    problem = error_object_problem(exchange)
    observed = f"{drawn.name}: {status_of(exchange)}, {problem or 'an error object'}"
    expected = "a JSON object with a string error"
    cases = [PropertyCase("REST-ERR-02", problem is None, expected, observed, error_root(exchange), exchange)]
    # The status for an unknown version is left open, and so is every answer where no clause forbids the request.
    if drawn.tolerance != "any" and drawn.version is None:
        observed = f"{drawn.name} ({drawn.why}): {status_of(exchange)}"
        root = f"server-error-for-client-mistake:{exchange.status}"
        expected = "a status from 400 to 499"
        cases.append(
            PropertyCase("REST-ERR-05", exchange.status < 500, expected, observed, root, exchange, by_policy=raised)
        )
    return cases


@check(
    "adversarial-hostile-shapes-survived",
    clauses=["TDATA-17", "REST-ERR-02", "REST-ERR-05"],
    criteria=[Criterion.NO_CRASH, Criterion.NO_HANG],
    duties=["A15-4-c", "A15-5-b", "A15-5-c"],
    criterion="shapes whose product no integer type holds are refused in time, and the endpoint stays",
    per="model",
    needs=NEEDS,
    faults=["shape-product-wraps", "huge-shape-is-500", "overflowing-shape-ends-process", "zero-times-huge-hangs"],
    allow="stress",
    fix="Multiply dimensions with a check for overflow and a limit before anything is allocated.",
    kind="search",
)
def adversarial_hostile_shapes_survived(probe: Probe) -> None:
    """Shapes beyond every size are refused.

    Draws dimensions up to 2^64 and beyond, many of them, products that come to the true number of elements, or to
    zero, only modulo 2^32 or 2^64. Every body is below 10 kB. ATLAS AML.T0029.
    """

    def judge(drawn: Invalid) -> list[PropertyCase]:
        exchange = send_mistake(probe, drawn)
        what = f"{drawn.name} ({drawn.why})"
        cases = unanswered(probe, exchange, partial(send_mistake, probe, drawn, fresh=True), what)
        exchange = (cases[0].exchange if cases else None) or exchange
        if cases and cases[0].held:
            observed = f"{what}: {status_of(exchange)}"
            cases.append(
                PropertyCase("TDATA-17", refused(exchange), "an error status", observed, "hostile-shape", exchange)
            )
            cases += _refusal(drawn, exchange, raised=_raised(probe))
        return cases

    explore(probe, mistakes(probe, heavy=True), judge, examples=2 * probe.endpoint.examples, label=mistake_classes)
    serving(probe, look(probe))
