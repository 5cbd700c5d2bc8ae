"""Waiting until the endpoint says that it is ready, where somebody asked for that: before anything else is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from harness.endpoint.warming import POLL_SECONDS, says_not_ready
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.client import Client
from harness.wire.presence import refuses

# Whoever watches is told again after so many seconds.
TOLD_AGAIN = 10.0


def wait_until_ready(
    clients: Sequence[Client],
    models: Sequence[tuple[str, str | None]],
    seconds: float,
    tell: Callable[[str], None],
) -> None:
    """Wait while an address takes no connection, or the server, or one of the models, is not ready.

    An endpoint that has no such thing as readiness is not waited for. One that is not ready in time is probed as it is:
    what it says of itself is then for the checks.

    Args:
        clients: of each address.
        models: name and version of those that were asked for.
        seconds: for everything together; the time budget of the run begins afterwards.
        tell: called with a line for whoever watches.

    Raises:
        BudgetExhausted, AccessError: nothing more can be sent.
    """
    begin, told = time.monotonic(), -TOLD_AGAIN
    while (lacking := next(_lacking(clients, models), "")) and (passed := time.monotonic() - begin) < seconds:
        if passed - told >= TOLD_AGAIN:
            tell(f"waiting up to {seconds:g} s until the endpoint is ready: {lacking} ({passed:.0f} s so far)")
            told = passed
        wait(min(POLL_SECONDS, seconds - passed))
    passed = time.monotonic() - begin
    if lacking:
        tell(f"not ready after {passed:.0f} s ({lacking}): probed as it is")
    elif told >= 0:
        tell(f"ready after {passed:.0f} s")
    for client in clients:
        client.budget.begin()


def _lacking(clients: Sequence[Client], models: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    """What is not ready yet, in words; asked one after the other, until something is not."""
    for client in clients:
        place = client.access.address.place
        if refuses(client.access, 0.0):
            yield f"nobody takes connections at {place}"
        asks: list[tuple[str, Callable[[], Exchange]]] = [("the server", client.server_ready)]
        asks += [(f"model {name!r}", partial(client.model_ready, name, version)) for name, version in models]
        for what, ask in asks:
            exchange = ask()
            if exchange.error is not None and exchange.status is None:
                yield f"{what} at {place} gave no answer"
            elif says_not_ready(exchange):
                yield f"{what} at {place} is not ready"
