"""A route: one model over one transport. What the run, the checks and the load ask of it, whichever transport it is.

A transport is a client (:mod:`harness.wire.client`) and a subclass of :class:`Route`; the contract that each of them
keeps is tested in ``tests/harness/endpoint/test_route_contract.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import ClassVar, Generic, Self, TypeVar

from harness.check import NoAcceptedRequest, NotApplicable, Untestable
from harness.endpoint.advice import TRIES, out_of_time, unanswered
from harness.endpoint.sequences import advice, asks_for_sequence, in_sequence
from harness.generate.inputs import MAX_ELEMENTS, candidates, coded, fewest
from harness.generate.telling import few_of_each_kind
from harness.oracles.equality import difference, echoed
from harness.record.exchange import Exchange, Transport
from harness.wire.client import Client
from harness.wire.messages import InferRequest, ModelMetadata
from harness.wire.tensor import Tensor, is_large
from harness.wire.varied import vary

# Enough rows for mistakes that only show in larger batches.
MANY_ROWS = 40


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that the model answered well, and that answer."""

    request: InferRequest
    exchange: Exchange


A_co = TypeVar("A_co", bound=Accepted, covariant=True)
Attempt = Callable[[float | None], A_co]
"""Sends a request once, within so many seconds."""


@dataclass(slots=True)
class Route(ABC, Generic[A_co]):
    """A model over one transport.

    Attributes:
        name: of the model.
        version: that requests name; None where they name none.
        metadata: tolerant reading of the metadata over this transport, or None if there was none.
        samples: requests from the policy, tried before generated ones.
        patience: seconds that a first answer may take.
        sequences: whether the server lists the extension sequence.
        sequence_only: whether the model was seen to take nothing outside of a sequence.
        elements: most elements of a request that is made for it.
    """

    transport: ClassVar[Transport]
    # The transport for people, and what tells its requests from those of REST in a sentence.
    title: ClassVar[str]
    over: ClassVar[str] = ""

    client: Client
    name: str
    version: str | None
    metadata_exchange: Exchange
    metadata: ModelMetadata | None
    samples: tuple[InferRequest, ...] = ()
    patience: float = 0.0
    sequences: bool = field(default=False, init=False)
    sequence_only: bool = field(default=False, init=False)
    elements: int = field(default=MAX_ELEMENTS, init=False)
    _accepted: A_co | None = field(default=None, init=False)
    _refusals: list[Exchange] = field(default_factory=list, init=False)
    _unanswered: list[Exchange] = field(default_factory=list, init=False)
    _batches: dict[int, A_co | None] = field(default_factory=dict, init=False)
    _echo: dict[str, str] | None = field(default=None, init=False)
    _steady: bool | None = field(default=None, init=False)

    @abstractmethod
    def ask(self, request: InferRequest, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """Send an inference in the form that the model was seen to take; in the plainest that there is until then.

        Args:
            fresh: over a connection of its own.
            timeout: seconds for the whole exchange, if less than the budget grants.

        Raises:
            ValueError: the request has no such form; nothing was sent.
        """

    @abstractmethod
    def outputs(self, exchange: Exchange) -> dict[str, Tensor]:
        """The outputs of an answer by name; empty where there are none that can be read."""

    @abstractmethod
    def request_id(self, exchange: Exchange) -> object:
        """The id in an answer, or None."""

    @abstractmethod
    def _attempts(self, request: InferRequest) -> Iterator[Attempt[A_co]]:
        """Ways to send the request, the plainest form first."""

    @abstractmethod
    def _taken(self, exchange: Exchange) -> bool:
        """Whether the model took the request, whatever the answer is worth."""

    @abstractmethod
    def _words(self, exchange: Exchange) -> str:
        """What the endpoint said, shortened."""

    def _search_further(self) -> A_co | None:
        """A request that is accepted only with what the protocol leaves to the client."""
        return None

    def _hopeless(self) -> str:
        """Why no request at all would help, where that is so."""
        return ""

    def at(self, version: str | None) -> Self:
        """The same with another version named; what is known of the model stays."""
        other = copy(self)
        other.version = version
        return other

    def by(self, client: Client) -> Self:
        """The same, asked by another client of its transport; what is known of the model stays."""
        other = copy(self)
        other.client = client
        return other

    def ready(self) -> Exchange:
        """Ask whether the model is ready."""
        return self.client.model_ready(self.name, self.version)

    def read_metadata(self) -> Exchange:
        """Ask for the metadata of the model anew."""
        return self.client.model_metadata(self.name, self.version)

    def forget_mistakes(self) -> None:
        """Let every invalid request whose answer is kept be sent anew."""
        return

    def accepted(self) -> A_co:
        """A request that the model answers well, found once: samples first, then generated candidates.

        Raises:
            NoAcceptedRequest: none is accepted; the message carries the endpoint's own words.
            Untestable: no valid request is answered at all.
        """
        if self._accepted is None and not self._refusals and len(self._unanswered) < TRIES:
            self._accepted = self._search()
        if self._accepted is None:
            if not self._refusals and self._unanswered:
                raise Untestable(unanswered(self.name, self._unanswered[-1]))
            if why := self._hopeless():
                raise Untestable(why)
            raise NoAcceptedRequest(self._why_none())
        return self._accepted

    @property
    def known(self) -> A_co | None:
        """The request that the model has accepted; None while none is known. Sends nothing."""
        return self._accepted

    @property
    def refusals(self) -> tuple[Exchange, ...]:
        """Answers by which the model refused valid requests so far."""
        return tuple(self._refusals)

    def first_answer(self) -> Exchange:
        """The answer to the accepted request, or to the first that was refused.

        Raises:
            Untestable: there is nothing to send.
        """
        try:
            return self.accepted().exchange
        except Untestable:
            if not self._refusals:
                raise
            return self._refusals[0]

    def candidates(self, batch: int = 1) -> Iterator[InferRequest]:
        """Valid requests by the metadata, with all but the values of one that the model is known to accept."""
        made = self._made(batch)
        return made if self._accepted is None else map(self.like, made)

    def like(self, request: InferRequest) -> InferRequest:
        """A request made from the metadata with all but the inputs of the one that the model is known to accept."""
        return request if self._accepted is None else vary(self._accepted.request, inputs=request.inputs)

    def batch(self, rows: int) -> A_co:
        """An accepted request whose inputs have ``rows`` in their leading, variable dimension.

        Raises:
            NotApplicable: the metadata gives no leading variable dimension to every input, or the model takes no
                such batch.
        """
        inputs = self.metadata.inputs if self.metadata else ()
        if not inputs or any(not tensor.shape or tensor.shape[0] != -1 for tensor in inputs):
            raise NotApplicable("not every input has a leading variable dimension: no batch to speak of")
        if (least := fewest(inputs, batch=rows)) > self.elements:
            name = "raw_elements" if is_large(fewest(inputs)) else "elements"
            told = f"a batch of {rows} would have {least} elements, and {self.elements} are the limit"
            raise NotApplicable(f"{told}: raise it with [limits] {name} in the policy")
        if rows not in self._batches:
            self._batches[rows] = self._first(self.candidates(rows), [], [])
        found = self._batches[rows]
        if found is None:
            # A limit of the model's own, as far as can be seen: refusing larger batches is right (BATCH-04).
            raise NotApplicable(f"the model takes no batch of {rows}")
        return found

    def steady(self) -> bool:
        """Whether the accepted request, sent twice more, gets the same outputs (floats within the tolerance).

        The answer that comes first after another request may be spoilt by that one, which is for checks to find. Where
        it alone differs, five in a row decide.
        """
        if self._steady is None:
            accepted = self.accepted().exchange
            first, again = self._asked_again(), self._asked_again()
            alike = [self._is_accepted(first), self._is_accepted(again)]
            if alike == [False, True] and first.n > accepted.n + 1:
                alike = [self._is_accepted(self._asked_again()) for _ in range(4)]
            self._steady = all(alike)
        return self._steady

    def _asked_again(self) -> Exchange:
        return self.ask(self.accepted().request)

    def _is_accepted(self, exchange: Exchange) -> bool:
        due = self.outputs(self.accepted().exchange)
        return difference(self.outputs(exchange), due, exact=False) is None

    def echoes(self) -> dict[str, str]:
        """Input -> output, where an output has given back the input's values in two different requests.

        Of very many inputs, a few of each kind: others are treated as those are. Whether a model is an echo is seen,
        never assumed; an empty mapping says that it is none.
        """
        if self._echo is None:
            pairs: set[tuple[str, str]] | None = None
            looked_at: set[str] = set()
            for request in chain(self.candidates(), self._coded()):
                answer = self.ask(request)
                if answer.ok:
                    found = echoed(request, self.outputs(answer))
                    pairs = found if pairs is None else pairs & found
                    looked_at = {each.name for each in few_of_each_kind(request.inputs)}
            self._echo = {name: output for name, output in sorted(pairs or ()) if name in looked_at}
        return self._echo

    def _made(self, batch: int = 1) -> Iterator[InferRequest]:
        """Valid requests by the metadata alone."""
        return candidates(self.metadata.inputs if self.metadata else (), batch=batch, most=self.elements)

    def _coded(self) -> Iterator[InferRequest]:
        """Requests that tell each of very many inputs from every other."""
        return map(self.like, coded(self.metadata.inputs if self.metadata else (), most=self.elements))

    def _tried(self) -> Iterator[InferRequest]:
        """One after another, never all in memory at once."""
        return chain(self.samples, self._made())

    def _why_none(self) -> str:
        if not self._refusals:
            return f"model {self.name!r} describes no inputs{self.over} that a request could be made from"
        said = self._words(self._refusals[-1])
        if asks_for_sequence(self._refusals):
            return f"{advice(self.name)}; it said: {said}"
        kind = f"valid {self.title} requests" if self.over else "valid requests"
        return f"model {self.name!r} refused every one of {len(self._refusals)} {kind}: {said}"

    def _search(self) -> A_co | None:
        silences = len(self._unanswered)
        found = self._first(self._tried(), self._refusals, self._unanswered)
        if found is not None or len(self._unanswered) > silences:
            return found
        if self.sequences or asks_for_sequence(self._refusals):
            found = self._in_sequence(self._tried())
        # Not every refusal says what is wanted: the plainest request is tried as a sequence of its own in any case.
        return found or self._search_further() or self._in_sequence(islice(self._tried(), 1))

    def _in_sequence(self, requests: Iterable[InferRequest]) -> A_co | None:
        found = self._first(in_sequence(requests), [], [])
        self.sequence_only = found is not None
        return found

    def _first(self, requests: Iterable[InferRequest], refusals: list[Exchange], silent: list[Exchange]) -> A_co | None:
        """The first of the requests that is taken, in the first form; what comes of others is added to the lists."""
        for request in requests:
            for attempt in self._attempts(request):
                found = attempt(None)
                if out_of_time(found.exchange):
                    with self.client.budget.allowing(self.patience) as seconds:
                        found = attempt(seconds)
                if self._taken(found.exchange):
                    return found
                if out_of_time(found.exchange) and not _refused(found.exchange):
                    # Not an answer, and so no refusal: it is asked again when it is needed next.
                    silent.append(found.exchange)
                    return None
                refusals.append(found.exchange)
        return None


AnyRoute = Route[Accepted]


def with_id(request: InferRequest, request_id: str | None) -> InferRequest:
    """The same request with another id."""
    return replace(request, id=request_id)


def _refused(exchange: Exchange) -> bool:
    """Whether an answer began by which the request was refused."""
    return exchange.status is not None and exchange.status >= 300
