"""The gRPC service: its methods, fields that it does not know, bytes that are no message.

Sources: inference_grpc.md, "gRPC" and "API Definitions"; open_inference_grpc.proto; proto3 on unknown fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.check import check
from harness.probing.grpc_replies import differ
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

UNKNOWN_FIELDS = {"a number in field 500": b"\xa0\x1f\x01", "text in field 500": b"\xa2\x1f\x04some"}
NO_MESSAGES = {
    "ff ff ff": b"\xff\xff\xff",
    "a length beyond the end": b"\x0a\x7fa",
    "a field number of zero": b"\x02\x00",
}
# Beside the service, or in it without being in the protocol: service, method.
FURTHER = (
    ("grpc.health.v1.Health", "Check"),
    ("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"),
    ("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo"),
    ("inference.GRPCInferenceService", "RepositoryIndex"),
    ("inference.GRPCInferenceService", "ModelConfig"),
    ("inference.GRPCInferenceService", "ModelStatistics"),
)
STREAM = ("inference.GRPCInferenceService", "ModelStreamInfer")


@check(
    "grpc-service-methods",
    clauses=["GRPC-SVC-01"],
    duties=["A15-4-d"],
    criterion="none of the six methods of inference.GRPCInferenceService is answered UNIMPLEMENTED",
    transport="grpc",
    faults=["grpc-server-metadata-unimplemented", "grpc-model-ready-unimplemented", "grpc-service-renamed"],
    fix="Register every method of the service under the name inference.GRPCInferenceService.",
)
def grpc_service_methods(probe: Probe) -> None:
    """The service offers its six methods.

    Calls each once. What takes a model gets the first one under test, and where that is UNIMPLEMENTED a name that no
    server has, since the model and not the method may be what has no such operation.
    """
    client, known = probe.grpc, probe.endpoint.models[0].name if probe.endpoint.models else UNKNOWN_MODEL
    nothing = InferRequest(inputs=())
    asked: dict[str, list[Callable[[], Exchange]]] = {
        "ServerLive": [client.server_live],
        "ServerReady": [client.server_ready],
        "ServerMetadata": [client.server_metadata],
        "ModelReady": [lambda: client.model_ready(known), lambda: client.model_ready(UNKNOWN_MODEL)],
        "ModelMetadata": [lambda: client.model_metadata(known), lambda: client.model_metadata(UNKNOWN_MODEL)],
        "ModelInfer": [lambda: client.infer(known, nothing), lambda: client.infer(UNKNOWN_MODEL, nothing)],
    }
    silent = []
    for method, calls in asked.items():
        exchange = calls[0]()
        if _absent(exchange) and len(calls) > 1:
            exchange = calls[1]()
        if exchange.error is not None:
            silent.append(method)
            continue
        observed = f"{method}: {status_of(exchange)}"
        probe.holds(not _absent(exchange), expected="the method is there", observed=observed, exchange=exchange)
    if silent:
        probe.untestable(f"no complete answer to {', '.join(silent)}")


def _absent(exchange: Exchange) -> bool:
    return exchange.rpc is not None and exchange.rpc.name == "UNIMPLEMENTED"


@check(
    "grpc-further-methods",
    clauses=["GRPC-SVC-02", "STREAM-01"],
    duties=["A15-4-d"],
    criterion="what the endpoint offers beside the six methods is recorded; nothing is required of it",
    transport="grpc",
    only_records=True,
    fix="Nothing to mend; answer UNIMPLEMENTED to methods that are not there.",
)
def grpc_further_methods(probe: Probe) -> None:
    """Which methods there are beside those of the protocol is recorded.

    Calls health checking, reflection, three methods of extensions and one that no server has, each with an empty
    message, and looks at nothing but whether the method is there. The same goes for ModelStreamInfer: its reply has two
    layouts that cannot be told apart for certain, so its content is never read.
    """
    offered: list[str] = []
    absent: list[str] = []
    for service, method in FURTHER:
        exchange = probe.grpc.call(method, b"", service=service, timeout=3)
        (absent if _absent(exchange) else offered).append(f"{service.split('.')[1]} {method}: {status_of(exchange)}")
    probe.observe(f"offered: {'; '.join(offered) or 'none'}; absent: {'; '.join(absent) or 'none'}", "GRPC-SVC-02")
    exchange = probe.grpc.call("NoSuchMethod7f3a")
    probe.observe(f"a method that no server has: {status_of(exchange)}", "GRPC-SVC-02")
    expected = "UNIMPLEMENTED for a method that is not there"
    observed = status_of(exchange)
    probe.holds(_absent(exchange), clause="GRPC-SVC-02", expected=expected, observed=observed, exchange=exchange)
    exchange = probe.grpc.call(STREAM[1], b"", service=STREAM[0], timeout=3)
    if not _absent(exchange):
        observed = f"ModelStreamInfer is offered: {status_of(exchange)} to an empty message"
        probe.observe(observed, "STREAM-01")
        probe.holds(True, clause="STREAM-01", expected="any answer", observed=observed)


@check(
    "grpc-unknown-fields-ignored",
    clauses=["GRPC-SVC-03"],
    duties=["A15-4-d"],
    criterion="a valid inference with a field the protocol does not know is OK with the same outputs",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-unknown-field-refused", "grpc-unknown-field-loses-inputs"],
    fix="Parse with a proto3 library and leave unknown fields alone.",
)
def grpc_unknown_fields_ignored(probe: Probe) -> None:
    """Fields that the server does not know are ignored.

    The accepted request with a number and with text in field 500, once in the request and once in its first input.
    """
    accepted = probe.model.grpc.accepted()
    for label, data in UNKNOWN_FIELDS.items():
        for where in ("the request", "the first input"):
            exchange = _with_field(probe, data, inner=where == "the first input")
            found = differ(probe, exchange, accepted.exchange) if exchange.ok else None
            observed = f"{label} of {where}: {found or status_of(exchange)}"
            expected = "OK with the same outputs"
            probe.holds(exchange.ok and found is None, expected=expected, observed=observed, exchange=exchange)


def _with_field(probe: Probe, data: bytes, *, inner: bool) -> Exchange:
    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        (message.inputs[0] if inner else message).MergeFromString(data)

    accepted = probe.model.grpc.accepted()
    return probe.answered(probe.model.grpc.infer(accepted.request, accepted.form, edit))


@check(
    "grpc-survives-garbage",
    clauses=["GRPC-SVC-04"],
    duties=["A15-4-c", "A15-4-i", "A15-5-b"],
    criterion="bytes that are no message end the call with an error, and the next valid call is OK",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=["grpc-garbage-accepted", "grpc-garbage-hangs", "grpc-garbage-breaks-next"],
    fix="Answer what cannot be decoded with an error status, and keep nothing of it.",
)
def grpc_survives_garbage(probe: Probe) -> None:
    """Bytes that are no message are refused and leave later calls alone.

    Three kinds of bytes as the request of ModelInfer, each followed by the accepted request, on the same connection as
    far as the endpoint keeps it. Which status is free. A stream that is reset counts as an error status, as every
    gRPC library makes one of it.
    """
    model, accepted = probe.model.grpc, probe.model.grpc.accepted()
    for label, data in NO_MESSAGES.items():
        exchange = probe.grpc.call("ModelInfer", data)
        ended = not exchange.ok and (exchange.error is None or exchange.error.kind == "reset")
        observed = f"{label}: {status_of(exchange)}"
        probe.holds(ended, expected="an error status", observed=observed, exchange=exchange)
        probe.observe(observed, "GRPC-SVC-04")
        after = model.infer(accepted.request, accepted.form)
        observed = f"the valid request after {label}: {status_of(after)}"
        if not probe.holds(after.ok, expected="OK", observed=observed, exchange=after):
            # Whatever is wrong with this connection is no matter of the checks to come.
            probe.grpc.close()
            return
