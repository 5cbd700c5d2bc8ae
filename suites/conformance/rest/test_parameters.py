"""Parameters (inference_rest.md, "Parameters")."""

from __future__ import annotations

from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.generate.members import with_members
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

KINDS: dict[str, Any] = {
    "p_string": "a",
    "p_empty": "",
    "p_integer": 3,
    "p_zero": 0,
    "p_largest": 2**63 - 1,
    "p_fraction": 1.5,
    "p_true": True,
    "p_false": False,
}
PLACES = ("on the request", "on each input", "on each output")


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
    criterion="unknown parameters are refused, or ignored whatever the kind of their value, at all three levels",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "parameter-kind-refused",
        "unknown-parameter-changes-answer",
        "parameter-of-output-changes-answer",
        "parameters-of-inputs-unknown-500",
    ],
    fix="Ignore parameters you do not know, or refuse them by name; do not judge their kind, nor where they stand.",
)
def rest_parameters_unknown(probe: Probe) -> None:
    """An unknown parameter is ignored or refused, and its kind is no error of its own, wherever it stands.

    First a string on the request; if that is ignored, numbers (the largest of 64 bits among them), a fraction and
    booleans too, all of them at once on the request, on each input and on each output that is asked for, and one by one
    where all are not taken. Nested values, which only one of the documents allows, are recorded.
    """
    exchange = _send(probe, "on the request", {"x_conformance": "1"})
    same = _unchanged(probe, exchange)
    good = refused(exchange) or same
    expected = "an error status, or unchanged outputs"
    probe.holds(good, clause="PARAM-02", expected=expected, observed=status_of(exchange), exchange=exchange)
    probe.observe(f"an unknown parameter is {'ignored' if exchange.ok else 'refused'}", "PARAM-02")
    if not exchange.ok:
        return
    for place in PLACES:
        _all_kinds(probe, place)
    for nested in ({"a": 1}, [1], None):
        exchange = _send(probe, "on the request", {"p": nested})
        probe.observe(f"a parameter of value {nested!r} is answered {status_of(exchange)}", "PARAM-04")
        good = refused(exchange) or _unchanged(probe, exchange)
        expected = "an error status, or unchanged outputs"
        probe.holds(good, clause="PARAM-04", expected=expected, observed=status_of(exchange), exchange=exchange)


def _all_kinds(probe: Probe, place: str) -> None:
    """Every kind at one place: taken where a string is, with unchanged outputs."""
    exchange, names = _send(probe, place, KINDS), ", ".join(KINDS)
    if not exchange.ok:
        # A server may refuse by name; then it does so everywhere, and no kind is to blame.
        text = _send(probe, place, {"p_string": KINDS["p_string"]})
        observed = f"a string {place}: {status_of(text)}; on the request it is ignored"
        expected = "status 200, as on the request"
        if not probe.holds(text.ok, clause="PARAM-02", expected=expected, observed=observed, exchange=text):
            return
        alone = {name: _send(probe, place, {name: value}) for name, value in KINDS.items()}
        names, exchange = next(((name, each) for name, each in alone.items() if not each.ok), (names, exchange))
    observed = f"{names} {place}: {status_of(exchange)}"
    expected = "status 200, as for a string"
    if probe.holds(exchange.ok, clause="PARAM-03", expected=expected, observed=observed, exchange=exchange):
        found = probe.differ(exchange, probe.accepted().exchange)
        observed = f"{names} {place}: {found or 'the same'}"
        probe.holds(
            found is None, clause="PARAM-02", expected="unchanged outputs", observed=observed, exchange=exchange
        )


def _send(probe: Probe, place: str, parameters: dict[str, Any]) -> Exchange:
    accepted = probe.accepted()
    if place == "on each input":
        body = with_members(accepted.request, of_inputs={"parameters": parameters})
    elif place == "on each output":
        outputs = [{"name": name, "parameters": parameters} for name in outputs_of(accepted.exchange)]
        body = with_members(accepted.request, outputs=outputs)
    else:
        body = with_members(accepted.request, parameters=parameters)
    return probe.answered(probe.client.infer(probe.model.name, body, probe.model.address))


def _unchanged(probe: Probe, exchange: Exchange) -> bool:
    return exchange.ok and probe.differ(exchange, probe.accepted().exchange) is None
