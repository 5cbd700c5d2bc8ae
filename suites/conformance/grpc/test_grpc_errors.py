"""Calls over gRPC that should fail, and how (inference_grpc.md, "Inference": the sentences on the status)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.check import NotApplicable, Untestable, check
from harness.judging.grpc_refusals import grpc_base, grpc_mistakes, grpc_refuses
from harness.oracles.equality import difference
from harness.probing.grpc_replies import CLIENT_CODES, infer_reply, outputs, status_root
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange


@check(
    "grpc-refuses-wrong-inputs",
    clauses=["GRPC-INFER-06"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="an unknown input, an unknown datatype and a dimension of -1 end in an error status",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-any-datatype-accepted", "grpc-negative-dimension-echoed", "grpc-missing-input-zeros"],
    fix="Hold name, datatype and shape of every input against the metadata before reading its contents.",
)
def grpc_refuses_wrong_inputs(probe: Probe) -> None:
    """Inputs that are not those of the model are refused.

    The accepted request, typed and raw where both are OK, with one thing changed: an input renamed, added, repeated or
    left out, a datatype that no table has, a dimension of -1; in further inputs, too. Names only where the metadata has
    them. An input too many may be ignored with unchanged outputs. One that is missing may be optional, unless the
    same is refused over REST, and nothing says what a repeated one means: both are recorded.
    """
    grpc_refuses(probe, "GRPC-INFER-06")


@check(
    "grpc-error-status",
    clauses=["GRPC-ERR-01"],
    duties=["A15-4-d"],
    criterion="no invalid inference is OK without outputs, and an unknown model ends in an error status",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-errors-with-ok", "grpc-unknown-model-infer-ok"],
    fix="End a failed inference with an error status, not with an explanation in the reply.",
)
def grpc_error_status(probe: Probe) -> None:
    """A failed inference has an error status.

    Over all invalid requests: one that is OK must have outputs, as a failure in disguise has none. An unknown model can
    give nothing but an error.
    """
    for mistake in grpc_mistakes(probe):
        exchange = mistake.exchange
        if exchange.error is not None:
            continue
        message, problem = infer_reply(exchange)
        told = problem or f"OK with {len(message.outputs)} outputs"
        if message is not None and message.parameters and not message.outputs:
            told += f" and the parameters {', '.join(sorted(message.parameters))}"
        good = refused(exchange) or (
            mistake.mutation.name != "unknown-model" and message is not None and bool(message.outputs)
        )
        observed = f"{mistake.label}: {told}"
        strange = exchange.ok and mistake.mutation.name == "unknown-model"
        root = name_root(probe, "unknown-model-answered:inference") if strange else None
        probe.holds(good, expected="an error status, or outputs", observed=observed, exchange=exchange, root=root)


@check(
    "grpc-error-explains",
    clauses=["GRPC-ERR-03", "GRPC-ERR-02"],
    duties=["A15-4-c", "A15-4-d"],
    criterion="the status of a mistake of the client blames the client, with details that are not empty",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=[
        "grpc-errors-internal",
        "grpc-shape-error-internal",
        "grpc-wrong-datatype-unknown",
        "grpc-unknown-model-unknown",
        "grpc-details-empty",
        "grpc-details-blank",
        "grpc-details-stack-trace",
    ],
    fix="Map errors of validation to INVALID_ARGUMENT and NOT_FOUND, with a sentence that says what was wrong.",
)
def grpc_error_explains(probe: Probe) -> None:
    """A mistake of the client is reported as such, and explained.

    Over all invalid requests that were refused, and ModelMetadata of an unknown model. UNKNOWN and INTERNAL blame the
    server. Which other code is free, and recorded for each cause; so are the three that a gate in front may use.
    """
    raised = probe.endpoint.policy.criteria.server_error_for_client_mistake == "fail"
    codes = []
    for label, exchange in _wrong(probe):
        if not refused(exchange) or exchange.rpc is None:
            continue
        code, explained = exchange.rpc.name, bool(exchange.rpc.details.strip())
        codes.append(f"{label} {code}")
        observed = f"{label}: {status_of(exchange)}{'' if explained else ', no details'}"
        probe.holds(
            code in CLIENT_CODES and explained,
            clause="GRPC-ERR-03",
            expected="a code that blames the client, and details",
            observed=observed,
            exchange=exchange,
            root=status_root(exchange),
            by_policy=raised and code in ("UNKNOWN", "INTERNAL"),
        )
        probe.holds(True, clause="GRPC-ERR-02", expected="any error status", observed=observed)
    probe.observe(f"code by mistake: {'; '.join(codes) or 'none refused'}", "GRPC-ERR-02")
    if not codes:
        probe.untestable("none of these mistakes was refused")


def _wrong(probe: Probe) -> Iterator[tuple[str, Exchange]]:
    """Every mistake with its answer, one after the other: together, large answers would take all memory."""
    for mistake in grpc_mistakes(probe):
        yield mistake.label, mistake.exchange
    yield "metadata of an unknown model", probe.grpc.model_metadata(UNKNOWN_MODEL)


@check(
    "grpc-error-leaves-server-usable",
    clauses=["REST-ERR-06"],
    duties=["A15-4-c", "A15-4-i"],
    criterion="after each refused inference, the valid one is OK with the same outputs, also on a new connection",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-error-breaks-next", "grpc-error-changes-next"],
    fix="Reset whatever a refused request left behind.",
)
def grpc_error_leaves_server_usable(probe: Probe) -> None:
    """A refused call leaves the endpoint able to serve the next.

    After each invalid request the valid one follows on the same connection; once more at the end on a new connection.
    Outputs are compared where the model answers alike.
    """
    base, model = grpc_base(probe), probe.model.grpc
    steady = False
    with contextlib.suppress(Untestable, NotApplicable):
        probe.steady()
        steady = True
    for mistake in grpc_mistakes(probe, in_turn=True):
        after = model.infer(base.request, base.form)
        found = None
        if after.ok and steady:
            found = difference(outputs(after), outputs(base.exchange), exact=False)
        observed = f"after {mistake.label}: {found or status_of(after)}"
        expected = "OK with the same outputs"
        probe.holds(after.ok and found is None, expected=expected, observed=observed, exchange=after)
    exchange = probe.grpc.call("ModelInfer", base.exchange.request_body, fresh=True)
    observed = f"on a new connection: {status_of(exchange)}"
    probe.holds(exchange.ok, expected="OK", observed=observed, exchange=exchange)
