"""Readings of gRPC answers that several checks share: facts in words, never verdicts.

May be imported without the extra ``grpc``: the generated classes are only loaded once there is an answer to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.oracles.equality import difference
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES

if TYPE_CHECKING:
    from harness.probing.probe import Probe
    from harness.wire.tensor import Tensor

# Codes that blame the client, or the way to the server; a gate in front may say the last three of any request.
CLIENT_CODES = frozenset({
    "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "UNAVAILABLE",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED",
})  # fmt: skip


def outputs(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of a ModelInfer answer by name, typed or raw; empty where there are none that can be read."""
    from harness.endpoint.grpc_route import grpc_outputs  # noqa: PLC0415 -- needs the extra grpc

    return grpc_outputs(exchange)


def infer_reply(exchange: Exchange) -> tuple[Any, str | None]:
    """The ModelInferResponse of an answer and None, or None and why there is none."""
    from harness.wire.protobuf import NotAMessage, parsed  # noqa: PLC0415 -- needs the extra grpc

    if not exchange.ok:
        return None, status_of(exchange)
    try:
        return parsed("ModelInfer", exchange.response_body), None
    except NotAMessage as error:
        return None, str(error)


def problem_of_reply(message: Any) -> str | None:  # noqa: ANN401 -- a ModelInferResponse
    """Why a reply does not say what each reply must: model, and name, datatype and sizes of each output."""
    if not message.model_name:
        return "model_name is empty"
    if not message.outputs:
        return "there are no outputs"
    for position, output in enumerate(message.outputs):
        where = f"output {output.name!r}" if output.name else f"output {position}"
        if not output.name:
            return f"{where} has no name"
        if output.datatype not in DATATYPES:
            return f"{where} is of the datatype {output.datatype!r}"
        if any(size < 0 for size in output.shape):
            return f"{where} has the shape {list(output.shape)}"
    return None


def differ(probe: Probe, exchange: Exchange, other: Exchange) -> str | None:
    """Where the outputs of two ModelInfer answers differ (floats beyond the tolerance), in words; None if they agree.

    Ends the check on a model that is not steady.
    """
    probe.steady()
    return difference(outputs(exchange), outputs(other), exact=False)


def status_root(exchange: Exchange) -> str:
    """The root cause that a wrong status belongs to: servers choose the code in one place, whatever the mistake."""
    if exchange.rpc is None:
        return f"grpc-no-answer:{exchange.error.kind if exchange.error else 'unknown'}"
    if exchange.rpc.name in CLIENT_CODES and not exchange.rpc.details.strip():
        return "grpc-status-without-details"
    return f"grpc-client-mistake:{exchange.rpc.name}"


def undefined_parameter(message: Any) -> str | None:  # noqa: ANN401 -- a ModelInferResponse
    """The first parameter of a reply or of its outputs whose value stands in a field that no document defines."""
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415 -- needs the extra grpc

    for where, holder in (("the reply", message), *((f"output {each.name!r}", each) for each in message.outputs)):
        for name, parameter in holder.parameters.items():
            numbers = sorted({field.field_number for field in UnknownFieldSet(parameter)})
            if numbers:
                return f"parameter {name!r} of {where} is in field {', '.join(map(str, numbers))}"
    return None


def properties_form(message: Any) -> str:  # noqa: ANN401 -- a ModelMetadataResponse
    """What field 6 of model metadata holds, in words: texts in OIP's proto file, parameters in MLServer's."""
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415 -- needs the extra grpc

    from harness.wire.protobuf import PROPERTIES, read_model_metadata  # noqa: PLC0415 -- needs the extra grpc

    entries = sum(field.field_number == PROPERTIES for field in UnknownFieldSet(message))
    texts = len(read_model_metadata(message).properties)
    return f"{entries} entries, {texts} of them texts" if entries else "no entries"
