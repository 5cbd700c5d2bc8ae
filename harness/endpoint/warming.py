"""Warming up before anything is judged: a server that is not ready yet is waited for, and a first answer may be slow.

Nothing that is sent here decides a clause: what a cold endpoint does is no case of any.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import chain

from harness.budget import BudgetExhausted
from harness.check import EndpointLost, Untestable
from harness.endpoint.advice import out_of_time
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.route import AnyRoute
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire import strictjson
from harness.wire.access import AccessError
from harness.wire.messages import InferRequest
from harness.wire.rest import json_of

POLL_SECONDS = 1.0
TOLD_SECONDS = 2.0
# A model that takes longer than this for an inference is asked once more, to tell a cold one from a slow one.
QUICK_SECONDS = 1.0
# A slow model may take so many times what it was seen to take, and is searched with fewer draws.
ROOM = 3.0
SLOW_EXAMPLES = 5
# It is not, where so many inferences would be more than is left of the time.
SPARE = 10
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
    except (strictjson.NotJson, strictjson.TooMuch):
        return False
    return isinstance(value, dict) and value.get("ready") is False


def wait_for_server(endpoint: Endpoint, seconds: float, tell: Callable[[str], None]) -> bool:
    """Wait while the server says that it is not ready; whether there was anything to wait for."""
    return wait_while_unready(endpoint.first.server_ready, "the server", seconds, tell)


def warm_up(endpoint: Endpoint, seconds: float, *, fixed: bool, tell: Callable[[str], None]) -> None:
    """The first inference of each model over each transport, with all the patience there is; notes slow models.

    Args:
        seconds: patience for each; the time budget of the run bounds it.
        fixed: whether somebody has said how long one request may take; otherwise a slow model gets the time it needs.
        tell: called with a line for whoever watches.
    """
    slowest = 0.0
    try:
        for model in endpoint.models:
            request = next(chain(model.samples[:1], model.route.candidates()), None)
            if request is None or seconds <= 0:
                continue
            for route in model.routes.values():
                slowest = max(slowest, _warm(model, route, request, seconds, tell, endpoint))
    except (BudgetExhausted, AccessError, EndpointLost, Untestable):
        # What becomes of an endpoint that goes away here, or of a budget that is spent, is for the run to say.
        return
    client = endpoint.first
    usual = client.budget.request_seconds
    if slowest <= QUICK_SECONDS:
        return
    endpoint.examples = min(endpoint.examples, SLOW_EXAMPLES)
    text = f"an inference takes {slowest:.3g} s: searches draw {endpoint.examples} times at most"
    if slowest > usual / 2 and not fixed:
        client.budget.request_seconds = max(usual, ROOM * slowest)
        text += f", and one request may take {client.budget.request_seconds:.3g} s instead of {usual:g} s"
    elif slowest > usual:
        text += f", and what needs an answer is untestable within {usual:g} s: give --oip-timeout {ROOM * slowest:.0f}"
    if client.budget.limits.seconds is None:
        text += "; the whole run may take hours: --oip-time-budget SECONDS bounds it"
    elif client.budget.limits.by_profile:
        text += f"; the profile gives the whole run {client.budget.limits.seconds:g} s (see --oip-time-budget)"
    endpoint.remarks.append(text)


def first_inference(route: AnyRoute, request: InferRequest, seconds: float) -> float | None:
    """Ask once, with as much patience; seconds that it took, None where nothing came.

    Of a candidate, as of the endpoint under test, nothing is held against it that was asked of it cold.
    """
    with route.client.budget.allowing(seconds) as limit:
        exchange = route.ask(request, timeout=limit)
    return _seconds(exchange) if exchange.answered and not out_of_time(exchange) else None


def _warm(
    model: ModelUnderTest, route: AnyRoute, request: InferRequest, seconds: float, tell: Callable[[str], None],
    endpoint: Endpoint,
) -> float:  # fmt: skip
    """Seconds that an inference takes when the model is warm; 0 where none was answered."""
    budget, what = route.client.budget, f"model {model.id!r}{route.over}"
    with budget.allowing(seconds) as limit:
        infer = partial(route.ask, request, timeout=limit)
        exchange = _told(infer, f"{what} may take {limit:.3g} s", tell)
        refused = exchange.answered and not exchange.ok and not out_of_time(exchange)
        if refused and wait_while_unready(route.ready, what, seconds, tell):
            exchange = infer()
        if not exchange.answered or out_of_time(exchange):
            mend = "more is given by --oip-timeout SECONDS, within --oip-time-budget"
            endpoint.remarks.append(f"{what}: no answer to the first inference within {limit:.3g} s; {mend}")
            return 0.0
        took = _seconds(exchange)
        if took > QUICK_SECONDS and budget.seconds_left > SPARE * took:
            again = infer()
            took = _seconds(again) if again.answered else took
        model.takes.append(took)
        return took if exchange.ok else 0.0


def _told(infer: Callable[[], Exchange], what: str, tell: Callable[[str], None]) -> Exchange:
    """The first inference; where it takes its time, a line says what is waited for."""
    timer = threading.Timer(TOLD_SECONDS, tell, [f"warming up: the first inference of {what}"])
    timer.daemon = True
    timer.start()
    try:
        return infer()
    finally:
        timer.cancel()


def wait_while_unready(ask: Callable[[], Exchange], what: str, seconds: float, tell: Callable[[str], object]) -> bool:
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
