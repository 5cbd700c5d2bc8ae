"""Routes to a model, over either transport and to any version, and requests whose answers alone are known."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from harness.check import NotApplicable, Untestable
from harness.endpoint.models import NESTED, outputs_of
from harness.generate.distinct import distinct
from harness.generate.mutations import Mutation, mutations
from harness.oracles.equality import difference
from harness.oracles.isolation import differs
from harness.probing.grpc_replies import infer_reply
from harness.probing.grpc_replies import outputs as grpc_outputs
from harness.probing.replies import object_or_none, refused
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.pace import Pace
from harness.wire.tensor import Tensor

if TYPE_CHECKING:
    from harness.probing.probe import Probe

Transport = Literal["rest", "grpc"]
# Seconds that the requests of one check may take if the endpoint works on one after the other.
SERIAL_SECONDS = 4.0
# Where a model takes batches: a mistake may need a second row, and a row that is neither the first nor the last.
ROWS = 5
# An endpoint that left so many requests in a row without an answer is not asked for more.
SILENCES = 2
# Bytes of known answers that are held at once; read, each takes many times as much.
HELD_BYTES = 8 << 20
QUICK_SECONDS = 0.5


@dataclass(slots=True)
class ModelRoute:
    """One transport and version of the model: how it is asked, and how its answers are read.

    Attributes:
        name: for people.
        send: sends an inference; the flag asks for a connection of its own.
        outputs: of an answer by name; empty where none can be read.
        id_of: the id in an answer, or None.
        base: a request that the model has accepted, of several rows where it takes batches.
        pace: at which an endpoint with a rate limit lets requests go out.
        seconds: that an answer takes alone, once it is known.
    """

    name: str
    send: Callable[[InferRequest, bool], Exchange]
    outputs: Callable[[Exchange], dict[str, Tensor]]
    id_of: Callable[[Exchange], object]
    base: InferRequest
    pace: Pace
    seconds: float = field(default=0.0)

    def affordable(self, wanted: int, least: int = 16) -> int:
        """How many requests of ``wanted`` a slow endpoint is asked."""
        return max(least, min(wanted, int(SERIAL_SECONDS / max(self.seconds, self.pace.interval, 1e-4))))

    def time_by(self, ones: Sequence[BaselineAnswer]) -> None:
        """Take the median of these answers for the seconds that one takes alone; nothing is known from none."""
        self.seconds = statistics.median_high(one.exchange.elapsed_s for one in ones) if ones else 0.0


@dataclass(frozen=True, slots=True)
class BaselineAnswer:
    """A request, and what the model answers to it when it is alone."""

    request: InferRequest
    outputs: dict[str, Tensor]
    exchange: Exchange

    @property
    def echoed(self) -> frozenset[str]:
        """Outputs that gave back the very values of an input: they cannot depend on how anything is computed."""
        sent = {tensor.elements for tensor in self.request.inputs}
        return frozenset(name for name, tensor in self.outputs.items() if tuple(tensor.elements) in sent)

    def differs(self, outputs: dict[str, Tensor]) -> str | None:
        """Where another answer to the same request differs, in words."""
        return differs(outputs, self.outputs, self.echoed)


def route(probe: Probe, transport: Transport, version: str | None = None) -> ModelRoute:
    """The way over one transport; the check is untestable where the model accepts nothing there.

    Args:
        version: one that is named in the path (REST only), in place of the address under test.
    """
    return _rest(probe, version) if transport == "rest" else _grpc(probe)


def routes(probe: Probe) -> list[ModelRoute]:
    """The way over REST, and that over gRPC where there is one that takes requests."""
    if probe.target.rest is None:
        return [route(probe, "grpc")]
    found = [route(probe, "rest")]
    if probe.model.grpc is not None:
        try:
            found.append(route(probe, "grpc"))
        except Untestable:
            # What is wrong there is for the checks of gRPC to say.
            return found
    return found


def _rest(probe: Probe, version: str | None) -> ModelRoute:
    model, client = probe.model, probe.client
    base = probe.accepted().request
    with contextlib.suppress(NotApplicable):
        base = model.batch(client, ROWS).request
    nested = model.requires == NESTED

    def send(request: InferRequest, fresh: bool) -> Exchange:
        return client.infer(model.name, request.to_bytes(nested=nested), version or model.address, fresh=fresh)

    def id_of(exchange: Exchange) -> object:
        return (object_or_none(exchange) or {}).get("id")

    return ModelRoute(f"REST, version {version}" if version else "REST", send, outputs_of, id_of, base, client.pace)


def _grpc(probe: Probe) -> ModelRoute:
    model = probe.grpc_model
    accepted = model.accepted()
    with contextlib.suppress(NotApplicable):
        accepted = model.batch(ROWS)

    def send(request: InferRequest, fresh: bool) -> Exchange:
        if fresh:
            from harness.wire.protobuf import infer_message  # noqa: PLC0415 -- needs the extra grpc

            message = infer_message(model.name, model.version, request, accepted.form)
            return model.client.call("ModelInfer", message, fresh=True)
        return model.infer(request, accepted.form)

    def id_of(exchange: Exchange) -> object:
        message, _ = infer_reply(exchange)
        return None if message is None else message.id or None

    return ModelRoute("gRPC", send, grpc_outputs, id_of, accepted.request, model.client.pace)


def known(probe: Probe, way: ModelRoute, count: int = 12) -> list[BaselineAnswer]:
    """Up to ``count`` different requests of one shape that the model answers, with their answers alone.

    Ends the check on a model that answers one request differently each time. A request with values that the model
    refuses, or whose answers differ from one time to the next, is left out.
    """
    comparable(probe)
    found = [one for one in answered(way, distinct(way.base, 3 * count), count) if repeats(way, one)]
    if not found:
        probe.untestable("no request has the same answer twice")
    way.time_by(found)
    return found


def answered(way: ModelRoute, requests: Iterable[InferRequest], count: int) -> list[BaselineAnswer]:
    """Up to ``count`` of the requests with their answers, first those that are answered differently.

    Requests with one and the same answer cannot show that answers are mixed up. Of large answers fewer are held.
    """
    new: list[BaselineAnswer] = []
    like: list[BaselineAnswer] = []
    silences = 0
    for request in requests:
        exchange = way.send(request, False)
        silences = 0 if exchange.answered else silences + 1
        if silences >= SILENCES:
            break
        outputs = way.outputs(exchange) if exchange.ok else {}
        if not outputs:
            continue
        one = BaselineAnswer(request, outputs, exchange)
        count = min(count, max(2, HELD_BYTES // max(1, len(exchange.response_body))))
        is_new = all(difference(outputs, other.outputs, exact=False) is not None for other in new)
        if is_new:
            new.append(one)
        elif len(like) < count:
            like.append(one)
        if len(new) >= count:
            break
    return [*new, *like][:count]


def quick_mistakes(probe: Probe, request: InferRequest) -> list[Mutation]:
    """Mistakes made from a request, without those that the endpoint takes long for: they are for other checks."""
    return [
        mutation
        for mutation in mutations(request)
        for exchange in (probe.model.mistake(probe.client, mutation),)
        if exchange.answered and exchange.error is None and exchange.elapsed_s < QUICK_SECONDS
    ]


def comparable(probe: Probe) -> None:
    """End the check on a model that need not answer alike: declared nondeterministic, or seen not to."""
    declared_alike(probe)
    probe.steady()


def declared_alike(probe: Probe) -> None:
    """End the check on a model that is declared nondeterministic: three like answers in a row change nothing."""
    table = probe.target.policy.models.get(probe.model.name)
    if table is not None and table.nondeterministic:
        probe.not_applicable("the model is declared nondeterministic")


def excused(exchange: Exchange) -> bool:
    """No answer, or a refusal: what a busy endpoint may give, and not the wrong answer."""
    return refused(exchange) or exchange.error is not None or not exchange.answered


def repeats(way: ModelRoute, one: BaselineAnswer) -> bool:
    """Whether the request, asked again, gets the answer that it got first, or none."""
    exchange = way.send(one.request, False)
    return not exchange.ok or one.differs(way.outputs(exchange)) is None


def varies_alone(way: ModelRoute, one: BaselineAnswer, times: int = 5) -> bool:
    """Whether the request, asked alone again and again, gets now this answer and now that: nobody else is to blame.

    Answers that are alike among themselves, but no more what they were, are not meant: something has changed them.
    """
    answers = [way.outputs(each) for each in (way.send(one.request, False) for _ in range(times)) if each.ok]
    return any(differs(each, answers[0], one.echoed) is not None for each in answers[1:])
