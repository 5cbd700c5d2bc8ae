"""Inferences that are sent to be looked for in a log, each with an id that no other request has."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from harness.endpoint.route import AnyRoute, with_id
from harness.probing.menu.answers import whole
from harness.probing.probe import Probe
from harness.probing.replies import refused
from harness.record.exchange import Exchange, Transport
from harness.record.intent import meant
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

NO_OUTPUT = "no-such-output-7f3a"
# Of the requests, so many are refused.
MISTAKES = 5


@dataclass(frozen=True, slots=True)
class SentInference:
    """One request.

    Attributes:
        id: of the request; earlier runs have not sent it, so that it differs from run to run.
        refused: whether the endpoint has refused it; otherwise it was answered.
        due: what an entry is to say, by our name of the column; what the answer does not say is left out.
    """

    id: str
    exchange: Exchange
    refused: bool
    due: dict[str, str]


def send_to_be_logged(probe: Probe, transport: Transport, requests: int) -> list[SentInference]:
    """Send so many right requests and a few mistakes, one after the other; what got no answer is left out."""
    route = probe.model.over(transport)
    request = route.accepted().request
    found: list[SentInference] = []
    for identity in _ids(requests):
        found += _asked(route, with_id(request, identity))
    with meant("neither"):
        for identity in _ids(MISTAKES):
            found += _asked(route, vary(with_id(request, identity), outputs=[NO_OUTPUT]))
    return found


def _asked(route: AnyRoute, request: InferRequest) -> list[SentInference]:
    """The request that was sent; none where it got no answer, or was sent anew because the endpoint was away."""
    with route.client.recorder.watching() as seen:
        exchange = route.ask(request)
    once = len(seen) == 1 and (exchange.ok or refused(exchange))
    return [_sent(route, str(request.id), exchange)] if once else []


def _ids(number: int) -> Iterator[str]:
    run = uuid.uuid4().hex
    return (f"art15-{run}-{each}" for each in range(number))


def _sent(route: AnyRoute, identity: str, exchange: Exchange) -> SentInference:
    answer = whole(exchange) if exchange.ok else None
    due = {"id": identity, "model": route.name, "request_sha256": _digest(exchange.request_body)}
    if exchange.ok:
        due["response_sha256"] = _digest(exchange.response_body)
    version = answer.members.get("model_version") if answer is not None else None
    if isinstance(version, str) and version:
        due["version"] = version
    return SentInference(identity, exchange, refused(exchange), due)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
