"""Where a fault or variant takes hold of the gRPC side; the right server has every member at its default.

Messages are of the classes of ``schema``, which are untyped. Nothing here imports them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from harness.reference.grpc import contents
from harness.reference.grpc.failed import Failed
from harness.reference.messages import Call
from harness.reference.protocol import raw as raw_contents
from harness.reference.protocol.tensors import Tensor

SERVICE = "inference.GRPCInferenceService"
Method = Callable[[Call, Any, Any], Any]
"""``(call, request, empty response) -> response``, a message or its bytes."""


@dataclass(slots=True)
class Points:
    """In the order in which a call meets them.

    Attributes:
        service: full name of the service.
        missing: methods that are not offered.
        extra: path of a method beside the service -> bytes of its reply.
        before: awaited before a call is handled.
        received: edit the bytes of a request.
        damaged: answers bytes that are no message; raises Failed, or returns the bytes of a reply.
        requests: edit the request message; may raise Failed or Refusal.
        methods: name of a method -> what answers in place of the operation.
        decode_typed, decode_raw, encode_typed, encode_raw: between tensors and messages.
        inputs: edit each input tensor.
        outputs: edit the output tensors.
        raw: ``(request was raw, outputs) -> reply is raw``; outputs of FP16 are raw whatever it says.
        replies: edit the reply message, in place or by returning another message or bytes.
        sent: edit the bytes of a reply.
        streams: wrap the requests of a stream.
        streamed: ``(answer, words of a refusal) -> messages`` of a stream, in place of Triton's layout.
        failures: ``(call, failure, empty response) -> failure``, or a message to send with OK instead.
        trailers: metadata at the end of every call.
    """

    service: str = SERVICE
    missing: set[str] = field(default_factory=set)
    extra: dict[str, bytes] = field(default_factory=dict)
    before: list[Callable[[Call], Awaitable[None]]] = field(default_factory=list)
    received: list[Callable[[Call, bytes], bytes]] = field(default_factory=list)
    damaged: Callable[[Call], bytes] | None = None
    requests: list[Callable[[Call, Any], None]] = field(default_factory=list)
    methods: dict[str, Method] = field(default_factory=dict)
    decode_typed: Callable[[str, str, list[int], Any], Tensor] = contents.decode_typed
    decode_raw: Callable[[str, str, list[int], bytes], Tensor] = raw_contents.decode_raw
    encode_typed: Callable[[Tensor, Any], None] = contents.encode_typed
    encode_raw: Callable[[Tensor], bytes] = raw_contents.encode_raw
    inputs: list[Callable[[Tensor], Tensor]] = field(default_factory=list)
    outputs: list[Callable[[Call, list[Tensor]], list[Tensor]]] = field(default_factory=list)
    raw: Callable[[bool, list[Tensor]], bool] = lambda raw, _: raw
    replies: list[Callable[[Call, Any], Any]] = field(default_factory=list)
    sent: list[Callable[[Call, bytes], bytes]] = field(default_factory=list)
    streams: list[Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]] = field(default_factory=list)
    streamed: Callable[[bytes, str], list[bytes]] | None = None
    failures: list[Callable[[Call, Failed, Any], Any]] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    # What is taken although the right server refuses it; ``mixture``: "both" forms of an input, or one form "each".
    mixture: str = ""
    any_raw_count: bool = False
    any_datatype: bool = False
    any_shape: bool = False
    any_parameter: bool = False
    unknown_inputs: bool = False
    repeated_inputs: bool = False
    missing_inputs: bool = False
    unknown_outputs: bool = False

    def on(self, *ops: str) -> Callable[[Callable[[Call, Any], Any]], None]:
        """Register an edit of the reply message of the operations ``ops``, which are named as over REST."""

        def register(edit: Callable[[Call, Any], Any]) -> None:
            self.replies.append(lambda call, message: edit(call, message) if call.op in ops else None)

        return register

    def asked(self, *ops: str) -> Callable[[Callable[[Call, Any], None]], None]:
        """Register an edit of the request message of the operations ``ops``."""

        def register(edit: Callable[[Call, Any], None]) -> None:
            self.requests.append(lambda call, message: edit(call, message) if call.op in ops else None)

        return register
