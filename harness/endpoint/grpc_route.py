"""One model as it is reached over gRPC: its metadata there, a request that it accepts, what it gives back.

Only imported where a gRPC address was given: it needs the extra ``grpc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from harness.check import NoAcceptedRequest, NotApplicable, Untestable
from harness.endpoint.advice import TRIES, unanswered
from harness.endpoint.sequences import advice, asks_for_sequence, in_sequence
from harness.generate.inputs import MAX_ELEMENTS, candidates
from harness.oracles.equality import difference, echoed
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.record.quoting import clip
from harness.wire import protobuf
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest, ModelMetadata
from harness.wire.protobuf import Form
from harness.wire.rpc import GrpcClient
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

Edit = Callable[[Any], object]
"""Changes a ModelInferRequest in place before it is sent."""


@dataclass(frozen=True, slots=True)
class GrpcAccepted:
    """A request that the model answered with OK, the form it had, and that answer."""

    request: InferRequest
    form: Form
    exchange: Exchange


@dataclass(slots=True)
class GrpcModel:
    """A model over gRPC.

    Attributes:
        version: as named by the user; None leaves the field empty.
        metadata: reading of the metadata over gRPC, or None if there was none.
        samples: requests from the policy, tried before generated ones.
        patience: seconds that a first answer may take.
        sequences: whether the server lists the extension sequence.
        elements: most elements of a request that is made for it.
    """

    client: GrpcClient
    name: str
    version: str | None
    metadata_exchange: Exchange
    metadata: ModelMetadata | None
    samples: tuple[InferRequest, ...] = ()
    patience: float = 0.0
    sequences: bool = field(default=False, init=False)
    elements: int = field(default=MAX_ELEMENTS, init=False)
    _accepted: GrpcAccepted | None = field(default=None, init=False)
    _refusals: list[Exchange] = field(default_factory=list, init=False)
    _unanswered: list[Exchange] = field(default_factory=list, init=False)
    _echo: dict[str, str] | None = field(default=None, init=False)
    _steady: bool | None = field(default=None, init=False)
    _batches: dict[int, GrpcAccepted | None] = field(default_factory=dict, init=False)

    def infer(
        self,
        request: InferRequest,
        form: Form = "typed",
        edit: Edit | None = None,
        *,
        timeout: float | None = None,
    ) -> Exchange:
        """Send one inference; ``edit`` changes the message first, ``timeout`` as for :meth:`GrpcClient.call`.

        Raises:
            ValueError: the request has no such form (FP16 typed, an element out of range); nothing was sent.
        """
        message = protobuf.infer_message(self.name, self.version, request, form)
        if edit is not None:
            edit(message)
        # Whoever changes a message says what it is then.
        with meant("valid" if edit is None else "neither"):
            return self.client.call("ModelInfer", message, timeout=timeout)

    def infer_nothing(self) -> Exchange:
        """Send an inference without any input."""
        return self.infer(InferRequest(()))

    @staticmethod
    def form_of(request: InferRequest) -> Form:
        """The first form that a request can have."""
        return next(forms_of(request))

    def accepted(self) -> GrpcAccepted:
        """A request that the model answers with OK, found once: typed contents first, then raw.

        Raises:
            NoAcceptedRequest: none is accepted; the message carries the endpoint's own words.
        """
        if self._accepted is None and not self._refusals and len(self._unanswered) < TRIES:
            self._accepted = self._first(self._tried())
            if self._accepted is None and (self.sequences or asks_for_sequence(self._refusals)):
                self._accepted = self._first(in_sequence(self._tried()))
        if self._accepted is None:
            if not self._refusals and self._unanswered:
                raise Untestable(unanswered(self.name, self._unanswered[-1]))
            if self._unimplemented:
                raise Untestable(
                    f"the gRPC service answers UNIMPLEMENTED for model {self.name!r}: no request would help"
                )
            raise NoAcceptedRequest(self._why_none())
        return self._accepted

    def _tried(self) -> Iterator[InferRequest]:
        """One after another, never all in memory at once."""
        inputs = self.metadata.inputs if self.metadata else ()
        return chain(self.samples, candidates(inputs, most=self.elements))

    @property
    def _unimplemented(self) -> bool:
        """Whether it is the service that is missing, and not a request that the model takes."""
        asked = [self.metadata_exchange, *self._refusals]
        return all(each.rpc is not None and each.rpc.name == "UNIMPLEMENTED" for each in asked)

    def candidates(self, batch: int = 1) -> Iterator[InferRequest]:
        """Valid requests by the metadata, with all but the values of one that the model is known to accept."""
        made = candidates(self.metadata.inputs if self.metadata else (), batch=batch, most=self.elements)
        return made if self._accepted is None else map(self.like, made)

    def like(self, request: InferRequest) -> InferRequest:
        """A request made from the metadata with all but the inputs of the one that the model is known to accept."""
        return request if self._accepted is None else vary(self._accepted.request, inputs=request.inputs)

    def batch(self, rows: int) -> GrpcAccepted:
        """An accepted request whose inputs have ``rows`` in their leading, variable dimension.

        Raises:
            NotApplicable: the metadata gives no leading variable dimension to every input, or the model takes no
                such batch.
        """
        inputs = self.metadata.inputs if self.metadata else ()
        if not inputs or any(not tensor.shape or tensor.shape[0] != -1 for tensor in inputs):
            raise NotApplicable("not every input has a leading variable dimension: no batch to speak of")
        if rows not in self._batches:
            self._batches[rows] = self._first(self.candidates(rows))
        found = self._batches[rows]
        if found is None:
            raise NotApplicable(f"the model takes no batch of {rows}")
        return found

    def echoes(self) -> dict[str, str]:
        """Input -> output, where an output has given back the input's values in two different requests."""
        if self._echo is None:
            pairs: set[tuple[str, str]] | None = None
            for request in self.candidates():
                answer = self.infer(request, self.accepted().form)
                if answer.ok:
                    found = echoed(request, grpc_outputs(answer))
                    pairs = found if pairs is None else pairs & found
            self._echo = dict(sorted(pairs or ()))
        return self._echo

    def steady(self) -> bool:
        """Whether the accepted request, sent twice more, gets the same outputs (floats within the tolerance)."""
        if self._steady is None:
            accepted = self.accepted()
            first = grpc_outputs(accepted.exchange)
            again = [self.infer(accepted.request, accepted.form) for _ in range(2)]
            self._steady = all(difference(grpc_outputs(each), first, exact=False) is None for each in again)
        return self._steady

    @property
    def known(self) -> GrpcAccepted | None:
        """The request that the model has accepted; None while none is known. Sends nothing."""
        return self._accepted

    @property
    def refusals(self) -> tuple[Exchange, ...]:
        """Answers other than OK to the valid requests tried so far."""
        return tuple(self._refusals)

    def _first(self, requests: Any) -> GrpcAccepted | None:  # noqa: ANN401 -- an iterable of requests
        for request in requests:
            for form in forms_of(request):
                try:
                    exchange = self.infer(request, form)
                except ValueError:
                    continue  # a sample with a value that its own data type cannot hold
                if exchange.timed_out:
                    with self.client.budget.allowing(self.patience) as seconds:
                        exchange = self.infer(request, form, timeout=seconds)
                if exchange.rpc is not None and exchange.rpc.code == 0:
                    return GrpcAccepted(request, form, exchange)
                if exchange.timed_out:
                    # Not an answer, and so no refusal: it is asked again when it is needed next.
                    self._unanswered.append(exchange)
                    return None
                self._refusals.append(exchange)
        return None

    def _why_none(self) -> str:
        if not self._refusals:
            return f"model {self.name!r} describes no inputs over gRPC that a request could be made from"
        last = self._refusals[-1]
        if asks_for_sequence(self._refusals):
            return f"{advice(self.name)}; it said: {clip(last.rpc.details, 200) if last.rpc else ''!r}"
        words = (
            f"{last.rpc.name} {clip(last.rpc.details, 200)!r}"
            if last.rpc
            else (last.error.message if last.error else "")
        )
        return f"model {self.name!r} refused every one of {len(self._refusals)} valid gRPC requests: {words}"


def forms_of(request: InferRequest) -> Iterator[Form]:
    """The forms that a request can have: typed only if every data type has a typed field."""
    if all(tensor.datatype in DATATYPES and DATATYPES[tensor.datatype].grpc_field for tensor in request.inputs):
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
