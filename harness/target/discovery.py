"""Find out what stands behind the endpoint: its server metadata, its models, the forms of address that work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from harness.generate.samples import SampleError, read_data, read_requests
from harness.policy import Policy, SampleTable
from harness.record.exchange import Exchange
from harness.target import known
from harness.target.address import rest_advice
from harness.target.errors import TargetError
from harness.target.known import readable_of
from harness.target.models import ModelUnderTest
from harness.target.target import Target
from harness.target.warming import wait_for_server
from harness.wire.messages import (
    InferRequest,
    ModelMetadata,
    read_model_metadata,
    read_server_metadata,
)
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient


# So an index marks a model that is there and not loaded; it is not under test.
UNAVAILABLE = "UNAVAILABLE"


def discover(
    rest: RestClient | None,
    grpc: GrpcClient | None,
    policy: Policy,
    named: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Target:
    """Reach the endpoint, read its metadata, and list the models under test.

    A server that says it is not ready, and knows nothing of its models yet, is waited for.

    Args:
        rest, grpc: recording clients of the run; at least one.
        policy: the operator's policy (for sample requests and patience).
        named: ``NAME`` or ``NAME:VERSION``; empty means every model that the endpoint lists, and where it lists none,
            every model that the policy has samples for.
        tell: called with a line for whoever watches.

    Raises:
        TargetError: unreachable, neither HTTP nor gRPC, no such model, or none listed and none named. (An endpoint
            that accepts connections and then gives no answer is a finding instead: the checks of the server say so.)
    """
    _reach_all(rest, grpc, policy.endpoint.warm_up)
    target = _found(rest, grpc, policy, named)
    lacking = not target.models or any(not known.is_described(each) for each in target.models)
    if lacking and wait_for_server(target, policy.endpoint.warm_up, tell):
        target = _found(rest, grpc, policy, named)
    if not target.models and target.metadata_exchange.answered:
        lost = known.elsewhere(target)
        raise TargetError(
            lost or "the endpoint lists no models (repository index, GET v2/models): name one with --oip-model"
        )
    known.refuse_unknown(target, is_named=bool(named))
    for model in target.models:
        model.patience = policy.endpoint.warm_up
        model.sequences = target.extension("sequence")
        if model.grpc is not None:
            model.grpc.patience = policy.endpoint.warm_up
            model.grpc.sequences = model.sequences
    return target


def _reach_all(rest: RestClient | None, grpc: GrpcClient | None, patience: float) -> None:
    """Send the first request to each address; what is wrong with both is said at once."""
    problems = []
    for reached in ([] if rest is None else [partial(reach, rest, patience)]) + (
        [] if grpc is None else [partial(_grpc().reach_grpc, grpc, patience)]
    ):
        try:
            reached()
        except TargetError as error:
            problems.append(str(error))
    if problems:
        raise TargetError("; and ".join(problems))


def _found(rest: RestClient | None, grpc: GrpcClient | None, policy: Policy, named: Sequence[str]) -> Target:
    """What the endpoint says of itself now."""
    target = _over_rest(rest, grpc, policy) if rest is not None else _over_grpc(grpc, policy)
    listing = listed_models(rest) if rest is not None else None
    if listing is None and grpc is not None:
        listing = _grpc().grpc_listing(grpc)
    loaded = [row for row in listing or () if row.state != UNAVAILABLE]
    versions = {row.name: row.version for row in reversed(loaded)}
    target.listed = None if listing is None else tuple(dict.fromkeys(row.name for row in loaded))
    target.unloaded = tuple({row.name: None for row in listing or () if row.state == UNAVAILABLE})
    names = [_escaped(name) for name in target.listed or ()]
    if listing is None:
        names = [_escaped(name) for name in policy.samples]
    for text in named or names:
        name, version = split_name(text)
        target.models.append(_model(target, name, version, versions.get(name), named=bool(named)))
    return target


def _grpc() -> ModuleType:
    """Loaded only where it is needed: it needs the extra ``grpc``."""
    from harness.target import grpc_discovery  # noqa: PLC0415

    return grpc_discovery


def _over_rest(rest: RestClient, grpc: GrpcClient | None, policy: Policy) -> Target:
    path, exchange = server_metadata(rest)
    value = readable_of(exchange)
    server = read_server_metadata(value) if exchange.ok and isinstance(value, dict) else None
    return Target(rest, grpc, policy, path, exchange, server)


def _over_grpc(grpc: GrpcClient | None, policy: Policy) -> Target:
    if grpc is None:
        raise TargetError("no address was given, neither for REST nor for gRPC")
    exchange = grpc.server_metadata()
    return Target(None, grpc, policy, "v2", exchange, _grpc().grpc_server(exchange))


def metadata_again(target: Target, model: ModelUnderTest) -> Exchange:
    """Read a model's metadata anew, the way it was read first."""
    if target.rest is not None:
        return target.rest.model_metadata(model.name, model.address)
    assert target.grpc is not None
    return target.grpc.model_metadata(model.name, model.version)


def reach(client: RestClient, patience: float = 0.0) -> None:
    """Send the first request; it may take as long as ``patience``, as a service may be started by it.

    Raises:
        TargetError: nobody answers, or something answers that does not speak HTTP.
    """
    exchange = client.server_live()
    if exchange.timed_out:
        with client.budget.allowing(patience) as seconds:
            exchange = client.send("GET", "/v2/health/live", timeout=seconds)
    if exchange.error is None or exchange.status is not None:
        return
    url, said = client.access.base_url, exchange.error.message
    if exchange.error.kind == "connect":
        raise TargetError(f"cannot reach {url}: {said}")
    advice = rest_advice(client.access)
    if exchange.error.kind == "tls":
        raise TargetError(f"TLS to {url} failed: {said} ({advice or 'see --oip-ca'})")
    if exchange.error.kind == "protocol" or advice:
        raise TargetError(f"{url} does not speak HTTP: {said}{f'; {advice}' if advice else ''}")


def server_metadata(client: RestClient) -> tuple[str, Exchange]:
    """The form of the server metadata path that gives 200, and its answer (REST-HTTP-02)."""
    first = client.server_metadata()
    if first.status == 200:
        return "v2", first
    second = client.server_metadata(slash=True)
    return ("v2/", second) if second.status == 200 else ("v2", first)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a listing."""

    name: str
    version: str | None = None
    state: str = ""


def listed_models(client: RestClient) -> list[Listed] | None:
    """Every model the endpoint lists; None if it offers no listing.

    OIP itself has none: the repository extension's index and ``GET v2/models`` (KServe's own) are what servers offer.
    """
    index = client.send("POST", "/v2/repository/index", body=b"{}")
    rows = readable_of(index)
    if index.status == 200 and isinstance(rows, list):
        return _rows(rows)
    models = client.send("GET", "/v2/models")
    value = readable_of(models)
    if models.status == 200 and isinstance(value, dict) and isinstance(value.get("models"), list):
        return _rows(value["models"])
    return None


def _rows(rows: list[Any]) -> list[Listed]:
    """Names from either listing."""
    found: list[Listed] = []
    for row in rows:
        if isinstance(row, str):
            found.append(Listed(row))
        elif isinstance(row, dict) and isinstance(row.get("name"), str):
            version = row.get("version")
            found.append(
                Listed(row["name"], version if isinstance(version, str) and version else None, str(row.get("state")))
            )
    return found


def split_name(text: str) -> tuple[str, str | None]:
    r"""``NAME`` or ``NAME:VERSION``; a colon inside a name is written ``\:``."""
    parts = text.replace("\\:", "\0").rsplit(":", 1)
    name = parts[0].replace("\0", ":")
    version = parts[1].replace("\0", ":") if len(parts) == 2 else None
    return name, version or None


def _escaped(name: str) -> str:
    return name.replace(":", "\\:")


def _model(target: Target, name: str, version: str | None, listed: str | None, *, named: bool) -> ModelUnderTest:
    """One model, over each transport that there is."""
    table = target.policy.samples.get(name)
    over_grpc = None if target.grpc is None else _grpc().grpc_model(target.grpc, name, version, ())
    if target.rest is None:
        assert over_grpc is not None
        samples = over_grpc.samples = _samples(table, over_grpc.metadata)
        return ModelUnderTest(
            name, version, None, over_grpc.metadata_exchange, over_grpc.metadata, samples, named, over_grpc
        )
    address, exchange = _addressed(target.rest, name, version, listed)
    value = readable_of(exchange)
    metadata: ModelMetadata | None = None
    if exchange.status == 200 and isinstance(value, dict):
        metadata = read_model_metadata(value)
    samples = _samples(table, metadata or (over_grpc.metadata if over_grpc else None))
    if over_grpc is not None:
        over_grpc.samples = samples
    return ModelUnderTest(name, version, address, exchange, metadata, samples, named, over_grpc)


def _addressed(client: RestClient, name: str, version: str | None, listed: str | None) -> tuple[str | None, Exchange]:
    """The version in the paths that work, and the metadata there; where the unversioned path is refused, the listed
    version is tried (VERS-01)."""
    exchange = client.model_metadata(name, version)
    if version is None and exchange.status != 200 and listed is not None:
        again = client.model_metadata(name, listed)
        if again.status == 200:
            return listed, again
    return version, exchange


def _samples(table: SampleTable | None, metadata: ModelMetadata | None) -> tuple[InferRequest, ...]:
    """The samples of the policy, requests first.

    Raises:
        TargetError: they cannot be used.
    """
    if table is None:
        return ()
    if table.requests is None and table.data is None:
        raise TargetError("a table [samples.MODEL] of the policy needs requests = or data =")
    try:
        requests = read_requests(Path(table.requests)) if table.requests is not None else ()
        rows = read_data(Path(table.data), metadata.inputs if metadata else ()) if table.data is not None else ()
    except SampleError as error:
        raise TargetError(str(error)) from error
    return (*requests, *rows)
