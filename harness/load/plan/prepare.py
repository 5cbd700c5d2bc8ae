"""Makes a plan for an endpoint: finds a model, builds a case from its metadata, sees a right answer, twice.

Runs in a process of its own (``python -m harness.load.plan.prepare``, wishes as JSON on standard input, the plan on
standard output), because locust patches sockets and threads and the clients here should not be patched.
"""

from __future__ import annotations

import secrets
import ssl
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from harness.generate.inputs import candidates
from harness.load.plan.answers import Given, template_from
from harness.load.plan.full_check import same_outputs
from harness.load.plan.load_plan import ID_WIDTH, Bounds, Connections, ExpectedAnswer, LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import Schedule, Stage
from harness.load.records.rows import Status
from harness.record.quoting import clip
from harness.wire.messages import InferRequest, ModelMetadata, read_model_metadata

PATIENCE_S = 10.0
_PORTS = {"http": 80, "https": 443, "grpc": 8001, "grpcs": 443}
_JSON = {"content-type": "application/json"}
_SERVICE = "/inference.GRPCInferenceService/"


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


def plan_for(wishes: PlanRequest) -> LoadPlan:
    """Ask the endpoint and make the plan.

    Raises:
        NoPlan: there is no such endpoint or model, or no request that it answers well.
        ValueError: the wishes make no plan.
    """
    url = urlsplit(wishes.url)
    if url.scheme not in _PORTS or not url.hostname:
        raise NoPlan(f"{wishes.url!r} is no address: http, https, grpc or grpcs, and a host")
    case = _grpc_case(wishes) if url.scheme.startswith("grpc") else _rest_case(wishes)
    stage = Stage(seconds=wishes.seconds, rate=wishes.rate, arrivals=_arrivals(wishes.arrivals))
    return LoadPlan(
        transport="grpc" if url.scheme.startswith("grpc") else "http",
        host=url.hostname,
        port=url.port or _PORTS[url.scheme],
        tls=url.scheme in {"https", "grpcs"},
        ca_file=wishes.ca_file,
        cert_file=wishes.cert_file,
        key_file=wishes.key_file,
        headers=wishes.headers,
        cases=(case,),
        schedule=Schedule(stages=(stage,)),
        level=ServiceLevel(latency_s=wishes.latency_s, percentile=wishes.percentile),
        bounds=Bounds(),
        connections=Connections(cap=wishes.connections),
        seed=wishes.seed,
        prefix=secrets.token_hex(4),
        timeout_s=wishes.timeout_s,
        max_rate=wishes.max_rate,
    )


def _arrivals(name: str) -> Any:  # noqa: ANN401 -- one of two literals
    if name not in {"constant", "poisson"}:
        raise ValueError(f"arrivals are constant or poisson, not {name!r}")
    return name


def _rest_case(wishes: PlanRequest) -> LoadCase:
    url = urlsplit(wishes.url)
    prefix = url.path.rstrip("/")
    context: ssl.SSLContext | bool = True
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=wishes.ca_file or None)
        if wishes.cert_file:
            context.load_cert_chain(wishes.cert_file, wishes.key_file or None)
    base = f"{url.scheme}://{url.netloc}{prefix}"
    headers = dict(wishes.headers)
    with httpx.Client(verify=context, headers=headers, timeout=PATIENCE_S, trust_env=False) as client:
        try:
            model = wishes.model or _first(_json(client.post(f"{base}/v2/repository/index", json={})))
            path = f"/v2/models/{model}" + (f"/versions/{wishes.version}" if wishes.version else "")
            metadata = read_model_metadata(_json(client.get(base + path)))
            for before, after in _bodies(metadata):
                mark = _mark()
                answer = client.post(f"{base}{path}/infer", content=before + mark + after, headers=_JSON)
                if answer.is_success:
                    case = _case(model, f"{prefix}{path}/infer", before, after, mark, answer.content)
                    other = _mark()
                    again = client.post(f"{base}{path}/infer", content=case.body(other), headers=_JSON)
                    return _varying(case, other, answer.content, again.content) if again.is_success else case
                why = f"HTTP {answer.status_code} {clip(answer.text, 200)}"
        except httpx.HTTPError as error:
            raise NoPlan(f"{wishes.url} cannot be asked: {error!r}") from None
    raise NoPlan(f"model {model!r} answers no request made from its metadata: {why}")


def _case(name: str, path: str, before: bytes, after: bytes, mark: bytes, body: bytes) -> LoadCase:
    template = template_from(body, mark)
    if template is None:
        # Without the id in the answer nobody can tell whose it is; the bytes are still compared.
        return LoadCase(name=f"{name} (id not in the answer)", path=path, before=before + mark + after, has_id=False)
    answer = ExpectedAnswer(before=template.before, after=template.after)
    return LoadCase(name=name, path=path, before=before, after=after, answer=answer)


def _varying(case: LoadCase, mark: bytes, first: bytes, second: bytes) -> LoadCase:
    """The case, marked if two answers to it say different things: then none can be judged by another.

    ``mark``: the id of the second request; the first answer is taken with that id in it, where it has one.
    """
    has_id = case.has_id and case.answer is not None
    reference = case.answer.before + mark + case.answer.after if has_id and case.answer else first
    fault = same_outputs(Given(0, 0, mark if has_id else b"", second, reference))
    differs = fault is not None and fault.status is Status.WRONG_ANSWER
    return msgspec.structs.replace(case, varies=True) if differs else case


def _mark() -> bytes:
    return secrets.token_hex(ID_WIDTH // 2).encode()


def _bodies(metadata: ModelMetadata) -> Iterator[tuple[bytes, bytes]]:
    found = list(candidates(metadata.inputs))
    if not found:
        raise NoPlan(f"the metadata of model {metadata.name!r} names no inputs that can be filled")
    mark = b"0" * ID_WIDTH
    for each in found:
        request = InferRequest(inputs=each.inputs, id=mark.decode())
        before, _, after = request.to_bytes().partition(mark)
        yield before, after


def _json(answer: httpx.Response) -> object:
    if not answer.is_success:
        raise NoPlan(f"{answer.request.method} {answer.request.url} answers {answer.status_code}")
    try:
        return answer.json()
    except ValueError:
        raise NoPlan(f"{answer.request.method} {answer.request.url} answers no JSON") from None


def _first(index: object) -> str:
    entries = index if isinstance(index, list) else []
    names = [each["name"] for each in entries if isinstance(each, dict) and each.get("state", "READY") == "READY"]
    if not names:
        raise NoPlan("the repository's index names no ready model: name one (--oip-model)")
    return str(names[0])


def _grpc_case(wishes: PlanRequest) -> LoadCase:
    import grpc  # noqa: PLC0415 -- of the extra `grpc`

    from harness.wire import protobuf  # noqa: PLC0415

    url = urlsplit(wishes.url)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    address = f"{host}:{url.port or _PORTS[url.scheme]}"
    channel = (
        grpc.secure_channel(address, _credentials(wishes)) if url.scheme == "grpcs" else grpc.insecure_channel(address)
    )

    def call(method: str, request: bytes) -> bytes:
        unary = channel.unary_unary(_SERVICE + method)
        metadata = [(name.lower(), value) for name, value in wishes.headers]
        return bytes(unary(request, timeout=PATIENCE_S, metadata=metadata))

    why = ""
    with channel:
        try:
            model = wishes.model or _first_grpc(call("RepositoryIndex", b""))
            asked = protobuf.message("ModelMetadata", "Request")
            asked.name, asked.version = model, wishes.version
            metadata = protobuf.read_model_metadata(
                protobuf.parsed("ModelMetadata", call("ModelMetadata", asked.SerializeToString()))
            )
            for each in candidates(metadata.inputs):
                mark = _mark()
                wanted = InferRequest(inputs=each.inputs, id=mark.decode())
                body = protobuf.infer_message(model, wishes.version or None, wanted, "raw").SerializeToString()
                before, _, after = body.partition(mark)
                try:
                    answer = call("ModelInfer", body)
                except grpc.RpcError as error:
                    why = clip(str(error), 200)
                    continue
                case, other = _case(model, _SERVICE + "ModelInfer", before, after, mark, answer), _mark()
                try:
                    return _varying(case, other, answer, call("ModelInfer", case.body(other)))
                except grpc.RpcError:
                    return case
        except grpc.RpcError as error:
            raise NoPlan(f"{wishes.url} cannot be asked: {error}") from None
    raise NoPlan(f"model {model!r} answers no request made from its metadata: {why}")


def _first_grpc(data: bytes) -> str:
    from harness.wire import protobuf  # noqa: PLC0415

    found = protobuf.parsed("RepositoryIndex", data)
    return _first([{"name": each.name, "state": each.state or "READY"} for each in found.models])


def _credentials(wishes: PlanRequest) -> Any:  # noqa: ANN401 -- grpc.ChannelCredentials
    import grpc  # noqa: PLC0415

    def read(path: str) -> bytes | None:
        if not path:
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()

    return grpc.ssl_channel_credentials(read(wishes.ca_file), read(wishes.key_file), read(wishes.cert_file))


def main() -> int:
    """Wishes in, plan out; exit code 1 and a sentence where there is none."""
    try:
        plan = plan_for(msgspec.json.decode(sys.stdin.buffer.read(), type=PlanRequest))
    except (NoPlan, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(plan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
