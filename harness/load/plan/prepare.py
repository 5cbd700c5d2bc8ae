"""Makes a plan for an endpoint: finds a model, builds a case from its metadata, sees a right answer, twice.

Runs in a process of its own (``python -m harness.load.plan.prepare``, a :class:`PlanRequest` as JSON on standard input,
the plan on standard output), because locust patches sockets and threads and the clients here should not be patched.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from harness.budget import Budget, Limits
from harness.check import Untestable
from harness.generate.inputs import candidates
from harness.load.plan.cases import SentCase, marked_if_varying, send_grpc, send_rest
from harness.load.plan.load_plan import ID_WIDTH, Bounds, Connections, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import Schedule, Stage
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.record.redact import Redactor
from harness.record.unkept import unkept
from harness.wire.access import Access, AccessError
from harness.wire.address import is_grpc, read_any
from harness.wire.messages import InferRequest, ModelMetadata, read_model_metadata
from harness.wire.rest import RestClient, json_of
from harness.wire.strictjson import NotJson, TooMuch

PATIENCE_S = 10.0


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the plan should be like.

    Attributes:
        url: ``http``, ``https``, ``grpc`` or ``grpcs``, host, port and for HTTP a path prefix.
        model, version: empty: the first ready one that the repository's index names.
        rate, seconds, arrivals, seed: of the schedule.
        latency_s, percentile: of the service level.
        headers: sent with every request.
    """

    url: str
    model: str = ""
    version: str = ""
    rate: float = 50.0
    seconds: float = 30.0
    arrivals: str = "poisson"
    seed: int = 0
    latency_s: float = 0.1
    percentile: float = 0.99
    connections: int = 256
    timeout_s: float = 5.0
    max_rate: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class NoPlan(Exception):
    """No plan can be made; says why."""


def plan_for(wanted: PlanRequest) -> LoadPlan:
    """Ask the endpoint and make the plan.

    Raises:
        NoPlan: there is no such endpoint or model, or no request that it answers well.
        ValueError: the request makes no plan.
    """
    access = _access(wanted)
    over_grpc = is_grpc(wanted.url)
    stage = Stage(seconds=wanted.seconds, rate=wanted.rate, arrivals=_arrivals(wanted.arrivals))
    try:
        case = (_over_grpc if over_grpc else _over_rest)(wanted, access)
    except (AccessError, Untestable) as error:
        raise NoPlan(f"{wanted.url} cannot be asked: {error}") from None
    return LoadPlan(
        transport="grpc" if over_grpc else "http",
        host=access.address.host,
        port=access.address.port,
        tls=access.address.tls,
        ca_file=wanted.ca_file,
        cert_file=wanted.cert_file,
        key_file=wanted.key_file,
        headers=wanted.headers,
        cases=(case,),
        schedule=Schedule(stages=(stage,)),
        level=ServiceLevel(latency_s=wanted.latency_s, percentile=wanted.percentile),
        bounds=Bounds(),
        connections=Connections(cap=wanted.connections),
        seed=wanted.seed,
        prefix=secrets.token_hex(4),
        timeout_s=wanted.timeout_s,
        max_rate=wanted.max_rate,
    )


def _access(wanted: PlanRequest) -> Access:
    """How the endpoint is reached; one of gRPC is written as HTTP, as its client takes it."""
    return Access(
        read_any(wanted.url),
        headers=wanted.headers,
        ca=wanted.ca_file or None,
        cert=wanted.cert_file or None,
        key=wanted.key_file or None,
    )


def _arrivals(name: str) -> Any:  # noqa: ANN401 -- one of two literals
    if name not in {"constant", "poisson"}:
        raise ValueError(f"arrivals are constant or poisson, not {name!r}")
    return name


def _over_rest(wanted: PlanRequest, access: Access) -> LoadCase:
    version = wanted.version or None
    with RestClient(access, unkept(Redactor()), _budget()) as client:
        model = wanted.model or _first(_json(wanted, client.send("POST", "/v2/repository/index", b"{}")))
        metadata = read_model_metadata(_json(wanted, client.send("GET", client.model_path(model, version))))
        return _first_answered(metadata, model, lambda request, mark: send_rest(client, model, version, request, mark))


def _over_grpc(wanted: PlanRequest, access: Access) -> LoadCase:
    from harness.wire import protobuf  # noqa: PLC0415 -- of the extra `grpc`
    from harness.wire.rpc import GrpcClient  # noqa: PLC0415

    version = wanted.version or None
    with GrpcClient(access, unkept(Redactor()), _budget()) as client:
        model = wanted.model or _first_of_grpc(_answered(wanted, client.call("RepositoryIndex")).response_body)
        asked = _answered(wanted, client.model_metadata(model, version))
        metadata = protobuf.read_model_metadata(protobuf.parsed("ModelMetadata", asked.response_body))
        return _first_answered(metadata, model, lambda request, mark: send_grpc(client, model, version, request, mark))


def _first_answered(metadata: ModelMetadata, model: str, send: Callable[[InferRequest, str], SentCase]) -> LoadCase:
    """The first request made from the metadata that is answered well, sent a second time to see whether it varies."""
    found = list(candidates(metadata.inputs))
    if not found:
        raise NoPlan(f"the metadata of model {metadata.name!r} names no inputs that can be filled")
    why = ""
    for each in found:
        try:
            sent = send(InferRequest(inputs=each.inputs), _mark())
        except ValueError as error:  # a data type that the form does not have
            why = str(error)
            continue
        if sent.exchange.ok:
            return _seen_twice(sent)
        why = _words(sent.exchange)
    raise NoPlan(f"model {model!r} answers no request made from its metadata: {why}")


def _seen_twice(sent: SentCase) -> LoadCase:
    case = sent.case()
    if not case.has_id:
        # Without the id in the answer nobody can tell whose it is; the bytes are still compared.
        case = msgspec.structs.replace(case, name=f"{case.name} (id not in the answer)")
    mark = _mark().encode()
    again = sent.send(case.body(mark))
    if not again.ok:
        return case
    return marked_if_varying(case, mark, sent.exchange.response_body, again.response_body)


def _budget() -> Budget:
    return Budget(Limits(request_seconds=PATIENCE_S))


def _answered(wanted: PlanRequest, exchange: Exchange) -> Exchange:
    if exchange.error is not None:
        raise NoPlan(f"{wanted.url} cannot be asked: {exchange.error.message}")
    if not exchange.ok:
        raise NoPlan(f"{exchange.method} {exchange.url} answers {_words(exchange)}")
    return exchange


def _words(exchange: Exchange) -> str:
    """What the endpoint said, shortened."""
    if exchange.error is not None:
        return exchange.error.message
    if exchange.rpc is not None:
        return f"{exchange.rpc.name} {clip(exchange.rpc.details, 200)}"
    return f"HTTP {exchange.status} {clip(exchange.response_body.decode('utf-8', 'replace'), 200)}"


def _mark() -> str:
    return secrets.token_hex(ID_WIDTH // 2)


def _json(wanted: PlanRequest, exchange: Exchange) -> object:
    try:
        return json_of(_answered(wanted, exchange)).value
    except (NotJson, TooMuch):
        raise NoPlan(f"{exchange.method} {exchange.url} answers no JSON") from None


def _first(index: object) -> str:
    entries = index if isinstance(index, list) else []
    names = [each["name"] for each in entries if isinstance(each, dict) and each.get("state", "READY") == "READY"]
    if not names:
        raise NoPlan("the repository's index names no ready model: name one (--oip-model)")
    return str(names[0])


def _first_of_grpc(data: bytes) -> str:
    from harness.wire import protobuf  # noqa: PLC0415

    found = protobuf.parsed("RepositoryIndex", data)
    return _first([{"name": each.name, "state": each.state or "READY"} for each in found.models])


def main() -> int:
    """Request in, plan out; exit code 1 and a sentence where there is none."""
    try:
        plan = plan_for(msgspec.json.decode(sys.stdin.buffer.read(), type=PlanRequest))
    except (NoPlan, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(plan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
