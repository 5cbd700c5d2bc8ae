"""Kinds of requests: everything that requests to one model can differ in, each difference a kind of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from harness.endpoint.rest_route import RestRoute
from harness.endpoint.route import AnyRoute
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.waiting import wait
from harness.wire.binary import binary_request
from harness.wire.duplex import Piece
from harness.wire.messages import InferRequest
from harness.wire.rawhttp import head, send_raw
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcRoute

Send = Callable[[InferRequest], Exchange]

IDENTITY, MARK = "a15-company", {"a15_company": "a15-mark"}
NO_OUTPUT, NO_VERSION = "a15-no-such-output", "987654321"
FEW, SEVERAL, MANY = 1, 3, 9
# The first mistakes are sent as calls as well: what answers those answers the rest.
GRPC_MISTAKES = 2


@dataclass(frozen=True, slots=True)
class RequestKind:
    """A kind of request.

    Attributes:
        name: for people; unique on a menu.
        send: sends values in this kind of request.
        rows: of its batches, where it is not as many as usual.
        valid: whether the protocol allows it; else its answer may be a refusal, and alone is asked what it is.
        judged: whether it has an answer at all.
        twin: whether it can have the very values of another request.
        beside: whether it is sent beside others even where it is refused.
    """

    name: str
    send: Send
    rows: int | None = None
    valid: bool = True
    judged: bool = True
    twin: bool = True
    beside: bool = False


def rest_kinds(
    route: RestRoute, outputs: Sequence[str], versions: Sequence[str], *, batches: bool, binary: bool
) -> Iterator[RequestKind]:
    """Kinds over REST, the plain one first, and then those that tell most."""
    yield RequestKind("a plain request", route.ask)
    if batches:
        yield RequestKind(f"a batch of {FEW}", route.ask, rows=FEW, twin=False)
        yield RequestKind(f"a batch of {MANY}", route.ask, rows=MANY, twin=False)
    yield from _of_any(route, outputs, versions)
    if binary:
        yield RequestKind("a binary request", lambda request: _binary(route, request))
        yield RequestKind("a request in JSON for a binary answer", _asking_binary(route), twin=False)
    yield RequestKind("nested data", lambda request: _nested(route, request))
    if free := _of_free_shape(route):
        yield RequestKind("data in another shape", lambda request: route.ask(_reshaped(request, free)), rows=SEVERAL)
    yield from _mistakes(route)
    if batches:
        empty = _meant_wrong(lambda request: route.ask(_emptied(request)))
        yield RequestKind("an empty batch", empty, valid=False, twin=False, beside=True)
    yield RequestKind("a body that is no JSON", lambda _: _no_json(route), valid=False, twin=False)
    yield RequestKind(
        "a client that hangs up", lambda request: _hung_up(route, request), valid=False, judged=False, twin=False
    )


def grpc_kinds(
    route: GrpcRoute, outputs: Sequence[str], versions: Sequence[str], *, batches: bool
) -> Iterator[RequestKind]:
    """Kinds over gRPC, the plain one first."""
    yield RequestKind("a plain call over gRPC", route.ask)
    if (other := route.other_form) is not None:
        otherwise = partial(route.infer, form=other)
        yield RequestKind(f"{other} contents over gRPC", otherwise)
        if batches:
            yield RequestKind(f"a batch of {MANY} in {other} contents over gRPC", otherwise, rows=MANY, twin=False)
    mistakes = itertools.islice(_mistakes(route), GRPC_MISTAKES)
    for kind in (*_of_any(route, outputs[-1:], versions[-1:]), *mistakes):
        yield replace(kind, name=f"{kind.name} over gRPC")


def _of_any(route: AnyRoute, outputs: Sequence[str], versions: Sequence[str]) -> Iterator[RequestKind]:
    """Valid kinds that there are over every transport."""
    for name in dict.fromkeys([*outputs[:1], *outputs[-1:]]):
        yield RequestKind(f"a request for output {name!r} alone", _asking(route, name))
    if len(outputs) > 1:
        yield RequestKind("a request for all outputs in reverse", _asking(route, *outputs[::-1]), twin=False)
    yield RequestKind("a request with id and parameters", _marked(route))
    for version in versions:
        yield RequestKind(f"a request for version {version!r}", route.at(version).ask)


def _mistakes(route: AnyRoute) -> Iterator[RequestKind]:
    """Mistakes that hold the data of a right request: what answers by the data alone answers them as well."""

    def misshapen(request: InferRequest) -> Exchange:
        return route.ask(vary(request, inputs=[replace(each, shape=(1, *each.shape)) for each in request.inputs]))

    yield RequestKind("a shape of too many dimensions", _meant_wrong(misshapen), valid=False)
    yield RequestKind("an output that is not there", _meant_wrong(_asking(route, NO_OUTPUT)), valid=False)
    yield RequestKind("a version that is not there", _meant_wrong(route.at(NO_VERSION).ask), valid=False)


def _of_free_shape(route: RestRoute) -> frozenset[str]:
    """Inputs whose first two dimensions both vary, so that the same elements can have more than one shape."""
    inputs = route.metadata.inputs if route.metadata is not None else ()
    return frozenset(each.name for each in inputs if each.shape[:2] == (-1, -1))


def _emptied(request: InferRequest) -> InferRequest:
    inputs = [replace(each, shape=(0, *each.shape[1:]), elements=()) for each in request.inputs]
    return vary(request, inputs=inputs)


def _reshaped(request: InferRequest, names: frozenset[str]) -> InferRequest:
    """The same elements, with the first two dimensions exchanged."""
    inputs = [
        replace(each, shape=(each.shape[1], each.shape[0], *each.shape[2:])) if each.name in names else each
        for each in request.inputs
    ]
    return vary(request, inputs=inputs)


def _asking(route: AnyRoute, *outputs: str) -> Send:
    return lambda request: route.ask(vary(request, outputs=outputs))


def _asking_binary(route: AnyRoute) -> Send:
    return lambda request: route.ask(vary(request, parameters={"binary_data_output": True}))


def _marked(route: AnyRoute) -> Send:
    return lambda request: route.ask(vary(replace(request, id=IDENTITY), parameters=MARK))


def _meant_wrong(send: Send) -> Send:
    def sent(request: InferRequest) -> Exchange:
        with meant("neither"):
            return send(request)

    return sent


def _nested(route: RestRoute, request: InferRequest) -> Exchange:
    with meant("valid"):
        return route.infer(request.to_bytes(nested=True))


def _binary(route: RestRoute, request: InferRequest) -> Exchange:
    """Inputs and outputs in binary; where outputs are listed, each keeps its own setting."""
    body = binary_request(vary(request, parameters={"binary_data_output": True}))
    with meant("valid"):
        return route.client.infer(route.name, body.body, route.version, body.headers)


def _no_json(route: RestRoute) -> Exchange:
    with meant("invalid"):
        return route.infer(b'{"inputs": [')


def _hung_up(route: RestRoute, request: InferRequest) -> Exchange:
    """Half of a request, and the connection closed."""
    body = route.body_of(request)
    path = route.client.model_path(route.name, route.version, "infer")
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    sent = head(route.client, "POST", path, headers) + body[: len(body) // 2]
    found = send_raw(route.client, [Piece(sent, 0.005)], hang_up=True)[0]
    # The endpoint may need a moment to notice.
    wait(0.01)
    return found
