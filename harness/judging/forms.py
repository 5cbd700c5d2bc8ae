"""One request in every form that a transport has for it, again and again: each form gets one answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.criteria import Criterion
from harness.generate.distinct import distinct
from harness.judging.mixed_up import VARIES
from harness.judging.passive.repeated import DifferingRequest, RepeatedRequests
from harness.probing.baseline import PacedRoute, paced_route
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.record.intent import meant
from harness.wire.binary import EXTENSION, binary_request
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

SAME = Criterion.SAME_ANSWER.clause
# Requests with other values in each form, and how often each is sent.
REQUESTS, TIMES = 2, 8
VERSIONS = 3

Send = Callable[[InferRequest], Exchange]


def ask_in_every_form(probe: Probe, transport: Transport) -> None:
    """One case for each form in which a request was answered, told apart by what came of the same bytes."""
    way = paced_route(probe, transport)
    requests = [way.base, *distinct(way.base, REQUESTS)][:REQUESTS]
    taken = []
    for name, send in _forms(probe, way).items():
        seen = RepeatedRequests()
        answered = _sent(way, send, requests, seen)
        if not answered:
            probe.observe(f"{name}: refused, or without an answer")
            continue
        taken.append(name)
        for differing in seen.of(transport):
            _report(probe, name, differing)
        probe.holds(True, clause=SAME, expected="one answer", observed=f"{name}: {answered} answers")
    if not taken:
        probe.untestable("the model takes no form but the plainest, which other checks ask for")
    probe.observe(f"{REQUESTS} requests, again and again, in these forms: {', '.join(taken)}")


def _sent(way: PacedRoute, send: Send, requests: list[InferRequest], seen: RepeatedRequests) -> int:
    """Each request in turns, twice in a row, each answer shown to ``seen``; gives how many were answered.

    A form whose first is refused is not asked for more.
    """
    answered = 0
    for number in range(way.affordable(REQUESTS * TIMES, least=2 * REQUESTS)):
        exchange = send(requests[number // 2 % len(requests)])
        answered += exchange.ok
        if not answered:
            break
        seen.look(exchange, None)
    return answered


def _report(probe: Probe, name: str, differing: DifferingRequest) -> None:
    words, shown = differing.others[0]
    observed = f"{name}: {words}; {differing.odd} of {differing.count} answers are not as the first"
    # One error among answers may be the moment's; it is told, and does not fail.
    once = differing.kind == "error" and differing.odd < 2
    probe.holds(False, clause=SAME, expected="one answer to one request", observed=observed, exchange=shown,
                root=VARIES, mild=once)  # fmt: skip


def _forms(probe: Probe, way: PacedRoute) -> dict[str, Send]:
    """Ways to send a request beside the plainest, by their names."""
    route = way.route
    found: dict[str, Send] = {}
    if route.metadata is not None and route.metadata.outputs:
        name = route.metadata.outputs[-1].name
        found["one output asked for"] = lambda request: route.ask(vary(request, outputs=(name,)))
    found |= _rest_forms(probe) if route.transport == "rest" else _grpc_forms(probe)
    versions = route.metadata.versions if route.metadata else ()
    for version in versions[-VERSIONS:]:
        found[f"version {version}"] = route.at(version).ask
    return found


def _rest_forms(probe: Probe) -> dict[str, Send]:
    client, model = probe.client, probe.model

    def binary(request: InferRequest) -> Exchange:
        with meant("neither"):
            body = binary_request(vary(request, parameters={"binary_data_output": True}))
            return client.infer(model.name, body.body, model.address, body.headers)

    forms: dict[str, Send] = {"nested": lambda request: client.infer(model.name, request.to_bytes(nested=True))}
    if probe.endpoint.extension(EXTENSION):
        forms["binary, both ways"] = binary
    return forms


def _grpc_forms(probe: Probe) -> dict[str, Send]:
    other = probe.model.grpc.other_form
    return {} if other is None else {f"{other} contents": partial(probe.model.grpc.infer, form=other)}
