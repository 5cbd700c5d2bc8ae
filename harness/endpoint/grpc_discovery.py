"""What can be found out over gRPC: that somebody answers, server metadata, the listing, a model's metadata."""

from __future__ import annotations

from harness.endpoint.address import grpc_advice
from harness.endpoint.errors import EndpointError
from harness.endpoint.grpc_route import GrpcRoute
from harness.endpoint.listed import Listed, TooLong
from harness.record.exchange import Exchange
from harness.wire import protobuf
from harness.wire.messages import ServerMetadata
from harness.wire.reading import MORE_BODY
from harness.wire.rpc import GrpcClient


def reach_grpc(client: GrpcClient, patience: float = 0.0) -> None:
    """Make the first call; it may take as long as ``patience``.

    Raises:
        EndpointError: nobody answers, or something answers that does not speak gRPC.
    """
    exchange = client.server_live()
    if exchange.timed_out:
        with client.budget.allowing(patience) as seconds:
            exchange = client.server_live(timeout=seconds)
    address = client.access.address.place
    if exchange.error is None:
        return
    said = exchange.error.message
    if exchange.error.kind == "connect":
        raise EndpointError(f"cannot reach {address} for gRPC: {said}")
    advice = grpc_advice(client.access) if exchange.status is None else ""
    if exchange.error.kind == "tls":
        raise EndpointError(f"TLS to {address} failed: {said} ({advice or 'see --oip-ca; grpcs:// asks for TLS'})")
    # A server that floods us speaks it, and badly: that is for the checks to say.
    if advice or (exchange.status is None and said.startswith("not HTTP/2")):
        raise EndpointError(f"{address} does not speak gRPC: {said}{f'; {advice}' if advice else ''}")


def grpc_server(exchange: Exchange) -> ServerMetadata | None:
    """Tolerant reading of server metadata."""
    if not exchange.ok:
        return None
    try:
        return protobuf.read_server_metadata(protobuf.parsed("ServerMetadata", exchange.response_body))
    except protobuf.NotAMessage:
        return None


def grpc_listing(client: GrpcClient) -> list[Listed] | None:
    """Every model in the repository index; None if there is none.

    Raises:
        TooLong: it is more than is read.
    """
    exchange = client.call("RepositoryIndex")
    if exchange.cut:
        raise TooLong(f"the list of models is more than is read: {MORE_BODY}", [])
    if not exchange.ok:
        return None
    try:
        rows = protobuf.parsed("RepositoryIndex", exchange.response_body).models
    except protobuf.NotAMessage:
        return None
    return [
        Listed(row.name, row.version or None, "UNAVAILABLE" if row.state.endswith("UNAVAILABLE") else row.state)
        for row in rows
        if row.name
    ]


def grpc_route(
    client: GrpcClient,
    name: str,
    version: str | None,
) -> GrpcRoute:
    """A model as it is reached over gRPC; without metadata if there is none."""
    exchange = client.model_metadata(name, version)
    metadata = None
    if exchange.ok:
        try:
            metadata = protobuf.read_model_metadata(protobuf.parsed("ModelMetadata", exchange.response_body))
        except protobuf.NotAMessage:
            metadata = None
    return GrpcRoute(client, name, version, exchange, metadata)
