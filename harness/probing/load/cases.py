"""Prepared requests for load: bytes around the id, and the answer that was validated before the load began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import msgspec

from harness.endpoint.models import ModelUnderTest
from harness.endpoint.rest_route import NESTED, RestRoute, outputs_of
from harness.endpoint.route import AnyRoute
from harness.generate.distinct import distinct
from harness.load.plan.cases import SentCase, send_binary, send_grpc, send_rest
from harness.load.plan.load_plan import ID_WIDTH, LoadCase
from harness.probing.load.memory import LoadMemories
from harness.record.exchange import Transport
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.probing.probe import Probe
    from harness.wire.rpc import GrpcClient

# More than one, so that an answer to another request shows; few, so that preparing stays quick.
DISTINCT = 4


def cases_for(probe: Probe, transport: Transport) -> tuple[LoadCase, ...]:
    """Several small requests of the model under test with different answers; found once for all checks.

    Ends the check where the model accepts none.
    """
    memory = probe.model.memory.of(LoadMemories).over(transport)
    if memory.cases is None:
        base = probe.model.over(transport).accepted().request
        memory.cases = _differing(case_of(probe, transport, each) for each in distinct(base, 3 * DISTINCT))
    if not memory.cases:
        probe.untestable("no prepared request is answered")
    return memory.cases


def case_of(
    probe: Probe,
    transport: Transport,
    request: InferRequest,
    *,
    name: str = "",
    weight: float = 1.0,
    model: ModelUnderTest | None = None,
) -> LoadCase | None:
    """The request as a case, sent once for its answer; None where that is no good one."""
    chosen = model or probe.model
    try:
        sent = sent_over(chosen.over(transport), request, mark_of(probe, request))
    except ValueError:
        return None  # a data type that one of the forms does not have
    good = sent.exchange.ok and chosen.over(transport).outputs(sent.exchange)
    return _named(sent, name or chosen.id, weight) if good else None


def binary_case(probe: Probe, request: InferRequest, *, name: str = "", weight: float = 1.0) -> LoadCase | None:
    """The request with its tensors in binary (extension of REST); None where that is not answered well."""
    model = probe.model
    try:
        sent = send_binary(probe.client, model.name, model.address, request, mark_of(probe, request))
    except ValueError:
        return None
    good = sent.exchange.ok and outputs_of(sent.exchange)
    return _named(sent, name or model.id, weight) if good else None


def varies(probe: Probe, transport: Transport) -> bool:
    """Whether the model's answers to one request differ from each other, declared or seen."""
    return probe.declared_varying or not probe.model.over(transport).steady()


def sent_over(route: AnyRoute, request: InferRequest, mark: str) -> SentCase:
    """Send a request once over a route, with ``mark`` as its id.

    Raises:
        ValueError: the request has no such form; nothing was sent.
    """
    if isinstance(route, RestRoute):
        return send_rest(route.client, route.name, route.version, request, mark, nested=route.requires == NESTED)
    client: GrpcClient = cast("GrpcClient", route.client)
    return send_grpc(client, route.name, route.version, request, mark)


def _named(sent: SentCase, name: str, weight: float) -> LoadCase:
    return msgspec.structs.replace(sent.case(), name=name, weight=weight)


def mark_of(probe: Probe, request: InferRequest) -> str:
    """An id that stands nowhere else, the same for the same seed and request."""
    return hashlib.sha256(f"{probe.endpoint.seed} {request.inputs}".encode()).hexdigest()[:ID_WIDTH]


def _differing(cases: Iterable[LoadCase | None]) -> tuple[LoadCase, ...]:
    """The first few whose answers differ; like ones where there are no others."""
    new: list[LoadCase] = []
    like: list[LoadCase] = []
    for case in cases:
        if case is None:
            continue
        (like if any(case.answer == each.answer for each in new) else new).append(case)
        if len(new) >= DISTINCT:
            break
    return tuple((new or like)[:DISTINCT])
