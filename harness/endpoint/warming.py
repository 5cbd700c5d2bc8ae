"""Warming up before anything is judged: a server that is not ready yet is waited for, and a first answer may be slow.

Nothing that is sent here decides a clause: what a cold endpoint does is no case of any.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from harness.budget import BudgetExhausted
from harness.check import EndpointLost, Untestable
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.target import Target
from harness.generate.inputs import candidates
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire import strictjson
from harness.wire.access import AccessError
from harness.wire.rest import json_of

POLL_SECONDS = 1.0
TOLD_SECONDS = 2.0
# A model that takes longer than this for an inference is asked once more, to tell a cold one from a slow one.
QUICK_SECONDS = 1.0
# A slow model may take so many times what it was seen to take, and is searched with fewer draws.
ROOM = 3.0
SLOW_EXAMPLES = 5
# Statuses by which a server says that there is no such thing here, or not for everybody: nothing to wait for.
_ABSENT = frozenset({401, 403, 404, 405, 421, 501})
_UNAVAILABLE = 14


def says_not_ready(exchange: Exchange) -> bool:
    """Whether an answer to a question of readiness says "not yet" (and neither "no such thing" nor "not for you")."""
    if exchange.rpc is not None:
        if exchange.rpc.code:
            return exchange.rpc.code == _UNAVAILABLE
        # A message of ours without fields says false: it is what protobuf leaves out.
        return exchange.response_body == b""
    if exchange.status is None or exchange.status in _ABSENT or 300 <= exchange.status < 400:
        return False
    if exchange.status != 200:
        return True
    try:
        value = json_of(exchange).value
    except strictjson.NotJson:
        return False
    return isinstance(value, dict) and value.get("ready") is False


def wait_for_server(target: Target, seconds: float, tell: Callable[[str], None]) -> bool:
    """Wait while the server says that it is not ready; whether there was anything to wait for."""

    def ask() -> Exchange:
        if target.rest is not None:
            return target.rest.server_ready()
        assert target.grpc is not None
        return target.grpc.server_ready()

    return _waited(ask, "the server", seconds, tell)


def warm_up(target: Target, seconds: float, *, fixed: bool, tell: Callable[[str], None]) -> None:
    """The first inference of each model over each transport, with all the patience there is; notes slow models.

    Args:
        seconds: patience for each; the time budget of the run bounds it.
        fixed: whether somebody has said how long one request may take; otherwise a slow model gets the time it needs.
        tell: called with a line for whoever watches.
    """
    slowest = 0.0
    try:
        for model in target.models:
            for way in _ways(target, model):
                if seconds > 0:
                    slowest = max(slowest, _warm(way, seconds, tell, target))
    except (BudgetExhausted, AccessError, EndpointLost, Untestable):
        # What becomes of an endpoint that goes away here, or of a budget that is spent, is for the run to say.
        return
    client = target.rest or target.grpc
    assert client is not None
    usual = client.budget.request_seconds
    if slowest <= QUICK_SECONDS:
        return
    target.examples = min(target.examples, SLOW_EXAMPLES)
    text = f"an inference takes {slowest:.3g} s: searches draw {target.examples} times at most"
    if slowest > usual / 2 and not fixed:
        client.budget.request_seconds = max(usual, ROOM * slowest)
        text += f", and one request may take {client.budget.request_seconds:.3g} s instead of {usual:g} s"
    elif slowest > usual:
        text += f", and what needs an answer is untestable within {usual:g} s: give --oip-timeout {ROOM * slowest:.0f}"
    if client.budget.limits.seconds is None:
        text += "; the whole run may take hours: --oip-time-budget SECONDS bounds it"
    elif client.budget.limits.by_profile:
        text += f"; the profile gives the whole run {client.budget.limits.seconds:g} s (see --oip-time-budget)"
    target.remarks.append(text)


@dataclass(frozen=True, slots=True)
class _Way:
    """One model over one transport."""

    what: str
    infer: Callable[[float], Exchange]
    ready: Callable[[], Exchange]
    slow: Callable[[float], None]


def _ways(target: Target, model: ModelUnderTest) -> Iterator[_Way]:
    inputs = model.metadata.inputs if model.metadata else ()
    rest, grpc = target.rest, model.grpc
    request = next(chain(model.samples[:1], candidates(inputs, most=model.elements)), None)
    if request is None:
        return
    if rest is not None:
        yield _Way(
            f"model {model.id!r}",
            lambda limit: model.infer(rest, request, timeout=limit),
            lambda: rest.model_ready(model.name, model.address),
            model.takes.append,
        )
    if grpc is not None:
        yield _Way(
            f"model {model.id!r} over gRPC",
            lambda limit: grpc.infer(request, grpc.form_of(request), timeout=limit),
            lambda: grpc.client.model_ready(model.name, model.version),
            model.takes.append,
        )


def _warm(way: _Way, seconds: float, tell: Callable[[str], None], target: Target) -> float:
    """Seconds that an inference takes when the model is warm; 0 where none was answered."""
    client = target.rest or target.grpc
    assert client is not None
    with client.budget.allowing(seconds) as limit:
        exchange = _told(way, limit, tell)
        if exchange.answered and not exchange.ok and _waited(way.ready, way.what, seconds, tell):
            exchange = way.infer(limit)
        if not exchange.answered:
            target.remarks.append(f"{way.what}: no answer to the first inference within {limit:.3g} s")
            return 0.0
        took = _seconds(exchange)
        if took > QUICK_SECONDS and client.budget.seconds_left > 2 * took:
            again = way.infer(limit)
            took = _seconds(again) if again.answered else took
        way.slow(took)
        return took if exchange.ok else 0.0


def _told(way: _Way, limit: float, tell: Callable[[str], None]) -> Exchange:
    """The first inference; where it takes its time, a line says what is waited for."""
    timer = threading.Timer(
        TOLD_SECONDS, tell, [f"warming up: the first inference of {way.what} may take {limit:.3g} s"]
    )
    timer.daemon = True
    timer.start()
    try:
        return way.infer(limit)
    finally:
        timer.cancel()


def _waited(ask: Callable[[], Exchange], what: str, seconds: float, tell: Callable[[str], None]) -> bool:
    """Ask until it is ready or the time is over; whether it said that it was not."""
    deadline = time.monotonic() + seconds
    if seconds <= 0 or not says_not_ready(ask()):
        return False
    tell(f"{what} is not ready; waiting up to {seconds:g} s")
    while time.monotonic() < deadline:
        wait(min(POLL_SECONDS, seconds))
        if not says_not_ready(ask()):
            break
    return True


def _seconds(exchange: Exchange) -> float:
    return (exchange.end_ns - exchange.start_ns) / 1e9
