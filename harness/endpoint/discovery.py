"""Find out what stands behind the endpoint: its server metadata, its models, the forms of address that work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.endpoint import known
from harness.endpoint.address import rest_advice
from harness.endpoint.bounds import most_elements
from harness.endpoint.describing import describe_all, grpc_part
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.errors import EndpointError
from harness.endpoint.known import readable_of
from harness.endpoint.listing import listing_of
from harness.endpoint.warming import wait_for_server
from harness.policy import Policy
from harness.record.exchange import Exchange
from harness.wire.messages import read_server_metadata
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient


_COLON = re.compile(r"(?<!\\):")


def discover(
    rest: RestClient | None,
    grpc: GrpcClient | None,
    policy: Policy,
    named: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Endpoint:
    """Reach the endpoint, read its metadata, and list the models under test.

    A server that says it is not ready, and knows nothing of its models yet, is waited for.

    Args:
        rest, grpc: recording clients of the run; at least one.
        policy: the operator's policy (for sample requests and patience).
        named: ``NAME`` or ``NAME:VERSION``; empty means every model that the endpoint lists, and where it lists none,
            every model that the policy has samples for.
        tell: called with a line for whoever watches.

    Raises:
        EndpointError: unreachable, neither HTTP nor gRPC, no such model, or none listed and none named. (An endpoint
            that accepts connections and then gives no answer is a finding instead: the checks of the server say so.)
    """
    _reach_all(rest, grpc, policy.endpoint.warm_up)
    endpoint = _found(rest, grpc, policy, named)
    lacking = not (endpoint.models or endpoint.beyond) or any(not known.is_described(each) for each in endpoint.models)
    if lacking and wait_for_server(endpoint, policy.endpoint.warm_up, tell):
        endpoint = _found(rest, grpc, policy, named)
    if not (endpoint.models or endpoint.beyond) and endpoint.metadata_exchange.answered:
        lost = known.elsewhere(endpoint)
        raise EndpointError(
            lost or "the endpoint lists no models (repository index, GET v2/models): name one with --oip-model"
        )
    known.refuse_unknown(endpoint, is_named=bool(named))
    for route in (route for model in endpoint.models for route in model.routes.values()):
        route.elements, route.patience = most_elements(route.metadata, policy.limits), policy.endpoint.warm_up
        route.sequences = endpoint.extension("sequence")
    return endpoint


def _reach_all(rest: RestClient | None, grpc: GrpcClient | None, patience: float) -> None:
    """Send the first request to each address; what is wrong with both is said at once."""
    problems = []
    for reached in ([] if rest is None else [partial(reach, rest, patience)]) + (
        [] if grpc is None else [partial(grpc_part().reach_grpc, grpc, patience)]
    ):
        try:
            reached()
        except EndpointError as error:
            problems.append(str(error))
    if problems:
        raise EndpointError("; and ".join(problems))


def _found(rest: RestClient | None, grpc: GrpcClient | None, policy: Policy, named: Sequence[str]) -> Endpoint:
    """What the endpoint says of itself now."""
    endpoint = _over_rest(rest, grpc, policy) if rest is not None else _over_grpc(grpc, policy)
    listing = listing_of(rest, grpc)
    endpoint.listed, endpoint.unloaded = listing.names, listing.unloaded
    wanted: list[tuple[str, str | None]] = [split_name(text) for text in dict.fromkeys(named)]
    if not named:
        # Models that the policy has a word for come first: of very many, only so many are probed.
        names = tuple(policy.samples) if not listing.there else listing.loaded
        own = [name for name in names if name in policy.samples or name in policy.models]
        chosen = names if len(names) <= policy.limits.models else tuple(dict.fromkeys([*own, *names]))
        wanted = [(name, None) for name in chosen]
    unread = "" if named else listing.unread
    describe_all(endpoint, wanted, listing.versions, named=bool(named), unread=unread)
    return endpoint


def _over_rest(rest: RestClient, grpc: GrpcClient | None, policy: Policy) -> Endpoint:
    path, exchange = server_metadata(rest)
    value = readable_of(exchange)
    server = read_server_metadata(value) if exchange.ok and isinstance(value, dict) else None
    return Endpoint(rest, grpc, policy, path, exchange, server)


def _over_grpc(grpc: GrpcClient | None, policy: Policy) -> Endpoint:
    if grpc is None:
        raise EndpointError("no address was given, neither for REST nor for gRPC")
    exchange = grpc.server_metadata()
    return Endpoint(None, grpc, policy, "v2", exchange, grpc_part().grpc_server(exchange))


def reach(client: RestClient, patience: float = 0.0) -> None:
    """Send the first request; it may take as long as ``patience``, as a service may be started by it.

    Raises:
        EndpointError: nobody answers, or something answers that does not speak HTTP.
    """
    exchange = client.server_live()
    if exchange.timed_out:
        with client.budget.allowing(patience) as seconds:
            exchange = client.server_live(timeout=seconds)
    if exchange.error is None or exchange.status is not None:
        return
    url, said = client.access.address.url, exchange.error.message
    if exchange.error.kind == "connect":
        raise EndpointError(f"cannot reach {url}: {said}")
    advice = rest_advice(client.access)
    if exchange.error.kind == "tls":
        raise EndpointError(f"TLS to {url} failed: {said} ({advice or 'see --oip-ca'})")
    if exchange.error.kind == "protocol" or advice:
        raise EndpointError(f"{url} does not speak HTTP: {said}{f'; {advice}' if advice else ''}")


def server_metadata(client: RestClient) -> tuple[str, Exchange]:
    """The form of the server metadata path that gives 200, and its answer (REST-HTTP-02)."""
    first = client.server_metadata()
    if first.status == 200:
        return "v2", first
    second = client.server_metadata(slash=True)
    return ("v2/", second) if second.status == 200 else ("v2", first)


def split_name(text: str) -> tuple[str, str | None]:
    r"""``NAME`` or ``NAME:VERSION``; a colon inside a name is written ``\:``. Every other character is itself."""
    colons = [found.start() for found in _COLON.finditer(text)]
    name, version = (text[: colons[-1]], text[colons[-1] + 1 :]) if colons else (text, "")
    return name.replace("\\:", ":"), version.replace("\\:", ":") or None
