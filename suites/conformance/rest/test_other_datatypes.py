"""Values under a datatype that the model does not declare, or beyond it (inference_rest.md, "Request Input")."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.endpoint.rest_route import outputs_of
from harness.generate.limits.neighbours import neighbours
from harness.judging.other_datatypes import judge_others
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.intent import meant


@check(
    "rest-datatype-other-than-declared",
    clauses=["DTYPE-04"],
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a valid data type other than the declared one is refused or converted, never read as other bits or as 0",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["datatype-reinterpreted", "texts-read-as-zeros", "whole-literals-read-as-zeros"],
    fix="Compare the datatype with the model's, then convert or refuse.",
)
def rest_datatype_other_than_declared(probe: Probe) -> None:
    """Another data type than the model's is converted, or refused.

    Small whole numbers for a float, an integer or a boolean input, sent as each of its neighbours (INT32, INT64, FP32,
    FP64, UINT8, BYTES) and, to a float, without a fraction. A 200 is compared with the answer to the same values in the
    declared type, and with that to zeros.
    """
    judge_others(probe, "rest")


@check(
    "rest-datatype-overflow-told",
    clauses=["TDATA-12"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a number beyond the range of a float input is refused, or converted: its outputs are not null",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["overflow-answered-with-null"],
    fix="Refuse a number that the datatype cannot hold with 400, before it becomes an infinity.",
)
def rest_datatype_overflow_told(probe: Probe) -> None:
    """A number that a float cannot hold is refused, or its conversion can be read from the answer.

    1e39 as an element of FP32, 1e6 of FP16. Where ordinary numbers get outputs of numbers, and this one null, it was
    neither refused nor converted to anything that a client can read.
    """
    found = neighbours(probe.accepted().request)
    if found is None or found.beyond is None:
        probe.not_applicable("no float input of 16 or 32 bits")
    route = probe.model.rest
    ordinary = probe.answered(route.ask(found.declared))
    if not ordinary.ok:
        probe.untestable(f"the model does not take small whole numbers: {status_of(ordinary)}")
    with meant("neither"):
        exchange = probe.answered(route.ask(found.beyond))
    probe.observe(f"a number beyond the datatype is answered {status_of(exchange)}", "TDATA-12")
    before = outputs_of(ordinary)
    nulls = [
        name
        for name, each in outputs_of(exchange).items()
        if None in each.elements and name in before and None not in before[name].elements
    ]
    observed = f"{status_of(exchange)}{', null in ' + ', '.join(nulls) if nulls else ''}"
    good = refused(exchange) or not nulls
    probe.holds(good, expected="an error status, or numbers", observed=observed, exchange=exchange,
                root="overflow-answered-with-null")  # fmt: skip
