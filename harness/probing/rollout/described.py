"""How a model describes itself now, over either transport."""

from __future__ import annotations

from harness.endpoint.known import readable_of
from harness.endpoint.route import AnyRoute
from harness.record.exchange import Exchange
from harness.wire.messages import ModelMetadata, read_model_metadata


def described(route: AnyRoute) -> tuple[Exchange, ModelMetadata | None]:
    """Ask for the metadata; None where there is none that can be read."""
    exchange = route.read_metadata()
    return exchange, metadata_in(exchange)


def metadata_in(exchange: Exchange) -> ModelMetadata | None:
    """The metadata in an answer; None where there is none that can be read."""
    if not exchange.ok:
        return None
    if exchange.rpc is None:
        value = readable_of(exchange)
        return read_model_metadata(value) if isinstance(value, dict) else None
    from harness.wire import protobuf  # noqa: PLC0415 -- needs the extra grpc

    try:
        return protobuf.read_model_metadata(protobuf.parsed("ModelMetadata", exchange.response_body))
    except protobuf.NotAMessage:
        return None
