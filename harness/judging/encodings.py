"""The ways by which one tensor can reach a model: JSON flat and nested, binary, typed and raw contents over gRPC.

Each gives the outputs in one shape, so that they can be held against each other. May be imported without the extra
``grpc``, as :mod:`harness.probing.grpc_replies` may.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.endpoint.rest_route import outputs_of
from harness.judging.grpc_forms import typable
from harness.oracles.equality import difference
from harness.oracles.transports import answers_differ
from harness.probing.grpc_replies import outputs as grpc_outputs
from harness.probing.probe import Probe
from harness.probing.replies import refused
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.binary import EXTENSION, NotBinary, binary_request, read_binary_reply
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcRoute

JSON = ("flat JSON", "nested JSON")
BINARY = "binary data"
TYPED, RAW = "typed contents", "raw contents"
Send = Callable[[], Exchange]


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """What came back by one way.

    Attributes:
        way: its name, for people.
        outputs: empty where none can be read.
        again: sends the same once more.
    """

    way: str
    exchange: Exchange
    outputs: dict[str, Tensor]
    again: Send

    @property
    def readable(self) -> bool:
        """Whether it is an answer with outputs."""
        return self.exchange.ok and bool(self.outputs)


def ways(probe: Probe, request: InferRequest) -> dict[str, Send]:
    """How to send the request by each way that can carry it and that the endpoint offers."""
    client, model, grpc = probe.client, probe.model, same_version(probe)
    found: dict[str, Send] = {}
    for name, nested in zip(JSON, (False, True), strict=True):
        with contextlib.suppress(ValueError):  # NaN, or bytes that are no text: nothing that JSON could carry
            body = request.to_bytes(nested=nested)
            if not nested or any(len(tensor.shape) > 1 for tensor in request.inputs):
                found[name] = lambda body=body: client.infer(model.name, body, model.address)  # type: ignore[misc]
    if probe.endpoint.extension(EXTENSION):
        binary = binary_request(vary(request, parameters={"binary_data_output": True}))
        found[BINARY] = lambda: client.infer(model.name, binary.body, model.address, binary.headers)
    if typable(request):
        found[TYPED] = lambda: grpc.infer(request, "typed")
    found[RAW] = lambda: grpc.infer(request, "raw")
    return found


def same_version(probe: Probe) -> GrpcRoute:
    """The model over gRPC in the version that REST answers with, where its paths need one (VERS-01)."""
    model, grpc = probe.model, probe.model.grpc
    return grpc if model.address in (None, grpc.version) else replace(grpc, version=model.address)


def json_asked(probe: Probe, request: InferRequest) -> Exchange:
    """Send all inputs as binary data and ask for JSON."""
    body = binary_request(request)
    with meant("open"):  # JSON may have no way to write what bytes can hold
        return probe.client.infer(probe.model.name, body.body, probe.model.address, body.headers)


def both_answer(probe: Probe) -> None:
    """End the check, as untestable and with the endpoint's words, unless the model takes requests over both transports.

    Where nothing is answered over one of them, its own checks say so; there is nothing to hold against the other.
    """
    probe.accepted()
    same_version(probe).accepted()


def answers(probe: Probe, request: InferRequest) -> list[EncodedAnswer]:
    """The answers by every way."""
    return [EncodedAnswer(way, exchange, read(exchange), send) for way, send in ways(probe, request).items()
            for exchange in [send()]]  # fmt: skip


def read(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of an answer by any way; empty where there are none that can be read."""
    if exchange.rpc is not None:
        return grpc_outputs(exchange)
    if not exchange.ok:
        return {}
    if exchange.header("Inference-Header-Content-Length") is None:
        return outputs_of(exchange)
    try:
        return dict(read_binary_reply(exchange).outputs)
    except NotBinary:
        return {}


def may_refuse(answer: EncodedAnswer, request: InferRequest) -> bool:
    """Whether a refusal is right: half precision in JSON (DTYPE-09), raw BYTES over gRPC (GRPC-RAW-06), and BF16."""
    types = {tensor.datatype for tensor in request.inputs}
    by_json = answer.way in JSON and bool(types & {"FP16", "BF16"})
    return refused(answer.exchange) and (by_json or (answer.way == RAW and "BYTES" in types) or "BF16" in types)


def apart(first: EncodedAnswer, second: EncodedAnswer) -> str | None:
    """Where two answers differ bit for bit, in words; None if they do not, or if one way differs from itself as much.

    A model that adds its floats up in another order each time is no finding as long as the tolerance covers it.
    """
    found = answers_differ(first.outputs, second.outputs)
    if found is None or difference(first.outputs, second.outputs, exact=False) is not None:
        return found
    if _shapes(first.outputs) != _shapes(second.outputs):
        return found
    again = [answers_differ(read(each.again()), each.outputs) for each in (first, second, first, second)]
    return None if any(each is not None for each in again) else found


def _shapes(found: dict[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (tensor.datatype, tensor.shape) for name, tensor in found.items()}
