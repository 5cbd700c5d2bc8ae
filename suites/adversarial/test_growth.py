"""Counts that a client chooses, doubled until they are refused: depth, members, headers, chunks, lengths (Art. 15(4)).

Rows and shapes, whose answers say more, are in ``test_growth_tensors.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.check import check
from harness.criteria import Criterion
from harness.generate.hostile.requests import JSON, chunked
from harness.generate.limits.growth import GRPC_CHANGES, MAKERS, GrowingCount, counts_of, headers_of
from harness.judging.growing import FAR_SIDE_BY_SIDE, SIDE_BY_SIDE, Growth, Send, Workers, unchanged
from harness.judging.hostility import valid_of
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.wire.duplex import Piece
from harness.wire.rawhttp import send_raw
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.route import AnyRoute

DUTIES = ["A15-4-c", "A15-4-i", "A15-5-a"]
CRITERIA = [Criterion.NO_HANG, Criterion.NO_CRASH, Criterion.NO_SILENT_CHANGE]
NESTED, REQUEST = ("nesting",), ("members", "heads")
# Counts of one check that may end in a hang: each costs the time for two requests.
MOST_HUNG = 2
FIX = "Bound what a client may send before any work is done on it, and answer what is beyond with 400 or 413."
CRITERION = (
    "each size is answered with unchanged outputs or refused, in time, and afterwards all of {} requests side by side "
    "are answered"
)


@check(
    "adversarial-nesting-grows",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION.format(SIDE_BY_SIDE),
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["nesting-of-some-depths-held", "nested-value-ends-a-worker"],
    fix="Bound the depth of a body in the parser, and hand nothing on that the next layer cannot hold.",
)
def adversarial_nesting_grows(probe: Probe) -> None:
    """Depth of nesting, doubled, is answered or refused, and survived.

    Lists around the data of an input, and a parameter of lists or of objects in each other, up to 1 024 deep; between
    depths that end differently it is halved. Parsers, validators and worker processes come to their limits at depths
    of their own. ATLAS AML.T0029.
    """
    _grow(probe, "rest", NESTED)


@check(
    "adversarial-request-grows",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION.format(SIDE_BY_SIDE),
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["parameters-beyond-100-change-answer", "many-chunks-held"],
    fix=FIX,
)
def adversarial_request_grows(probe: Probe) -> None:
    """What a request holds, doubled, is answered or refused, and survived.

    Parameters, inputs and outputs asked for, lengths of names and ids, headers and their length, chunks and bytes of
    the body, up to sizes that burden nobody. ATLAS AML.T0029.
    """
    _grow(probe, "rest", REQUEST)


@check(
    "adversarial-grpc-request-grows",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION.format(SIDE_BY_SIDE),
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-parameters-beyond-200-end-a-worker"],
    fix=FIX,
)
def adversarial_grpc_request_grows(probe: Probe) -> None:
    """What a call holds, doubled, is answered or refused, and survived.

    As over REST: parameters, inputs, outputs asked for, lengths of names and ids, metadata of the call.
    """
    _grow(probe, "grpc", REQUEST)


@check(
    "adversarial-request-grows-far",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION.format(FAR_SIDE_BY_SIDE),
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["id-of-a-megabyte-ends-a-worker"],
    allow="stress",
    fix=FIX,
)
def adversarial_request_grows_far(probe: Probe) -> None:
    """The same counts, far beyond what anybody has a use for, are answered or refused, and survived.

    Depths up to 65 536, 64 MiB of body, 65 536 chunks, names of 2 MiB. ATLAS AML.T0029.
    """
    _grow(probe, "rest", (*NESTED, *REQUEST), far=True)


@check(
    "adversarial-grpc-request-grows-far",
    duties=DUTIES,
    criteria=CRITERIA,
    criterion=CRITERION.format(FAR_SIDE_BY_SIDE),
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-id-of-a-megabyte-ends-a-worker"],
    allow="stress",
    fix=FIX,
)
def adversarial_grpc_request_grows_far(probe: Probe) -> None:
    """The same counts of a call, far beyond what anybody has a use for, are answered or refused, and survived.

    As over REST, with calls.
    """
    _grow(probe, "grpc", REQUEST, far=True)


def _grow(probe: Probe, transport: Transport, sets: Iterable[str], *, far: bool = False) -> None:
    route = probe.model.over(transport)
    workers = Workers(probe, route, FAR_SIDE_BY_SIDE if far else SIDE_BY_SIDE)
    if not workers.begin():
        probe.untestable("requests side by side get no answer before anything has grown")
    for name in sets:
        if not _grow_set(probe, workers, name, far=far):
            return


def _grow_set(probe: Probe, workers: Workers, name: str, *, far: bool) -> bool:
    """Grow the counts of one set, and see whether everybody still answers; whether to go on."""
    hung, last = 0, None
    for count in counts_of(name):
        send = _sender(probe, workers.route, count)
        if send is None:
            continue
        growth = Growth(probe, workers, count, send, unchanged(probe, workers.route, count))
        if not growth.run(count.sizes(far=far)):
            return False
        hung, last = hung + growth.hung, growth.last
        if hung >= MOST_HUNG:
            return False
    return last is None or workers.hold(f"the last of the requests that grew in {name}", name, last)


def _sender(probe: Probe, route: AnyRoute, count: GrowingCount) -> Send | None:
    """Sends a count's request of a size over a route; None where the transport has no such count."""
    accepted = route.accepted()
    asking = vary(accepted.request, outputs=accepted.request.outputs or list(route.outputs(accepted.exchange)))
    request = asking if count.name == "many-outputs" else accepted.request
    headers = headers_of(count)
    if route.transport == "grpc":
        change = GRPC_CHANGES.get(count.name)
        if change is None and headers is None:
            return None
        form = probe.model.grpc.accepted().form

        def call(size: int) -> Exchange:
            message: Any = probe.model.grpc.message(request, form)
            if change is not None:
                change(message, size)
            return probe.grpc.call("ModelInfer", message, metadata=headers(size) if headers else ())

        return call
    if count.name == "many-chunks":
        return partial(_in_chunks, probe, count)

    def post(size: int) -> Exchange:
        more = headers(size) if headers else ()
        return probe.client.infer(probe.model.name, MAKERS[count.name](request, size), probe.model.address, more)

    return post


def _in_chunks(probe: Probe, count: GrowingCount, size: int) -> Exchange:
    valid = valid_of(probe)
    body = MAKERS[count.name](probe.accepted().request, size)
    whole = valid.request(JSON, ("Transfer-Encoding", "chunked")) + chunked(body, 1)
    return send_raw(probe.client, [Piece(whole)])[0]
