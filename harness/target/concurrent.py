"""Many requests at once, within the budget, and by either transport: who sends, and what is known of the answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from harness.generate.distinct import distinct
from harness.oracles.equality import difference
from harness.oracles.isolation import differs
from harness.record.exchange import Exchange
from harness.target.grpc_replies import infer_reply
from harness.target.grpc_replies import outputs as grpc_outputs
from harness.target.models import outputs_of
from harness.target.replies import object_or_none, refused
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

if TYPE_CHECKING:
    from harness.target.probe import Probe

T = TypeVar("T")
Transport = Literal["rest", "grpc"]

WIDTH = 64
# Seconds that the requests of one check may take if the endpoint works on one after the other.
SERIAL_SECONDS = 4.0
MEETING_SECONDS = 30.0


@dataclass(slots=True)
class Lane:
    """One way to the model, and how its answers are read.

    Attributes:
        name: of the transport, for people.
        send: sends an inference; the flag asks for a connection of its own.
        outputs: of an answer by name; empty where none can be read.
        id_of: the id in an answer, or None.
    """

    name: str
    send: Callable[[InferRequest, bool], Exchange]
    outputs: Callable[[Exchange], dict[str, Tensor]]
    id_of: Callable[[Exchange], object]
    base: InferRequest
    seconds: float = field(default=0.0)

    def affordable(self, wanted: int, least: int = 16) -> int:
        """How many requests of ``wanted`` a slow endpoint is asked."""
        return max(least, min(wanted, int(SERIAL_SECONDS / max(self.seconds, 1e-4))))


@dataclass(frozen=True, slots=True)
class Known:
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


def lane(probe: Probe, transport: Transport) -> Lane:
    """The way over one transport; the check is untestable where the model accepts nothing there."""
    return _rest(probe) if transport == "rest" else _grpc(probe)


def _rest(probe: Probe) -> Lane:
    model, client = probe.model, probe.client
    path = client.model_path(model.name, model.address, "infer")

    def send(request: InferRequest, fresh: bool) -> Exchange:
        return client.send("POST", path, request.to_bytes(nested=nested), fresh=fresh)

    def id_of(exchange: Exchange) -> object:
        return (object_or_none(exchange) or {}).get("id")

    base = probe.accepted().request
    nested = model.requires is not None and "nested" in model.requires
    return Lane("REST", send, outputs_of, id_of, base)


def _grpc(probe: Probe) -> Lane:
    model = probe.grpc_model
    accepted = model.accepted()

    def send(request: InferRequest, fresh: bool) -> Exchange:
        if fresh:
            from harness.wire.protobuf import infer_message  # noqa: PLC0415 -- needs the extra grpc

            message = infer_message(model.name, model.version, request, accepted.form)
            return model.client.call("ModelInfer", message, fresh=True)
        return model.infer(request, accepted.form)

    def id_of(exchange: Exchange) -> object:
        message, _ = infer_reply(exchange)
        return None if message is None else message.id or None

    return Lane("gRPC", send, grpc_outputs, id_of, accepted.request)


def known(probe: Probe, way: Lane, count: int = 12) -> list[Known]:
    """Up to ``count`` different requests of one shape that the model answers, with their answers alone.

    Ends the check on a model that answers one request differently each time. A request with values that the model
    refuses, or whose answers differ from one time to the next, is left out.
    """
    comparable(probe)
    found = [one for one in answered(way, distinct(way.base, 3 * count), count) if not varies_alone(way, one, 1)]
    if not found:
        probe.untestable("no request has the same answer twice")
    way.seconds = sorted(one.exchange.elapsed_s for one in found)[len(found) // 2]
    return found


def answered(way: Lane, requests: Iterable[InferRequest], count: int) -> list[Known]:
    """Up to ``count`` of the requests with their answers, first those that are answered differently.

    Requests with one and the same answer cannot show that answers are mixed up.
    """
    new: list[Known] = []
    like: list[Known] = []
    for request in requests:
        exchange = way.send(request, False)
        outputs = way.outputs(exchange) if exchange.ok else {}
        if not outputs:
            continue
        one = Known(request, outputs, exchange)
        is_new = all(difference(outputs, other.outputs, exact=False) is not None for other in new)
        (new if is_new else like).append(one)
        if len(new) >= count:
            break
    return [*new, *like][:count]


def comparable(probe: Probe) -> None:
    """End the check on a model that need not answer alike: declared nondeterministic, or seen not to."""
    declared_alike(probe)
    probe.steady()


def declared_alike(probe: Probe) -> None:
    """End the check on a model that is declared nondeterministic: three like answers in a row change nothing."""
    table = probe.target.policy.models.get(probe.model.name)
    if table is not None and table.nondeterministic:
        probe.not_applicable("the model is declared nondeterministic")


def together(work: Callable[[int], T], numbers: Sequence[int], width: int = WIDTH) -> list[T]:
    """``work(number)`` for each number, up to ``width`` at a time, started together; results in their order.

    Raises:
        BudgetExhausted: and whatever else ``work`` raises, once everything that had begun is over.
    """
    width = min(width, len(numbers))
    barrier = threading.Barrier(width)

    def first_met(position: int) -> T:
        if position < width:
            # Rather less at once than never: threads may be short.
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(MEETING_SECONDS)
        return work(numbers[position])

    with ThreadPoolExecutor(width) as pool:
        return list(pool.map(first_met, range(len(numbers))))


def most_in_flight(exchanges: Sequence[Exchange]) -> int:
    """How many of the exchanges were under way at the same moment, as seen by the sender."""
    edges = [(each.start_ns, 1) for each in exchanges] + [(each.end_ns, -1) for each in exchanges]
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


def excused(exchange: Exchange) -> bool:
    """No answer, or a refusal: what a busy endpoint may give, and not the wrong answer."""
    return refused(exchange) or exchange.error is not None or not exchange.answered


def varies_alone(way: Lane, one: Known, times: int = 5) -> bool:
    """Whether the request, asked alone again, gets other answers as well: then company is not to blame."""
    for _ in range(times):
        exchange = way.send(one.request, False)
        if exchange.ok and one.differs(way.outputs(exchange)) is not None:
            return True
    return False
