"""Values under a datatype that the model does not declare: converted, or refused, over either transport."""

from __future__ import annotations

from harness.criteria import Criterion
from harness.generate.limits.neighbours import as_numbers, neighbours
from harness.oracles.equality import difference
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Transport
from harness.record.intent import meant

CLAUSE, CHANGE = "DTYPE-04", Criterion.NO_SILENT_CHANGE.clause


def judge_others(probe: Probe, transport: Transport) -> None:
    """Each neighbour of the declared datatype: one case of DTYPE-04, and one that it is not read as zeros."""
    probe.steady()
    route = probe.model.over(transport)
    request = route.accepted().request
    request.refuse_large("a tensor of another datatype")
    found = neighbours(request)
    if found is None:
        probe.not_applicable("the first input with elements has no evident neighbour to be mistaken for")
    declared, zeros = (probe.answered(route.ask(each)) for each in (found.declared, found.zeros))
    if not declared.ok:
        probe.untestable(f"the model does not take small whole numbers: {status_of(declared)}")
    wanted, nothing = (as_numbers(route.outputs(each)) if each.ok else None for each in (declared, zeros))
    whole = {"whole numbers without a fraction": found.literals} if found.literals and transport == "rest" else {}
    for name, other in {**found.others, **whole}.items():
        try:
            with meant("neither"):
                exchange = probe.answered(route.ask(other))
        except ValueError:
            continue  # no such form: nothing was sent
        probe.observe(f"{name} is answered {status_of(exchange)}", CLAUSE)
        outputs = as_numbers(route.outputs(exchange)) if exchange.ok else {}
        changed = difference(outputs, wanted or {}, exact=False) if exchange.ok else None
        zeroed = changed is not None and nothing is not None and difference(outputs, nothing, exact=False) is None
        probe.holds(not zeroed, clause=CHANGE, expected="an error status, or the answer to the values that were sent",
                    observed=f"{name}: the answer to zeros", exchange=exchange,
                    root="other-datatype-read-as-zeros")  # fmt: skip
        probe.holds(refused(exchange) or changed is None, clause=CLAUSE, exchange=exchange,
                    expected="an error status, or the converted values",
                    observed=f"{name}: {changed or status_of(exchange)}", root=CLAUSE)  # fmt: skip
