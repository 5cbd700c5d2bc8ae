"""Parameters over gRPC (inference_grpc.md, "Parameters"; open_inference_grpc.proto, InferParameter)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.check import check
from harness.judging.grpc_refusals import grpc_base
from harness.probing.grpc_replies import differ, infer_reply, outputs, undefined_parameter
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.varied import vary

NAME = "x_conformance"
# The second value of each kind is the one that proto3 cannot tell from an absent field outside a choice.
KINDS: tuple[tuple[str, object], ...] = (
    ("string_param", "a"),
    ("string_param", ""),
    ("int64_param", 3),
    ("int64_param", 0),
    ("bool_param", True),
    ("bool_param", False),
)
PLACES: dict[str, Callable[[Any], list[Any]]] = {
    "the request": lambda message: [message],
    "each input": lambda message: list(message.inputs),
    "each output": lambda message: list(message.outputs),
}


@check(
    "grpc-parameters-accepted",
    clauses=["PARAM-06", "PARAM-02"],
    duties=["A15-4-d"],
    criterion="boolean, integer and text parameters are accepted at all three levels, with unchanged outputs",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=[
        "grpc-parameter-empty-text-internal",
        "grpc-parameter-false-unset",
        "grpc-parameters-of-inputs-refused",
        "grpc-parameters-of-outputs-refused",
        "grpc-parameter-changes-answer",
    ],
    fix="Accept parameters at all three levels, whatever their kind and value; ignore those you do not know.",
)
def grpc_parameters_accepted(probe: Probe) -> None:
    """Parameters of the three kinds are accepted at every level.

    First an unknown name with a text on the request: a server that refuses unknown names has no more to show. Then each
    kind with two values, among them false, 0 and the empty text, on the request, on each input and on each output that
    is asked for.
    """
    exchange = _send(probe, "the request", *KINDS[0])
    found = differ(probe, exchange, grpc_base(probe).exchange) if exchange.ok else None
    good, expected = refused(exchange) or (exchange.ok and found is None), "an error status, or unchanged outputs"
    observed = found or status_of(exchange)
    probe.observe(f"an unknown parameter is {'ignored' if exchange.ok else 'refused'}", "PARAM-02")
    probe.holds(good, clause="PARAM-02", expected=expected, observed=observed, exchange=exchange)
    if not exchange.ok:
        return
    for place in PLACES:
        for kind, value in KINDS:
            exchange = _send(probe, place, kind, value)
            observed = f"{kind} {value!r} on {place}: {status_of(exchange)}"
            expected = "OK, as for a text on the request"
            probe.holds(exchange.ok, clause="PARAM-06", expected=expected, observed=observed, exchange=exchange)
            found = differ(probe, exchange, grpc_base(probe).exchange) if exchange.ok else None
            observed, expected = f"{kind} {value!r} on {place}: {found or 'the same'}", "unchanged outputs"
            probe.holds(found is None, clause="PARAM-02", expected=expected, observed=observed, exchange=exchange)


@check(
    "grpc-parameters-of-two-more-kinds",
    clauses=["PARAM-05", "PARAM-02"],
    duties=["A15-4-d"],
    criterion="double and uint64 parameters are OK with unchanged outputs, or refused; no reply has a parameter in a "
    "field nobody defined",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-parameter-in-field-nine", "grpc-uint64-parameter-changes-answer"],
    fix="Put values of parameters into the fields that the proto file has.",
)
def grpc_parameters_of_two_more_kinds(probe: Probe) -> None:
    """Parameters of the two kinds that only the proto file has are taken or refused.

    One request with each kind on the request, on each input and on each output that is asked for; the outcome is
    recorded, and outputs are those without. Parameters of the replies, and of those to requests without any, stand in
    one of the five fields that are defined.
    """
    replies = {"without parameters": grpc_base(probe).exchange}
    for place in PLACES:
        for kind, value in (("double_param", 1.5), ("uint64_param", 2**64 - 1)):
            exchange = _send(probe, place, kind, value)
            label = f"{kind} on {place}"
            probe.observe(f"{label} is answered {status_of(exchange)}", "PARAM-05")
            replies[label] = exchange
            found = differ(probe, exchange, grpc_base(probe).exchange) if exchange.ok else None
            observed, expected = f"{label}: {found or status_of(exchange)}", "an error status, or unchanged outputs"
            probe.holds(found is None, clause="PARAM-02", expected=expected, observed=observed, exchange=exchange)
    for label, exchange in replies.items():
        message, _ = infer_reply(exchange)
        problem = undefined_parameter(message) if message is not None else None
        observed, expected = f"{label}: {problem or status_of(exchange)}", "parameters in the five fields, if any"
        probe.holds(problem is None, clause="PARAM-05", expected=expected, observed=observed, exchange=exchange)


def _send(probe: Probe, place: str, kind: str, value: object) -> Exchange:
    """The accepted request with one parameter; for those of outputs, all outputs are asked for by name."""
    base = grpc_base(probe)
    request = vary(base.request, outputs=list(outputs(base.exchange))) if place == "each output" else base.request

    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        for holder in PLACES[place](message):
            setattr(holder.parameters[NAME], kind, value)

    return probe.answered(probe.model.grpc.infer(request, base.form, edit))
