"""Requests that their clients give up leave nothing behind for others (Art. 15(4), 15(5))."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import Iterator

from harness.check import Untestable, check
from harness.generate.distinct import distinct
from harness.judging.giving_up import ADVICE, CRITERIA, CROWD, Bystanders, Others, others_of
from harness.judging.still_serves import serving_before
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.baseline import PacedRoute, answered, known, paced_route
from harness.probing.generation import ABSENT, STILL, TEXT, Generation, found, payloads
from harness.probing.giving_up import STREAM_WAYS, WAYS, of_inferences, of_posts
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Transport
from harness.wire.reading import readable

DUTIES = ("A15-4-b", "A15-4-d", "A15-5-h")
# Different requests of others, whose answers are known.
KNOWN = 4
# More than any pool of workers is large, in each of the ways that matter most.
UNDER_STRESS = 8.0
# Tokens of a stream: enough that it can be given up within.
TOKENS = 48
# Profiles that draw fewer examples than this give up half as many requests.
FULL_EXAMPLES = 20
FIX = "Drop what a request that was given up left behind: its buffers, its slot or worker, its pending answer."


@check(
    "adversarial-answers-after-disconnect",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after clients that hang up at any moment of a request, others get the answers they got before, in time",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=[
        "disconnect-poisons-next",
        "left-while-computed-holds-worker",
        "left-while-computed-slows-next",
        "left-request-answers-next",
    ],
    fix=FIX,
)
def adversarial_answers_after_disconnect(probe: Probe) -> None:
    """A client that hangs up, at whatever moment, leaves nothing behind for others.

    Some seventy connections are closed or reset within the head, after it, in the middle of the body, before its last
    byte, after the whole request, while its answer is computed (at moments spread over the time that an answer usually
    takes) and while it is sent. After each way another request follows, at the end one over each other transport,
    and 32 side by side: a lost worker or a slot that is never freed shows as one in so many without an answer. Their
    answers are compared with those before. An endpoint may go on computing what was given up: the next answer may take
    as long as all of it, twice, and a second more; what is later than that warns. A wrong answer, a refusal, a missing
    or a late answer counts only if the same round without anybody hanging up shows none, and, unless it shows what
    belongs to another request, only if a second round with hanging up shows one again. Of a model whose answers vary
    it is only seen whether it answers, and when.
    """
    _inferences(probe, "rest", _share(probe))


@check(
    "adversarial-grpc-answers-after-cancelled",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after calls that are cancelled or run out of time, others get the answers they got before, in time",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=[
        "cancelled-holds-worker",
        "deadline-outlives-its-call",
        "cancelled-answer-goes-to-next",
        "tenth-cancelled-call-ends-process",
    ],
    fix=FIX,
)
def adversarial_grpc_answers_after_cancelled(probe: Probe) -> None:
    """A gRPC call that is cancelled, or runs out of its time, leaves nothing behind for others.

    As over REST: some seventy calls, several side by side on a connection that is used on, are cancelled (RST_STREAM)
    before, within and after their message, while their answer is computed and as it begins, have a deadline
    (grpc-timeout) that passes at two moments within the usual time of an answer, or are cut off with their connection.
    """
    _inferences(probe, "grpc", _share(probe))


@check(
    "adversarial-streams-given-up",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after clients that leave streams of generated text, others get theirs whole, as before and in time",
    per="model",
    needs=["generate-stream-events"],
    faults=["left-stream-holds-slot"],
    fix="Stop generating when the client of a stream has gone, and free its slot in the batch.",
)
def adversarial_streams_given_up(probe: Probe) -> None:
    """A stream of generated text that its client leaves holds nothing.

    As with inferences: forty streams are left or reset before their first event, at it, and within; then others ask for
    the same stream, one after another and side by side. Texts are compared only where they are the same at temperature
    0 anyway. Only where generate_stream is there at all.
    """
    generation = found(probe)
    parameters = {**STILL, "max_tokens": TOKENS}
    body = json.dumps({"text_input": TEXT, "parameters": parameters}).encode()
    others = _streams(probe, generation, body)
    serving_before(probe)
    path = probe.client.model_path(probe.model.name, generation.version, "generate_stream")
    giving = of_posts(probe.client, path, body, others.seconds, _share(probe))
    Bystanders(probe, giving, giving.ways_of(STREAM_WAYS), [others], _crowd(probe, others)).judge()


@check(
    "adversarial-given-up-by-hundreds",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after hundreds of requests that were given up, others get the answers they got before, in time",
    per="model",
    allow="stress",
    needs=["rest-infer-outputs-well-formed"],
    faults=["left-while-computed-holds-one-of-many"],
    fix=FIX,
)
def adversarial_given_up_by_hundreds(probe: Probe) -> None:
    """Requests that are given up by hundreds leave nothing behind for others.

    As by tens, eight times as many in each way, over each transport: more than any pool of workers or slots is large.
    """
    for transport in probe.model.routes:
        # What is wrong with a transport is for its own checks to say.
        with contextlib.suppress(Untestable):
            _inferences(probe, transport, UNDER_STRESS)


def _inferences(probe: Probe, transport: Transport, times: float) -> None:
    way = paced_route(probe, transport)
    first = _known(probe, way, KNOWN)
    serving_before(probe)
    giving = of_inferences(probe, way, times)
    others = [first, *_over_others(probe, transport)]
    crowd = readable(_crowd(probe, others[0]), 2, way.route.accepted().exchange)
    Bystanders(probe, giving, giving.ways_of(WAYS[transport]), others, crowd).judge()


def _over_others(probe: Probe, transport: Transport) -> Iterator[Others]:
    """Inferences over each other transport: one request is enough to see whether it is there."""
    for other in probe.model.routes:
        if other != transport:
            with contextlib.suppress(Untestable):
                way = paced_route(probe, other)
                yield _known(probe, way, 1)


def _known(probe: Probe, way: PacedRoute, count: int) -> Others:
    """Requests of others; of a model that varies it is only asked whether it answers, and when."""
    if not probe.declared_varying and probe.model.known_route.steady():
        return others_of(probe, way, known(probe, way, count))
    ones = answered(way, distinct(way.base, count), count)
    if not ones:
        probe.untestable(f"no request is answered over {way.name}")
    way.time_by(ones)
    return others_of(probe, way, ones, compared=False)


def _streams(probe: Probe, generation: Generation, body: bytes) -> Others:
    first, second = (generation.send(body, stream=True) for _ in range(2))
    if first.status in ABSENT:
        probe.not_applicable(f"generate_stream is not offered ({status_of(first)})")
    if not (first.ok and second.ok):
        probe.untestable(f"no stream of {TOKENS} tokens: {status_of(first)}")
    steady = not probe.declared_varying and payloads(first) == payloads(second)

    def strayed(_: int, exchange: Exchange) -> MixedUpAnswer | None:
        same = not steady or payloads(exchange) == payloads(first)
        return None if same else MixedUpAnswer("changed", "another stream than before")

    readable(CROWD, CROWD, first)
    seconds = statistics.median([first.elapsed_s, second.elapsed_s])
    return Others("REST", seconds, lambda _: generation.send(body, stream=True), strayed, lambda _: False, steady)


def _share(probe: Probe) -> float:
    return 1.0 if probe.endpoint.examples >= FULL_EXAMPLES else 0.5


def _crowd(probe: Probe, others: Others) -> int:
    """How many ask side by side: of a slow endpoint fewer."""
    return max(2, min(int(CROWD * _share(probe)), int(4.0 / max(others.seconds, 1e-4))))
