"""Requests that their clients give up leave nothing behind for others (Art. 15(4), 15(5))."""

from __future__ import annotations

import contextlib
import json

from harness.check import NotApplicable, Untestable, check
from harness.judging.given_up.bystanders import ADVICE, CRITERIA, Bystanders
from harness.judging.given_up.others import (
    STREAM,
    crowd_of,
    others_inferring,
    others_over,
    others_streaming,
    others_streaming_text,
    share_of,
)
from harness.judging.still_serves import serving_before
from harness.probing.baseline import paced_route
from harness.probing.generation import STILL, TEXT, found
from harness.probing.giving_up import GRPC_STREAM_WAYS, STREAM_WAYS, WAYS, of_calls, of_inferences, of_posts
from harness.probing.probe import Probe
from harness.record.exchange import Transport
from harness.wire.reading import readable

DUTIES = ("A15-4-b", "A15-4-d", "A15-5-h")
# Different requests of others, whose answers are known.
KNOWN = 4
# More than any pool of workers is large, in each of the ways that matter most.
UNDER_STRESS = 8.0
# Tokens of a stream: enough that it can be given up within.
TOKENS = 48
# Streams of inferences side by side: more than it has given up say the same.
STREAMS = 5
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
    _inferences(probe, "rest", share_of(probe))


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
    _inferences(probe, "grpc", share_of(probe))


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
    others = others_streaming_text(probe, generation, body)
    serving_before(probe)
    path = probe.client.model_path(probe.model.name, generation.version, "generate_stream")
    giving = of_posts(probe.client, path, body, others.seconds, share_of(probe))
    Bystanders(probe, giving, giving.ways_of(STREAM_WAYS), [others], crowd_of(probe, others)).judge()


@check(
    "adversarial-grpc-streams-given-up",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after streams of inferences that are given up, others get their answers as before, and in time",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["open-stream-cancelled-holds-worker", "left-stream-answers-next", "cut-stream-ends-process"],
    fix="End the work of a stream with the stream: its reader, its slot, and answers that nobody takes any more.",
)
def adversarial_grpc_streams_given_up(probe: Probe) -> None:
    """A stream of inferences that its client gives up leaves nothing behind for others.

    Only where ModelStreamInfer is offered and answers a request. Two dozen streams stay open and are cancelled before
    their message, while its answer is computed, at its first message and after it, or have a deadline that passes, or
    are cut off with their connection. After each way another stream follows, at the end one inference over each
    transport, and five streams side by side. What the messages say is not read: they are compared, byte by byte, with
    those before, unless they differ from one time to the next anyway.
    """
    _streams(probe, share_of(probe))


@check(
    "adversarial-given-up-by-hundreds",
    duties=DUTIES,
    criteria=CRITERIA,
    advice=ADVICE,
    criterion="after hundreds of requests that were given up, others get the answers they got before, in time",
    per="model",
    allow="stress",
    needs=["rest-infer-outputs-well-formed"],
    faults=["left-while-computed-holds-one-of-many", "open-stream-cancelled-holds-one-of-many"],
    fix=FIX,
)
def adversarial_given_up_by_hundreds(probe: Probe) -> None:
    """Requests that are given up by hundreds leave nothing behind for others.

    As by tens, eight times as many in each way, over each transport, and streams over gRPC: more than any pool of
    workers or slots is large.
    """
    for transport in probe.model.routes:
        # What is wrong with a transport is for its own checks to say.
        with contextlib.suppress(Untestable):
            _inferences(probe, transport, UNDER_STRESS)
    if "grpc" in probe.model.routes:
        with contextlib.suppress(Untestable, NotApplicable):
            _streams(probe, UNDER_STRESS)


def _inferences(probe: Probe, transport: Transport, times: float) -> None:
    way = paced_route(probe, transport)
    first = others_inferring(probe, way, KNOWN)
    serving_before(probe)
    giving = of_inferences(probe, way, times)
    others = [first, *others_over(probe, (each for each in probe.model.routes if each != transport))]
    crowd = readable(crowd_of(probe, others[0]), 2, way.route.accepted().exchange)
    Bystanders(probe, giving, giving.ways_of(WAYS[transport]), others, crowd).judge()


def _streams(probe: Probe, times: float) -> None:
    way = paced_route(probe, "grpc")
    first = others_streaming(probe, way)
    serving_before(probe)
    giving = of_calls(probe, STREAM, way, first.seconds, times)
    crowd = readable(min(STREAMS, crowd_of(probe, first)), 2, way.route.accepted().exchange)
    others = [first, *others_over(probe, probe.model.routes)]
    Bystanders(probe, giving, giving.ways_of(GRPC_STREAM_WAYS), others, crowd).judge()
