"""A model over REST: JSON as the protocol has it, what a model may insist on beyond, answers to invalid requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from harness.endpoint.route import Accepted, Attempt, Route
from harness.generate.mutations import Mutation
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.record.quoting import clip, clip_bytes
from harness.wire import strictjson
from harness.wire.binary import LENGTH_HEADER, NotBinary, binary_request, read_binary_reply
from harness.wire.messages import InferRequest, read_outputs
from harness.wire.rest import RestClient, json_of
from harness.wire.tensor import Tensor
from harness.wire.varied import all_binary, vary

NESTED = "nested data"
# Bytes of mistakes and their answers that are kept for the checks that look at them later.
MISTAKES_BYTES = 32 << 20


@dataclass(slots=True)
class RestRoute(Route[Accepted]):
    """A model over REST; ``version`` is that of the paths that work.

    Attributes:
        requires: what the protocol leaves to the client, but the model was seen to insist on: optional members, or
            the nested spelling of data.
        binary: whether the server lists the extension of binary tensors.
    """

    transport = "rest"
    title = "REST"

    client: RestClient
    requires: str | None = field(default=None, init=False)
    binary: bool = field(default=False, init=False)
    _mistakes: dict[bytes, Exchange] = field(default_factory=dict, init=False)
    _mistakes_bytes: int = field(default=0, init=False)

    def infer(self, request: InferRequest | bytes, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """Send one inference as it is, or as flat JSON; ``fresh`` and ``timeout`` as for :meth:`RestClient.send`."""
        return self.client.infer(self.name, request, self.version, fresh=fresh, timeout=timeout)

    def ask(self, request: InferRequest, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """Send one inference, nested where the model insists on it; a large one in binary, for a binary answer."""
        if request.is_large and self.binary:
            made = binary_request(all_binary(request))
            with meant("valid"):
                return self.client.infer(self.name, made.body, self.version, made.headers, fresh=fresh, timeout=timeout)
        body = self.body_of(request) if self.requires == NESTED else request
        return self.infer(body, fresh=fresh, timeout=timeout)

    def body_of(self, request: InferRequest) -> bytes:
        """The bytes of a request, nested where the model insists on it."""
        return request.to_bytes(nested=self.requires == NESTED)

    def known_body(self) -> bytes:
        """The bytes of the request that the model has accepted; empty while none is known."""
        return b"" if self._accepted is None else self.body_of(self._accepted.request)

    def outputs(self, exchange: Exchange) -> dict[str, Tensor]:
        """The outputs in JSON, or in binary where those were asked for."""
        if exchange.header(LENGTH_HEADER) is None:
            return outputs_of(exchange)
        try:
            return dict(read_binary_reply(exchange).outputs)
        except NotBinary:
            return {}

    def request_id(self, exchange: Exchange) -> object:
        """The member ``id``."""
        try:
            value = json_of(exchange).value
        except strictjson.NotJson:
            return None
        return value.get("id") if isinstance(value, dict) else None

    def mistake(self, mutation: Mutation) -> Exchange:
        """The answer to an invalid request; sent once, whichever checks look at it, unless the answers grow too large.

        Kept by its bytes: a mutation of the same name made from another valid request is another one.
        """
        key = hashlib.sha256(mutation.body).digest()
        if key in self._mistakes:
            return self._mistakes[key]
        exchange = self.send_mistake(mutation)
        self._mistakes_bytes += len(exchange.request_body) + len(exchange.response_body)
        if self._mistakes_bytes <= MISTAKES_BYTES:
            self._mistakes[key] = exchange
        return exchange

    def send_mistake(self, mutation: Mutation) -> Exchange:
        """Send an invalid request, and keep nothing of it."""
        # What the protocol has no way to forbid is no invalid message.
        with meant("neither" if mutation.permitted else "invalid"):
            return self.client.infer(self.name, mutation.body, self.version)

    def is_known(self, mutation: Mutation) -> bool:
        """Whether the answer to an invalid request is kept."""
        return hashlib.sha256(mutation.body).digest() in self._mistakes

    def forget_mistakes(self) -> None:
        """Let every invalid request be sent anew."""
        self._mistakes.clear()
        self._mistakes_bytes = 0

    def _attempts(self, request: InferRequest) -> Iterator[Attempt[Accepted]]:
        yield lambda seconds: Accepted(request, self.ask(request, timeout=seconds))

    def _taken(self, exchange: Exchange) -> bool:
        # A 200 whose body does not come whole is no refusal: what is wrong with it is for checks to say.
        return exchange.status is not None and 200 <= exchange.status < 300

    def _search_further(self) -> Accepted | None:
        """Whether the requests were refused only for what the protocol leaves to the client."""
        outputs = tuple(tensor.name for tensor in self.metadata.outputs) if self.metadata else ()
        for request in (*self.samples[:1], *islice(self._made(), 1)):
            if request.is_large:
                continue  # in binary there is no other spelling
            whole = vary(replace(request, id="1"), parameters={})
            whole = whole if whole.outputs is not None or not outputs else vary(whole, outputs=outputs)
            for insisted, tried, body in (
                ("id", replace(request, id="1"), None),
                ("id, parameters or outputs", whole, None),
                (NESTED, request, request.to_bytes(nested=True)),
            ):
                exchange = self.infer(body or tried)
                if exchange.ok:
                    self.requires = insisted
                    return Accepted(tried, exchange)
        return None

    def _words(self, exchange: Exchange) -> str:
        """Status and error member, or why there was no answer."""
        if exchange.status is None:
            return exchange.error.message if exchange.error else "no answer"
        try:
            value = json_of(exchange).value
        except (strictjson.NotJson, strictjson.TooMuch):
            value = clip_bytes(exchange.response_body, 200)
        text = value.get("error", value) if isinstance(value, dict) else value
        return f"{exchange.status} {clip(str(text), 200)!r}"


def outputs_of(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of an answer in JSON by name; empty where there are none that can be read."""
    try:
        return read_outputs(json_of(exchange).value)
    except strictjson.NotJson:
        return {}
