"""Ways in which a client gives up a request: how much of it was sent, when, and how the endpoint is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.probing.baseline import SERIAL_SECONDS, PacedRoute
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.record.intent import meant
from harness.wire.duplex import Piece
from harness.wire.rawhttp import head, send_raw
from harness.wire.rest import RestClient

Ending = Literal["closed", "reset", "cancelled", "deadline"]
"""How the endpoint is told: the connection is closed, or reset (RST); the call is cancelled (RST_STREAM), or has a
deadline that passes (``grpc-timeout``), at which the client cancels it as well."""

# Bytes of all requests that are begun side by side on one connection: the first window of HTTP/2 takes few more.
WINDOW_BYTES = 48_000
# No request is left under way for longer before it is given up.
PATIENCE_SECONDS = 3.0
# Side by side; who gives up more does it again and again.
MOST, FEW = 64, 4
# Beyond the deadline of a call, until it is cancelled as well: the endpoint may say itself that it has passed.
GRACE_SECONDS = 0.01
# After the beginning of an answer, until its sender has nothing to do any more.
LINGER_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Way:
    """A moment at which requests are given up, and how.

    Attributes:
        words: for people, after "after 16 requests".
        count: how many are given up side by side, on a quick endpoint.
        part: of the body that is sent; None stops within the head.
        until: up to how many times the usual time of an answer is waited before giving up, spread over the requests.
        answered: the beginning of the answer is waited for, and the whole of that time after it.
    """

    words: str
    count: int
    part: float | None = 1.0
    until: float = 0.0
    answered: bool = False
    ending: Ending = "closed"

    def waves(self, usual: float, count: int, most: int) -> Iterator[tuple[float, ...]]:
        """Seconds after which each of ``count`` requests is given up, of those that are under way side by side.

        Where the moment matters half of them go out alone: only then is it known how long an answer takes.
        """
        waits = [self._wait(usual, (each + 1) / count) for each in range(count)]
        # Last those in the middle of an answer: what they leave is not used up by one that is answered after all.
        waits.sort(key=lambda wait: -abs(wait - usual / 2))
        alone = waits[::2] if self.until else []
        beside = waits[1::2] if self.until else waits
        yield from ((each,) for each in alone)
        size = max(1, min(most, FEW if self.until else MOST))
        yield from (tuple(beside[first : first + size]) for first in range(0, len(beside), size))

    def _wait(self, usual: float, part: float) -> float:
        return min(PATIENCE_SECONDS, 3 * usual + 0.05 if self.answered else self.until * usual * part)


REST_WAYS = (
    Way("given up within the head", 4, part=None),
    Way("given up before their body", 4, part=0.0),
    Way("given up in the middle of their body", 6, part=0.5),
    Way("reset in the middle of their body", 4, part=0.5, ending="reset"),
    Way("given up before the last byte of their body", 4, part=0.99),
    Way("given up once they were sent", 8),
    Way("given up while their answers were computed", 16, until=1.2),
    Way("reset while their answers were computed", 16, until=1.2, ending="reset"),
    Way("given up while their answers were sent", 6, answered=True),
)
GRPC_WAYS = (
    Way("cancelled before their message", 4, part=0.0, ending="cancelled"),
    Way("cancelled within their message", 4, part=0.5, ending="cancelled"),
    Way("cancelled once they were sent", 8, ending="cancelled"),
    Way("cancelled while their answers were computed", 16, until=1.2, ending="cancelled"),
    Way("left to a deadline that passed early in their computation", 8, until=0.5, ending="deadline"),
    Way("left to a deadline that passed late in their computation", 10, until=0.9, ending="deadline"),
    Way("cut off with their connection while their answers were computed", 16, until=0.9),
    Way("cancelled while their answers were sent", 6, answered=True, ending="cancelled"),
)
STREAM_WAYS = (
    Way("given up before their first event", 8),
    Way("given up at their first event", 8, answered=True),
    Way("given up within the stream", 12, until=1.0),
    Way("reset within the stream", 12, until=1.0, ending="reset"),
)
GRPC_STREAM_WAYS = (
    Way("cancelled before their message, as open streams", 2, part=0.0, ending="cancelled"),
    Way("cancelled while their answers were computed, as open streams", 10, until=1.2, ending="cancelled"),
    Way("cancelled at the first message of their answers, as open streams", 4, answered=True, ending="cancelled"),
    Way("cancelled after their answers, as open streams", 6, until=1.0, answered=True, ending="cancelled"),
    Way("left to a deadline that passed while they were open streams", 3, until=0.9, ending="deadline"),
    Way("cut off with their connection, as open streams", 4, until=1.2),
)
WAYS: dict[Transport, tuple[Way, ...]] = {"rest": REST_WAYS, "grpc": GRPC_WAYS}
# Of a model that takes seconds for an answer, each way would cost as many: those that a client most often takes.
SLOW_SECONDS, SLOW_WAYS = 2.0, (*REST_WAYS[6:7], *GRPC_WAYS[3:4], *GRPC_WAYS[5:6], *STREAM_WAYS[2:3],
                           *GRPC_STREAM_WAYS[1:2])  # fmt: skip


@dataclass(frozen=True, slots=True)
class GivingUp:
    """Gives up requests of one kind.

    Attributes:
        send: sends requests in a way, each to be given up after its seconds.
        usual: seconds that an answer takes.
        most: requests that can be under way side by side.
        times: how many times as many are given up as by default.
    """

    send: Callable[[Way, tuple[float, ...]], Sequence[Exchange]]
    usual: float
    most: int = MOST
    times: float = 1.0

    def ways_of(self, all_ways: Sequence[Way]) -> list[Way]:
        """The ways that a slow endpoint is not asked too much by."""
        return [way for way in all_ways if self.usual < SLOW_SECONDS or way in SLOW_WAYS]

    def count(self, way: Way) -> int:
        """How many requests are given up in a way; of a slow endpoint fewer, since it may compute them all."""
        affordable = int(SERIAL_SECONDS / 8 * max(1.0, self.times) / max(self.usual, 1e-4))
        return max(1, min(int(way.count * self.times), affordable))

    def once(self, way: Way) -> int:
        """Give requests up in one way; gives how many."""
        count = self.count(way)
        for waits in way.waves(self.usual, count, self.most):
            self.send(way, waits)
        return count


def of_posts(client: RestClient, path: str, body: bytes, usual: float, times: float) -> GivingUp:
    """Gives up POSTs of one body, each on a connection of its own."""
    length = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    start = head(client, "POST", path, length)

    def send(way: Way, waits: tuple[float, ...]) -> Sequence[Exchange]:
        data = start[: len(start) // 2] if way.part is None else start + body[: int(way.part * len(body))]

        def one(number: int) -> Exchange:
            return send_raw(client, [Piece(data, waits[number])], hang_up=True, reset=way.ending == "reset")[0]

        return together(one, range(len(waits)))

    return GivingUp(send, usual, times=times)


def of_inferences(probe: Probe, way_to: PacedRoute, times: float) -> GivingUp:
    """Gives up inferences of the request that a route starts from."""
    if way_to.route.transport == "grpc":
        return of_calls(probe, "ModelInfer", way_to, way_to.seconds, times)
    route = probe.model.rest
    path = probe.client.model_path(route.name, route.version, "infer")
    return of_posts(probe.client, path, route.body_of(way_to.base), way_to.seconds, times)


def of_calls(probe: Probe, method: str, way_to: PacedRoute, usual: float, times: float) -> GivingUp:
    """Gives up calls with the request that a route starts from; streams are open until then."""
    from harness.wire.http2.messages import Withdrawal  # noqa: PLC0415 -- needs the extra grpc
    from harness.wire.rpc import STREAMED  # noqa: PLC0415

    route = probe.model.grpc
    message = route.message(way_to.base, route.accepted().form).SerializeToString()

    def send(way: Way, waits: tuple[float, ...]) -> Sequence[Exchange]:
        deadline = max(waits) if way.ending == "deadline" else None
        if deadline is not None:
            waits = (deadline + GRACE_SECONDS + usual / 4,) * len(waits)
        part = 1.0 if way.part is None else way.part
        with meant("valid"):
            lingers = max(LINGER_SECONDS, way.until * usual) if way.until else 0.0
            how = Withdrawal(waits, part, method not in STREAMED, way.answered, lingers, way.ending == "closed")
            return probe.grpc.give_up(method, message, how, deadline)

    return GivingUp(send, usual, max(1, WINDOW_BYTES // (len(message) + 64)), times)
