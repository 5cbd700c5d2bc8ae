"""What a request may vary without changing its meaning (inference_rest.md, "Inference Request JSON Object")."""

from __future__ import annotations

from harness.check import check
from harness.generate.members import encoded, with_members
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.wire.varied import vary


@check(
    "rest-inputs-order-is-free",
    clauses=["REST-INFER-07"],
    duties=["A15-4-d", "A15-5-b"],
    criterion="the inputs in reverse order give the same outputs",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["input-order-matters"],
    fix="Find inputs by name, not by position.",
)
def rest_inputs_order_is_free(probe: Probe) -> None:
    """Inputs are found by name, whatever their order.

    The accepted request with its inputs reversed; outputs are compared by name.
    """
    accepted = probe.accepted()
    if len(accepted.request.inputs) < 2:
        probe.not_applicable("the model has one input only")
    reverse = vary(accepted.request, inputs=accepted.request.inputs[::-1])
    exchange = probe.answered(probe.model.rest.infer(reverse))
    found = probe.differ(exchange, accepted.exchange) if exchange.ok else status_of(exchange)
    probe.holds(found is None, expected="the same outputs", observed=found or "the same", exchange=exchange)


@check(
    "rest-inputs-twice",
    clauses=["REST-INFER-08"],
    duties=["A15-4-c"],
    criterion="an input sent twice is answered, refused or not",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["duplicate-input-hangs-up"],
    fix="Refuse two inputs of one name.",
)
def rest_inputs_twice(probe: Probe) -> None:
    """Two inputs of one name get an answer, and the endpoint stays.

    The text does not speak of it, so any answer is accepted; what is seen is recorded. Then a valid request.
    """
    value = probe.accepted().request.to_value()
    value["inputs"].append(value["inputs"][0])
    exchange = probe.client.infer(probe.model.name, encoded(value), probe.model.address)
    probe.observe(f"an input sent twice is answered {status_of(exchange)}", "REST-INFER-08")
    probe.holds(exchange.error is None, expected="an answer", observed=status_of(exchange), exchange=exchange)
    after = probe.infer()
    probe.holds(after.ok, expected="status 200 afterwards", observed=status_of(after), exchange=after)


@check(
    "rest-null-optional-members",
    clauses=["REST-INFER-10", "REST-INFER-09"],
    duties=["A15-4-d"],
    criterion="null for id, parameters and outputs is refused or treated as absent",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["null-id-becomes-text"],
    fix="Treat null as absent, or refuse it; never turn it into text.",
)
def rest_null_optional_members(probe: Probe) -> None:
    """Null for an optional member is refused, or means absent.

    The valid request with id, parameters and outputs null. A response id of "None" or "null" is the usual slip. Then
    with members that the schema does not know: it is open, so refusing them is no violation, but KServe's own clients
    send model_name; what is seen is recorded.
    """
    unknown = with_members(probe.accepted().request, model_name=probe.model.name, x_unknown=1)
    exchange = probe.answered(probe.client.infer(probe.model.name, unknown, probe.model.address))
    probe.observe(f"unknown members are answered {status_of(exchange)}", "REST-INFER-09")
    probe.holds(True, clause="REST-INFER-09", expected="any answer", observed=status_of(exchange))
    body = with_members(probe.accepted().request, id=None, parameters=None, outputs=None)
    exchange = probe.answered(probe.client.infer(probe.model.name, body, probe.model.address))
    probe.observe(f"null optional members are answered {status_of(exchange)}", "REST-INFER-10")
    identity = (object_or_none(exchange) or {}).get("id")
    good = refused(exchange) or (exchange.ok and str(identity).lower() not in ("none", "null", "nil", "undefined")) or (
        exchange.ok and identity is None
    )  # fmt: skip
    expected = "an error status, or an id that is not the text of null"
    observed = f"{status_of(exchange)}, id {shown(identity)}"
    probe.holds(good, clause="REST-INFER-10", expected=expected, observed=observed, exchange=exchange)
