"""A model over gRPC: typed or raw contents, messages that can be edited before they are sent.

Only imported where a gRPC address was given: it needs the extra ``grpc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.endpoint.route import Accepted, Attempt, Route
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.record.quoting import clip
from harness.wire import protobuf
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.protobuf import Form
from harness.wire.rpc import GrpcClient
from harness.wire.tensor import Tensor

Edit = Callable[[Any], object]
"""Changes a ModelInferRequest in place before it is sent."""


@dataclass(frozen=True, slots=True)
class GrpcAccepted(Accepted):
    """A request that the model answered with OK, that answer, and the form that the request had."""

    form: Form


@dataclass(slots=True)
class GrpcRoute(Route[GrpcAccepted]):
    """A model over gRPC; ``version`` is that which the user named, and None leaves the field empty."""

    transport = "grpc"
    title = "gRPC"
    over = " over gRPC"

    client: GrpcClient

    def infer(
        self,
        request: InferRequest,
        form: Form = "typed",
        edit: Edit | None = None,
        *,
        fresh: bool = False,
        timeout: float | None = None,
    ) -> Exchange:
        """Send one inference; ``edit`` changes the message first, ``timeout`` as for :meth:`GrpcClient.call`.

        Raises:
            ValueError: the request has no such form (FP16 typed, an element out of range); nothing was sent.
        """
        message = self.message(request, form)
        if edit is not None:
            edit(message)
        # Whoever changes a message says what it is then.
        with meant("valid" if edit is None else "neither"):
            return self._call(message, timeout, fresh=fresh)

    def ask(self, request: InferRequest, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """Send one inference in the form that was accepted, else in the first that the request can have."""
        form = next(forms_of(request)) if self._accepted is None else self._accepted.form
        return self.infer(request, form, fresh=fresh, timeout=timeout)

    @property
    def other_form(self) -> Form | None:
        """A form that the accepted request did not have; None where it has no other. Raw while none is known."""
        if self._accepted is None:
            return "raw"
        return next((form for form in forms_of(self._accepted.request) if form != self._accepted.form), None)

    def message(self, request: InferRequest, form: Form) -> Any:  # noqa: ANN401 -- a generated message
        """The ModelInferRequest of a request.

        Raises:
            ValueError: the request has no such form.
        """
        return protobuf.infer_message(self.name, self.version, request, form)

    def outputs(self, exchange: Exchange) -> dict[str, Tensor]:
        """The outputs in either form."""
        return grpc_outputs(exchange)

    def request_id(self, exchange: Exchange) -> object:
        """The field ``id``, where it is not empty."""
        if not exchange.ok:
            return None
        try:
            return protobuf.parsed("ModelInfer", exchange.response_body).id or None
        except protobuf.NotAMessage:
            return None

    def _call(self, message: Any, timeout: float | None, *, fresh: bool = False) -> Exchange:  # noqa: ANN401
        return self.client.call("ModelInfer", message, timeout=timeout, fresh=fresh)

    def _attempts(self, request: InferRequest) -> Iterator[Attempt[GrpcAccepted]]:
        for form in forms_of(request):
            try:
                message = self.message(request, form)
            except ValueError:
                continue  # a sample with a value that its own data type cannot hold
            yield partial(self._attempt, request, form, message)

    def _attempt(self, request: InferRequest, form: Form, message: Any, timeout: float | None) -> GrpcAccepted:  # noqa: ANN401
        with meant("valid"):
            return GrpcAccepted(request, self._call(message, timeout), form)

    def _taken(self, exchange: Exchange) -> bool:
        return exchange.rpc is not None and exchange.rpc.code == 0

    def _hopeless(self) -> str:
        # It may be the service that is missing, and not a request that the model takes.
        asked = [self.metadata_exchange, *self._refusals]
        if all(each.rpc is not None and each.rpc.name == "UNIMPLEMENTED" for each in asked):
            return f"the gRPC service answers UNIMPLEMENTED for model {self.name!r}: no request would help"
        return ""

    def _words(self, exchange: Exchange) -> str:
        if exchange.rpc is not None:
            return f"{exchange.rpc.name} {clip(exchange.rpc.details, 200)!r}"
        return exchange.error.message if exchange.error else ""


def forms_of(request: InferRequest) -> Iterator[Form]:
    """The forms that a request can have: typed only if it is not too large, and every data type has a typed field."""
    typed = (tensor.datatype in DATATYPES and DATATYPES[tensor.datatype].grpc_field for tensor in request.inputs)
    if not request.is_large and all(typed):
        yield "typed"
    yield "raw"


def grpc_outputs(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of an answer by name, in either form; empty where there are none that can be read."""
    if exchange.rpc is None or exchange.rpc.code != 0:
        return {}
    try:
        return protobuf.read_infer_outputs(protobuf.parsed("ModelInfer", exchange.response_body))
    except protobuf.NotAMessage:
        return {}
