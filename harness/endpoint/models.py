"""One model under test: its address, its metadata as first read, and a request that it accepts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from harness.check import NoAcceptedRequest, NotApplicable, Untestable
from harness.endpoint.advice import TRIES, unanswered
from harness.endpoint.memory import Memory
from harness.endpoint.sequences import advice, asks_for_sequence, in_sequence
from harness.generate.inputs import MAX_ELEMENTS, candidates
from harness.generate.mutations import Mutation
from harness.oracles.equality import difference, echoed
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.record.quoting import clip, clip_bytes
from harness.wire import strictjson
from harness.wire.messages import InferRequest, ModelMetadata, read_outputs
from harness.wire.rest import RestClient, json_of
from harness.wire.tensor import Tensor
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcModel

NESTED = "nested data"
# Enough rows for mistakes that only show in larger batches.
MANY_ROWS = 40
# Bytes of mistakes and their answers that are kept for the checks that look at them later.
MISTAKES_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request body that the model answered with 200, and that answer."""

    request: InferRequest
    exchange: Exchange


@dataclass(slots=True)
class ModelUnderTest:
    """A model as addressed by the run; methods that take a REST client need REST.

    Attributes:
        name: as in the path, not yet percent-encoded.
        version: the version named by the user, else None.
        address: the version in the paths that work (``None`` where the unversioned paths do).
        metadata: tolerant reading of the metadata, or None if there was none.
        samples: requests from the policy, tried before generated ones.
        named: whether the user asked for this model by name.
        requires: what the protocol leaves to the client, but the model was seen to insist on: optional members, or
            the nested spelling of data.
        grpc: the same model over gRPC, where an address was given.
        sequences: whether the server lists the extension sequence.
        sequence_only: whether the model was seen to take nothing outside of a sequence.
        memory: what a check keeps for one that runs later.
        patience: seconds that a first answer may take.
        takes: seconds that an inference was seen to take, over each transport.
        elements: most elements of a request that is made for it.
        beyond: why it is not probed; empty where it is. ``mend`` is what the policy may say against it.
        called: its id, where its name is no other's only with more.
    """

    name: str
    version: str | None
    address: str | None
    metadata_exchange: Exchange
    metadata: ModelMetadata | None
    samples: tuple[InferRequest, ...] = ()
    named: bool = False
    grpc: GrpcModel | None = None
    requires: str | None = field(default=None, init=False)
    sequences: bool = field(default=False, init=False)
    sequence_only: bool = field(default=False, init=False)
    memory: Memory = field(default_factory=Memory, init=False)
    patience: float = field(default=0.0, init=False)
    takes: list[float] = field(default_factory=list, init=False)
    elements: int = field(default=MAX_ELEMENTS, init=False)
    beyond: str = field(default="", init=False)
    mend: str = field(default="", init=False)
    called: str = field(default="", init=False)
    _accepted: Accepted | None = field(default=None, init=False)
    _refusals: list[Exchange] = field(default_factory=list, init=False)
    _unanswered: list[Exchange] = field(default_factory=list, init=False)
    _batches: dict[int, Accepted | None] = field(default_factory=dict, init=False)
    _mistakes: dict[bytes, Exchange] = field(default_factory=dict, init=False)
    _mistakes_bytes: int = field(default=0, init=False)
    _echo: dict[str, str] | None = field(default=None, init=False)
    _steady: bool | None = field(default=None, init=False)

    @property
    def id(self) -> str:
        """How the model is called in node ids and in the report."""
        return self.called or (f"{self.name}:{self.version}" if self.version else self.name)

    def infer(
        self,
        client: RestClient,
        request: InferRequest | bytes,
        *,
        fresh: bool = False,
        timeout: float | None = None,
    ) -> Exchange:
        """Send one inference to the address that works; ``fresh`` and ``timeout`` as for :meth:`RestClient.send`."""
        return client.infer(self.name, request, self.address, fresh=fresh, timeout=timeout)

    def accepted(self, client: RestClient) -> Accepted:
        """A request that the model answers with 200, found once: samples first, then generated candidates.

        Raises:
            NoAcceptedRequest: none is accepted; the message carries the endpoint's own words.
        """
        if self._accepted is None and not self._refusals and len(self._unanswered) < TRIES:
            self._accepted = self._search(client)
        if self._accepted is None:
            if not self._refusals and self._unanswered:
                raise Untestable(unanswered(self.name, self._unanswered[-1]))
            raise NoAcceptedRequest(self._why_none())
        return self._accepted

    def candidates(self, batch: int = 1) -> Iterator[InferRequest]:
        """Valid requests by the metadata, with all but the values of one that the model is known to accept."""
        made = self._made(batch)
        return made if self._accepted is None else map(self.like, made)

    def like(self, request: InferRequest) -> InferRequest:
        """A request made from the metadata with all but the inputs of the one that the model is known to accept."""
        return request if self._accepted is None else vary(self._accepted.request, inputs=request.inputs)

    def batch(self, client: RestClient, rows: int) -> Accepted:
        """An accepted request whose inputs have ``rows`` in their leading, variable dimension.

        Raises:
            NotApplicable: the metadata gives no leading variable dimension to every input, or the model takes no
                such batch.
        """
        inputs = self.metadata.inputs if self.metadata else ()
        if not inputs or any(not tensor.shape or tensor.shape[0] != -1 for tensor in inputs):
            raise NotApplicable("not every input has a leading variable dimension: no batch to speak of")
        if rows not in self._batches:
            self._batches[rows] = None
            for request in self.candidates(rows):
                exchange = self.infer(client, request)
                # A 200 whose body does not come whole is no refusal: what is wrong with it is for checks to say.
                if exchange.status == 200:
                    self._batches[rows] = Accepted(request, exchange)
                    break
        found = self._batches[rows]
        if found is None:
            # A limit of the model's own, as far as can be seen: refusing larger batches is right (BATCH-04).
            raise NotApplicable(f"the model takes no batch of {rows}")
        return found

    def steady(self, client: RestClient) -> bool:
        """Whether the accepted request, sent twice more, gets the same outputs (floats within the tolerance)."""
        if self._steady is None:
            accepted = self.accepted(client)
            again = [self.infer(client, accepted.request) for _ in range(2)]
            first = outputs_of(accepted.exchange)
            self._steady = all(difference(outputs_of(each), first, exact=False) is None for each in again)
        return self._steady

    def mistake(self, client: RestClient, mutation: Mutation) -> Exchange:
        """The answer to an invalid request; sent once, whichever checks look at it, unless the answers grow too large.

        Kept by its bytes: a mutation of the same name made from another valid request is another one.
        """
        key = hashlib.sha256(mutation.body).digest()
        if key in self._mistakes:
            return self._mistakes[key]
        exchange = self.send_mistake(client, mutation)
        self._mistakes_bytes += len(exchange.request_body) + len(exchange.response_body)
        if self._mistakes_bytes <= MISTAKES_BYTES:
            self._mistakes[key] = exchange
        return exchange

    def send_mistake(self, client: RestClient, mutation: Mutation) -> Exchange:
        """Send an invalid request, and keep nothing of it."""
        # What the protocol has no way to forbid is no invalid message.
        with meant("neither" if mutation.permitted else "invalid"):
            return client.infer(self.name, mutation.body, self.address)

    def is_known(self, mutation: Mutation) -> bool:
        """Whether the answer to an invalid request is kept."""
        return hashlib.sha256(mutation.body).digest() in self._mistakes

    def forget_mistakes(self) -> None:
        """Let every invalid request be sent anew."""
        self._mistakes.clear()
        self._mistakes_bytes = 0

    def echoes(self, client: RestClient) -> dict[str, str]:
        """Input -> output, where an output has given back the input's values in two different requests.

        Whether a model is an echo is seen, never assumed; an empty mapping says that it is none.
        """
        if self._echo is None:
            pairs: set[tuple[str, str]] | None = None
            for request in self.candidates():
                answer = self.infer(client, request)
                if answer.ok:
                    found = echoed(request, outputs_of(answer))
                    pairs = found if pairs is None else pairs & found
            self._echo = dict(sorted(pairs or ()))
        return self._echo

    def first_answer(self, client: RestClient) -> Exchange:
        """The answer to the accepted request, or to the first that was refused.

        Raises:
            Untestable: there is nothing to send.
        """
        try:
            return self.accepted(client).exchange
        except Untestable:
            if not self._refusals:
                raise
            return self._refusals[0]

    @property
    def known_request(self) -> InferRequest | None:
        """The request that the model has accepted; None while none is known. Sends nothing."""
        return self._accepted.request if self._accepted is not None else None

    def known_body(self) -> bytes:
        """Its bytes, as they were accepted; empty while none is known."""
        known = self.known_request
        return b"" if known is None else known.to_bytes(nested=self.requires == NESTED)

    @property
    def refusals(self) -> tuple[Exchange, ...]:
        """Answers other than 200 to the requests tried so far."""
        return tuple(self._refusals)

    def _search(self, client: RestClient) -> Accepted | None:
        for request in self._tried():
            exchange = self.infer(client, request)
            if exchange.timed_out:
                with client.budget.allowing(self.patience) as seconds:
                    exchange = self.infer(client, request, timeout=seconds)
            if exchange.timed_out and exchange.status is None:
                # Not an answer, and so no refusal: it is asked again when it is needed next.
                self._unanswered.append(exchange)
                return None
            if exchange.status is not None and 200 <= exchange.status < 300:
                return Accepted(request, exchange)
            self._refusals.append(exchange)
        return self._search_in_sequence(client) or self._search_with_more(client)

    def _tried(self) -> Iterator[InferRequest]:
        """One after another, never all in memory at once."""
        return chain(self.samples, self._made())

    def _made(self, batch: int = 1) -> Iterator[InferRequest]:
        """Valid requests by the metadata alone."""
        return candidates(self.metadata.inputs if self.metadata else (), batch=batch, most=self.elements)

    def _search_in_sequence(self, client: RestClient) -> Accepted | None:
        """Whether the requests were refused only for standing outside of a sequence."""
        if not self.sequences and not asks_for_sequence(self._refusals):
            return None
        for request in in_sequence(self._tried()):
            exchange = self.infer(client, request)
            if exchange.status is not None and 200 <= exchange.status < 300:
                self.sequence_only = True
                return Accepted(request, exchange)
        return None

    def _search_with_more(self, client: RestClient) -> Accepted | None:
        """Whether the requests were refused only for what the protocol leaves to the client."""
        outputs = tuple(tensor.name for tensor in self.metadata.outputs) if self.metadata else ()
        for request in (*self.samples[:1], *islice(self._made(), 1)):
            whole = vary(replace(request, id="1"), parameters={})
            whole = whole if whole.outputs is not None or not outputs else vary(whole, outputs=outputs)
            for insisted, tried in (("id", replace(request, id="1")), ("id, parameters or outputs", whole)):
                exchange = self.infer(client, tried)
                if exchange.ok:
                    self.requires = insisted
                    return Accepted(tried, exchange)
            exchange = client.infer(self.name, request.to_bytes(nested=True), self.address)
            if exchange.ok:
                self.requires = NESTED
                return Accepted(request, exchange)
        return None

    def _why_none(self) -> str:
        if not self._refusals:
            return f"model {self.name!r} describes no inputs that a request could be made from"
        last = self._refusals[-1]
        if asks_for_sequence(self._refusals):
            return f"{advice(self.name)}; it said: {_words(last)}"
        return f"model {self.name!r} refused every one of {len(self._refusals)} valid requests: {_words(last)}"


def outputs_of(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of an answer by name; empty where there are none that can be read."""
    try:
        return read_outputs(json_of(exchange).value)
    except strictjson.NotJson:
        return {}


def with_id(request: InferRequest, request_id: str | None) -> InferRequest:
    """The same request with another id."""
    return replace(request, id=request_id)


def _words(exchange: Exchange) -> str:
    """What the endpoint said, shortened: status and error member, or why there was no answer."""
    if exchange.status is None:
        return exchange.error.message if exchange.error else "no answer"
    try:
        value = json_of(exchange).value
    except (strictjson.NotJson, strictjson.TooMuch):
        value = clip_bytes(exchange.response_body, 200)
    text = value.get("error", value) if isinstance(value, dict) else value
    return f"{exchange.status} {clip(str(text), 200)!r}"
