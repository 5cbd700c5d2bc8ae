"""Those who give nothing up: inferences and streams whose answers are known, and how many of them ask side by side."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable, Iterator, Sequence

from harness.check import Untestable
from harness.generate.distinct import distinct
from harness.judging.given_up.bystanders import CROWD, Others
from harness.judging.mixed_up import strayed_from
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.baseline import BaselineAnswer, PacedRoute, answered, known, noted_varying, paced_route
from harness.probing.generation import ABSENT, Generation, payloads
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Transport
from harness.record.intent import meant
from harness.wire.reading import readable

STREAM = "ModelStreamInfer"
# Profiles that draw fewer examples than this give up half as many requests.
FULL_EXAMPLES = 20
# Different requests that are streamed: an answer that is another one's shows as such.
STREAMED = 2


def share_of(probe: Probe) -> float:
    """How many times as many requests as by default a profile gives up."""
    return 1.0 if probe.endpoint.examples >= FULL_EXAMPLES else 0.5


def crowd_of(probe: Probe, others: Others) -> int:
    """How many ask side by side: of a slow endpoint fewer."""
    return max(2, min(int(CROWD * share_of(probe)), int(4.0 / max(others.seconds, 1e-4))))


def others_inferring(probe: Probe, way: PacedRoute, count: int) -> Others:
    """Inferences over a route; of a model that varies it is only asked whether it answers, and when."""
    if not probe.declared_varying and probe.model.known_route.steady():
        return _inferring(probe, way, known(probe, way, count))
    ones = answered(way, distinct(way.base, count), count)
    if not ones:
        probe.untestable(f"no request is answered over {way.name}")
    way.time_by(ones)
    return _inferring(probe, way, ones, compared=False)


def others_over(probe: Probe, transports: Iterable[Transport]) -> Iterator[Others]:
    """Inferences over each of these transports: one request is enough to see whether it is there."""
    for transport in transports:
        with contextlib.suppress(Untestable):
            yield others_inferring(probe, paced_route(probe, transport), 1)


def _inferring(probe: Probe, way: PacedRoute, ones: Sequence[BaselineAnswer], *, compared: bool = True) -> Others:
    """One that gets no answer is not sent again, for one in so many is what is looked for."""
    budget = way.route.client.budget
    return Others(
        way.name,
        way.seconds,
        lambda number: way.route.ask(ones[number % len(ones)].request, timeout=budget.request_seconds),
        lambda number, exchange: strayed_from(way, ones, number % len(ones), exchange) if compared else None,
        lambda number: noted_varying(probe, way, ones[number % len(ones)], "a request beside those given up"),
        compared,
    )


def others_streaming_text(probe: Probe, generation: Generation, body: bytes) -> Others:
    """Streams of generated text, all of one request."""
    first, second = (generation.send(body, stream=True) for _ in range(2))
    if first.status in ABSENT:
        probe.not_applicable(f"generate_stream is not offered ({status_of(first)})")
    if not (first.ok and second.ok):
        probe.untestable(f"no whole stream: {status_of(first)}")
    steady = not probe.declared_varying and payloads(first) == payloads(second)

    def strayed(_: int, exchange: Exchange) -> MixedUpAnswer | None:
        same = not steady or payloads(exchange) == payloads(first)
        return None if same else MixedUpAnswer("changed", "another stream than before")

    readable(CROWD, CROWD, first)
    seconds = statistics.median([first.elapsed_s, second.elapsed_s])
    return Others("REST", seconds, lambda _: generation.send(body, stream=True), strayed, lambda _: False, steady)


def others_streaming(probe: Probe, way: PacedRoute) -> Others:
    """Streams over gRPC, each of one inference; ends the check where there are none.

    Which layout their messages have is not known for certain (STREAM-01), so that they are compared as bytes.
    """
    form = probe.model.grpc.accepted().form
    messages = [probe.model.grpc.message(each, form) for each in distinct(way.base, STREAMED)]

    def ask(number: int) -> Exchange:
        with meant("valid"):
            return probe.grpc.call(STREAM, messages[number % len(messages)])

    alone = [ask(number) for number in range(len(messages))]
    if alone[0].rpc is not None and alone[0].rpc.name == "UNIMPLEMENTED":
        probe.not_applicable(f"{STREAM} is not offered")
    taken = [number for number, each in enumerate(alone) if each.ok and _answers(each)]
    if not taken:
        probe.untestable(f"a stream of one inference is not answered: {status_of(alone[0])}")
    # Other values than those that were accepted may be refused.
    messages = [messages[number] for number in taken]
    usual = [alone[number].response_body for number in taken]
    again = [ask(number).response_body for number in range(len(messages))]
    steady = not probe.declared_varying and usual == again

    def strayed(number: int, exchange: Exchange) -> MixedUpAnswer | None:
        own = number % len(usual)
        if not steady or exchange.response_body == usual[own]:
            return None
        whose = usual.index(exchange.response_body) if exchange.response_body in usual else None
        if whose is None:
            return MixedUpAnswer("changed", "other messages than before")
        return MixedUpAnswer("other-answer", f"the messages of request {whose + 1}, not of {own + 1}", whose)

    seconds = statistics.median(each.elapsed_s for each in alone)
    return Others(
        "streams over gRPC", seconds, ask, strayed, lambda _: False, steady, refuses=lambda each: not _answers(each)
    )


def _answers(exchange: Exchange) -> bool:
    """Whether a message holds more than one text in field 1: an error in one layout, a name in the other."""
    from harness.probing.grpc_calls import fields_of  # noqa: PLC0415 -- needs the extra grpc
    from harness.wire.rpc import messages_of  # noqa: PLC0415

    return any(fields_of(each) - {1} for each in messages_of(exchange.response_body))
