"""Routes to a model, over either transport and to any version, and requests whose answers alone are known."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.check import NotApplicable, Untestable
from harness.endpoint.route import AnyRoute
from harness.generate.distinct import distinct, pool_of_rows
from harness.generate.mutations import Mutation, mutations
from harness.oracles.equality import difference
from harness.oracles.isolation import differs
from harness.probing.replies import refused
from harness.record.exchange import Exchange, Transport
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

if TYPE_CHECKING:
    from harness.probing.probe import Probe

# Seconds that the requests of one check may take if the endpoint works on one after the other.
SERIAL_SECONDS = 4.0
# Where a model takes batches: a mistake may need a second row, and a row that is neither the first nor the last.
ROWS = 5
# An endpoint that left so many requests in a row without an answer is not asked for more.
SILENCES = 2
# Bytes of known answers that are held at once; read, each takes many times as much.
HELD_BYTES = 8 << 20
QUICK_SECONDS = 0.5
# Variations of one model that are kept: the first few tell what there is to tell.
MOST_VARIATIONS = 10


@dataclass(slots=True)
class PacedRoute:
    """A route as one check uses it: the request that it starts from, and how much a slow endpoint is asked over it.

    Attributes:
        name: for people.
        base: a request that the model has accepted, of several rows where it takes batches.
        seconds: that an answer takes alone, once it is known.
    """

    route: AnyRoute
    name: str
    base: InferRequest
    seconds: float = field(default=0.0)

    def affordable(self, wanted: int, least: int = 16) -> int:
        """How many requests of ``wanted`` a slow endpoint is asked."""
        return max(least, min(wanted, int(SERIAL_SECONDS / max(self.seconds, self.route.client.pace.interval, 1e-4))))

    def time_by(self, ones: Sequence[BaselineAnswer]) -> None:
        """Take the median of these answers for the seconds that one takes alone; nothing is known from none."""
        self.seconds = statistics.median_high(one.exchange.elapsed_s for one in ones) if ones else 0.0


@dataclass(slots=True)
class Variations:
    """Requests to a model that were seen to be answered now this way and now that, alone: transport, words, answer."""

    seen: list[tuple[Transport, str, Exchange]] = field(default_factory=list)

    def add(self, transport: Transport, text: str, exchange: Exchange) -> None:
        """Keep one, if there are not enough of them."""
        if len(self.seen) < MOST_VARIATIONS:
            self.seen.append((transport, text, exchange))


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


def paced_route(probe: Probe, transport: Transport, version: str | None = None) -> PacedRoute:
    """The route over one transport; the check is untestable where the model accepts nothing there.

    Args:
        version: one that requests name in place of the one under test.
    """
    found = probe.model.over(transport)
    base = found.accepted().request
    with contextlib.suppress(NotApplicable):
        base = found.batch(ROWS).request
    if version is None:
        return PacedRoute(found, found.title, base)
    return PacedRoute(found.at(version), f"{found.title}, version {version}", base)


def paced_routes(probe: Probe) -> list[PacedRoute]:
    """The first route, and each further one that takes requests."""
    first, *others = probe.model.routes
    found = [paced_route(probe, first)]
    for transport in others:
        # What is wrong there is for the checks of that transport to say.
        with contextlib.suppress(Untestable):
            found.append(paced_route(probe, transport))
    return found


def known(probe: Probe, way: PacedRoute, count: int = 12) -> list[BaselineAnswer]:
    """Up to ``count`` different requests of one shape that the model answers, with their answers alone.

    Ends the check on a model that answers one request differently each time. A request with values that the model
    refuses is left out, and so is one whose answers differ from one time to the next, which is noted.
    """
    comparable(probe)
    found = []
    for one in answered(way, distinct(way.base, 3 * count), count):
        if repeats(way, one):
            found.append(one)
        else:
            noted_varying(probe, way, one, way.name)
    if not found:
        probe.untestable("no request has the same answer twice")
    way.time_by(found)
    return found


def answered(way: PacedRoute, requests: Iterable[InferRequest], count: int) -> list[BaselineAnswer]:
    """Up to ``count`` of the requests with their answers, first those that are answered differently.

    Requests with one and the same answer cannot show that answers are mixed up. Of large answers fewer are held.
    """
    new: list[BaselineAnswer] = []
    like: list[BaselineAnswer] = []
    silences = 0
    for request in requests:
        exchange = way.route.ask(request)
        silences = 0 if exchange.answered else silences + 1
        if silences >= SILENCES:
            break
        outputs = way.route.outputs(exchange) if exchange.ok else {}
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


def pool_of_answers(probe: Probe, way: PacedRoute, transport: Transport, count: int) -> list[BaselineAnswer]:
    """Up to ``count`` different single rows with their answers alone; ends the check on a model without batches."""
    metadata = probe.model.over(transport).metadata
    batches = metadata is not None and all(each.shape and each.shape[0] == -1 for each in metadata.inputs)
    rows = pool_of_rows(way.base, 3 * count) if batches else []
    if not rows:
        probe.not_applicable("not every input has a leading variable dimension: no batch to speak of")
    pool = answered(way, rows, count)
    way.time_by(pool)
    if len(pool) < 2:
        probe.untestable("the model takes no single rows")
    return pool


def quick_mistakes(probe: Probe, request: InferRequest) -> list[Mutation]:
    """Mistakes made from a request, without those that the endpoint takes long for: they are for other checks."""
    return [
        mutation
        for mutation in mutations(request)
        for exchange in (probe.model.rest.mistake(mutation),)
        if exchange.answered and exchange.error is None and exchange.elapsed_s < QUICK_SECONDS
    ]


def comparable(probe: Probe) -> None:
    """End the check on a model that need not answer alike: declared nondeterministic, or seen not to."""
    declared_alike(probe)
    probe.steady()


def declared_alike(probe: Probe) -> None:
    """End the check on a model that is declared nondeterministic: three like answers in a row change nothing."""
    if probe.declared_varying:
        probe.not_applicable("the model is declared nondeterministic")


def excused(exchange: Exchange) -> bool:
    """No answer, or a refusal: what a busy endpoint may give, and not the wrong answer."""
    return refused(exchange) or exchange.error is not None or not exchange.answered


def repeats(way: PacedRoute, one: BaselineAnswer) -> bool:
    """Whether the request, asked again, gets the answer that it got first, or none."""
    exchange = way.route.ask(one.request)
    return not exchange.ok or one.differs(way.route.outputs(exchange)) is None


def varies_alone(way: PacedRoute, one: BaselineAnswer, times: int = 5) -> tuple[str, Exchange] | None:
    """Where the request, asked alone again and again, gets now this answer and now that, and an answer that shows it.

    Answers that are alike among themselves, but no more what they were, are not meant: something has changed them.
    """
    exchanges = [each for each in (way.route.ask(one.request) for _ in range(times)) if each.ok]
    answers = [way.route.outputs(each) for each in exchanges]
    for exchange, outputs in zip(exchanges[1:], answers[1:], strict=True):
        found = differs(outputs, answers[0], one.echoed)
        if found is not None:
            return found, exchange
    return None


def noted_varying(probe: Probe, way: PacedRoute, one: BaselineAnswer, label: str, times: int = 5) -> bool:
    """Whether the request varies alone, so that no comparison with it says anything of what is asked here.

    That is no excuse: it is kept for the check that answers for it (:class:`Variations`).

    Args:
        label: which request it was, in words.
    """
    varying = varies_alone(way, one, times)
    if varying is None:
        return False
    text = f"{label}: asked {times} times alone, it is answered differently: {varying[0]}"
    probe.model.memory.of(Variations).add(way.route.transport, text, varying[1])
    probe.observe(f"{label}: not compared, since the request alone is answered differently at times as well")
    return True
