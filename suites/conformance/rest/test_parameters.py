"""Parameters (inference_rest.md, "Parameters")."""

from __future__ import annotations

from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.members import with_members
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

KINDS: dict[str, Any] = {"p_string": "a", "p_integer": 3, "p_fraction": 1.5, "p_boolean": True}


@check(
    "rest-parameters-empty-accepted",
    clauses=["PARAM-01"],
    duties=["A15-4-d"],
    criterion="empty parameters on request, input and output are accepted with unchanged outputs",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["input-parameters-refused"],
    fix="Accept parameters at all three levels.",
)
def rest_parameters_empty_accepted(probe: Probe) -> None:
    """Parameters objects are accepted at every level.

    The valid request with an empty object on the request, on each input, and on each requested output.
    """
    accepted = probe.accepted()
    outputs = [{"name": name, "parameters": {}} for name in outputs_of(accepted.exchange)]
    bodies = {
        "on the request": with_members(accepted.request, parameters={}),
        "on each input": with_members(accepted.request, of_inputs={"parameters": {}}),
        "on each output": with_members(accepted.request, outputs=outputs),
    }
    for where, body in bodies.items():
        exchange = probe.answered(probe.client.infer(probe.model.name, body, probe.model.address))
        found = probe.differ(exchange, accepted.exchange) if exchange.ok else None
        observed = f"{where}: {found or status_of(exchange)}"
        expected = "status 200 and unchanged outputs"
        probe.holds(exchange.ok and found is None, expected=expected, observed=observed, exchange=exchange)


@check(
    "rest-parameters-unknown",
    clauses=["PARAM-02", "PARAM-03", "PARAM-04"],
    duties=["A15-4-d"],
    criterion="unknown parameters are refused, or ignored whatever the kind of their value",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["parameter-kind-refused", "unknown-parameter-changes-answer"],
    fix="Ignore parameters you do not know, or refuse them by name; do not judge their kind.",
)
def rest_parameters_unknown(probe: Probe) -> None:
    """An unknown parameter is ignored or refused, and its kind is no error of its own.

    First a string; if that is ignored, a number, a fraction and a boolean too. Nested values, which only one of the
    documents allows, are recorded.
    """
    exchange = _send(probe, {"x_conformance": "1"})
    same = _unchanged(probe, exchange)
    good = refused(exchange) or same
    expected = "an error status, or unchanged outputs"
    probe.holds(good, clause="PARAM-02", expected=expected, observed=status_of(exchange), exchange=exchange)
    probe.observe(f"an unknown parameter is {'ignored' if exchange.ok else 'refused'}", "PARAM-02")
    if not exchange.ok:
        return
    for name, value in KINDS.items():
        exchange = _send(probe, {name: value})
        observed = f"{name}: {status_of(exchange)}"
        expected = "status 200, as for a string"
        probe.holds(exchange.ok, clause="PARAM-03", expected=expected, observed=observed, exchange=exchange)
    for nested in ({"a": 1}, [1], None):
        exchange = _send(probe, {"p": nested})
        probe.observe(f"a parameter of value {nested!r} is answered {status_of(exchange)}", "PARAM-04")
        good = refused(exchange) or _unchanged(probe, exchange)
        expected = "an error status, or unchanged outputs"
        probe.holds(good, clause="PARAM-04", expected=expected, observed=status_of(exchange), exchange=exchange)


def _send(probe: Probe, parameters: dict[str, Any]) -> Exchange:
    body = with_members(probe.accepted().request, parameters=parameters)
    return probe.answered(probe.client.infer(probe.model.name, body, probe.model.address))


def _unchanged(probe: Probe, exchange: Exchange) -> bool:
    return exchange.ok and probe.differ(exchange, probe.accepted().exchange) is None
