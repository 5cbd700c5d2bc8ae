"""Optional parts that the server offers, each of them hostile, with everything allowed that may be sent to one."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tests.harness.wire.hostile import HEAD, Peer, ok

from .listings import ESCAPES, QUADRATIC, late
from .peers import Behaviour
from .scenario import Scenario, behaving, rest
from .service import Part, Request, answer, dump, echo, service, status

OFFERS = dump({
    "name": "hostile",
    "version": "1",
    "extensions": [
        "binary_tensor_data", "classification", "cuda_shared_memory", "generate", "logging", "model_configuration",
        "model_repository", "model_repository(unload_dependents)", "parameters", "schedule_policy", "sequence",
        "statistics", "system_shared_memory", "trace",
    ],
})  # fmt: skip
ALLOWED = ("--oip-allow", "repository,stress")
LOADED = ("--oip-allow", "load,repository,stress", "--oip-profile", "quick")


def offering(other: Part, infer: Part = echo) -> Scenario:
    """A right service beside parts that all say the same."""
    return rest(server=OFFERS, other=other, infer=infer, options=ALLOWED)


def loaded(infer: Part) -> Scenario:
    """Load is made as well."""
    return rest(infer=infer, options=LOADED)


def _streams(begin: bytes, again: bytes) -> Behaviour:
    """Streams of generated text without an end."""
    good = service(server=OFFERS)

    def behave(peer: Peer) -> None:
        while not peer.stopping.is_set():
            request = peer.request()
            if "generate" in Request.read(request).path:
                peer.send(HEAD.replace(b"application/json", b"text/event-stream") + b"\r\n" + begin)
                while not peer.stopping.wait(0.0001):
                    peer.send(again)
            peer.send(good(request))

    return behave


def _events(make: Callable[[], bytes]) -> Scenario:
    made = functools.cache(make)
    return offering(lambda _: ok(made(), b"Content-Type: text/event-stream"))


SCENARIOS: dict[str, Scenario] = {
    "parts-quadratic": offering(QUADRATIC),
    "parts-brackets-15-mb": offering(late(lambda: b"[" + b"[]," * 5_000_000 + b"[]]")),
    "parts-deep": offering(b'{"model_stats":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "parts-escapes": offering(dump({ESCAPES: ESCAPES, "model_stats": [{"name": ESCAPES, "version": 1}]})),
    "parts-numbers": offering(b'{"model_stats":[{"name":"m","inference_count":1e999,"last":%s}]}' % (b"9" * 5000)),
    "parts-empty": offering(b""),
    "parts-refuse-in-10-mb": offering(late(lambda: b"e" * 10_000_000), infer=lambda _: status(503)),
    "parts-answer-inference": offering(answer()),
    "events-a-million": _events(lambda: b'data: {"text_output":"a"}\n\n' * 500_000),
    "events-one-of-15-mb": _events(lambda: b"data: " + b"e" * 15_000_000 + b"\n\n"),
    "events-of-many-lines": _events(lambda: b"data: e\n" * 1_500_000 + b"\n"),
    "events-quadratic": _events(lambda: (b"data: " + QUADRATIC + b"\n\n") * 50),
    "events-without-end": behaving(_streams(b"", b'data: {"text_output":"a"}\n\n' * 100), options=ALLOWED),
    "event-without-end": behaving(_streams(b"data: ", b"e" * 1000), options=ALLOWED),
    "load-quadratic": loaded(QUADRATIC),
    "load-answer-of-10-mb": loaded(late(lambda: answer(parameters={"p": "p" * 10_000_000}))),
    "load-escapes": loaded(lambda _: status(500, ESCAPES.encode())),
    "load-of-nothing": loaded(lambda _: b""),
}  # fmt: skip
