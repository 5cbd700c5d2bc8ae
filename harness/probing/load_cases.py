"""Prepared requests for load: bytes around the id, and the answer that was validated before the load began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from harness.endpoint.models import NESTED, ModelUnderTest, outputs_of, with_id
from harness.generate.distinct import distinct
from harness.load.plan.answers import template_from
from harness.load.plan.load_plan import ID_WIDTH, ExpectedAnswer, Headers, LoadCase
from harness.probing.grpc_replies import outputs as grpc_outputs
from harness.probing.lanes import Transport
from harness.probing.load_memory import LoadMemories
from harness.wire.binary import BinaryBody, binary_request
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.probing.probe import Probe

# More than one, so that an answer to another request shows; few, so that preparing stays quick.
DISTINCT = 4
GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"
_JSON = "application/json"


def cases_for(probe: Probe, way: Transport) -> tuple[LoadCase, ...]:
    """Several small requests of the model under test with different answers; found once for all checks.

    Ends the check where the model accepts none.
    """
    memory = probe.model.memory.of(LoadMemories).over(way)
    if memory.cases is None:
        base = probe.accepted().request if way == "rest" else probe.grpc_model.accepted().request
        memory.cases = _differing(case_of(probe, way, each) for each in distinct(base, 3 * DISTINCT))
    if not memory.cases:
        probe.untestable("no prepared request is answered")
    return memory.cases


def case_of(
    probe: Probe,
    way: Transport,
    request: InferRequest,
    *,
    name: str = "",
    weight: float = 1.0,
    model: ModelUnderTest | None = None,
) -> LoadCase | None:
    """The request as a case, sent once for its answer; None where that is no good one."""
    target = model or probe.model
    make = _rest if way == "rest" else _grpc
    return make(probe, target, request, name or target.id, weight)


def binary_case(probe: Probe, request: InferRequest, *, name: str = "", weight: float = 1.0) -> LoadCase | None:
    """The request with its tensors in binary (extension of REST); None where that is not answered well."""
    model = probe.model
    mark = _mark(probe, request)
    try:
        body: BinaryBody = binary_request(with_id(request, mark))
    except ValueError:
        return None
    path = probe.client.model_path(model.name, model.address, "infer")
    exchange = probe.client.send("POST", path, body.body, body.headers)
    if not exchange.ok or not outputs_of(exchange):
        return None
    kind = next((value for key, value in body.headers if key.lower() == "content-type"), _JSON)
    rest: Headers = tuple((key, value) for key, value in body.headers if key.lower() != "content-type")
    whole = LoadCase(
        name=name or model.id, path=probe.client.access.prefix + path, before=body.body, weight=weight,
        content_type=kind,
        headers=rest,
    )  # fmt: skip
    return _around(whole, mark, exchange.response_body)


def varies(probe: Probe, way: Transport) -> bool:
    """Whether the model's answers to one request differ from each other, declared or seen."""
    table = probe.target.policy.models.get(probe.model.name)
    if table is not None and table.nondeterministic:
        return True
    return not (probe.model.steady(probe.client) if way == "rest" else probe.grpc_model.steady())


def _rest(probe: Probe, model: ModelUnderTest, request: InferRequest, name: str, weight: float) -> LoadCase | None:
    mark = _mark(probe, request)
    body = with_id(request, mark).to_bytes(nested=model.requires == NESTED)
    path = probe.client.model_path(model.name, model.address, "infer")
    exchange = probe.client.send("POST", path, body)
    if not exchange.ok or not outputs_of(exchange):
        return None
    whole = LoadCase(name=name, path=probe.client.access.prefix + path, before=body, weight=weight)
    return _around(whole, mark, exchange.response_body)


def _grpc(probe: Probe, model: ModelUnderTest, request: InferRequest, name: str, weight: float) -> LoadCase | None:
    from harness.wire.protobuf import infer_message  # noqa: PLC0415 -- needs the extra grpc

    if model.grpc is None:
        return None
    mark = _mark(probe, request)
    try:
        message = infer_message(model.name, model.grpc.version, with_id(request, mark), "raw")
        exchange = model.grpc.client.call("ModelInfer", message)
        if not exchange.ok:
            message = infer_message(model.name, model.grpc.version, with_id(request, mark), "typed")
            exchange = model.grpc.client.call("ModelInfer", message)
    except ValueError:
        return None  # a data type that one of the forms does not have
    if not exchange.ok or not grpc_outputs(exchange):
        return None
    whole = LoadCase(name=name, path=GRPC_PATH, before=message.SerializeToString(), weight=weight, content_type="")
    return _around(whole, mark, exchange.response_body)


def _around(whole: LoadCase, mark: str, answer: bytes) -> LoadCase:
    """The case taken apart around the id."""
    template = template_from(answer, mark.encode())
    before, found, after = whole.before.partition(mark.encode())
    if template is None or not found:
        return msgspec.structs.replace(whole, has_id=False)
    validated = ExpectedAnswer(before=template.before, after=template.after)
    return msgspec.structs.replace(whole, before=before, after=after, answer=validated)


def _mark(probe: Probe, request: InferRequest) -> str:
    """An id that stands nowhere else, the same for the same seed and request."""
    return hashlib.sha256(f"{probe.target.seed} {request.inputs}".encode()).hexdigest()[:ID_WIDTH]


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
