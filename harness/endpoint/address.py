"""An address that is nearly right: what was asked there, and which address answers instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.access import Access
from harness.wire.address import Address
from harness.wire.greeting import greeting
from harness.wire.rest import RestClient

# Further up than so many segments nobody has put the service by mistake.
SEGMENTS = 6
# So begin the metrics of Prometheus, which servers offer on a port of their own.
_METRICS = ("# HELP", "# TYPE")


def rest_advice(access: Access) -> str:
    """What the port of a REST address speaks, where that is not what was asked for; empty if nothing can be said."""
    heard = greeting(access)
    address, port = access.address, access.address.place
    if heard.tls and not address.tls:
        return f"this port speaks TLS: write {replace(address, tls=True).url}"
    if heard.http2:
        return (
            f"this port speaks HTTP/2, as gRPC does: if it is the gRPC port, give it as --oip-grpc {port}, or alone as "
            f"--endpoint grpc://{port} (for REST art15 speaks HTTP/1.1: one that takes HTTP/2 only needs a proxy)"
        )
    if heard.http1 and address.tls:
        return f"this port speaks plain HTTP: write {replace(address, tls=False).url}"
    return ""


def grpc_advice(access: Access) -> str:
    """What the port of a gRPC address speaks, where that is not what was asked for; empty if nothing can be said."""
    heard = greeting(access)
    is_tls, port = access.address.tls, access.address.place
    if heard.tls and not is_tls:
        return f"this port speaks TLS: write grpcs://{port}"
    if heard.http1:
        return f"this port speaks HTTP/1.1, not gRPC: if it is the REST port, give it as --endpoint http://{port}"
    if heard.http2 and is_tls:
        return f"this port speaks HTTP/2 without TLS: write grpc://{port}"
    return ""


def elsewhere(client: RestClient, asked: Sequence[Exchange]) -> str:
    """What was asked in vain, and the base URL nearby that answers, if one does."""
    said = ", ".join(f"{each.method} {each.url}: {each.status or 'no answer'}" for each in asked)
    found = f"nothing of the protocol is answered at {client.access.address.url} ({said})"
    for exchange in asked:
        moved = exchange.header("location")
        if exchange.status is not None and 300 <= exchange.status < 400 and moved:
            return f"{found}; it sends on to {clip(moved, 200)}: give the base URL of that as --endpoint"
    for above in _above(client.access.address):
        if _answers(client, above):
            return f"{found}; {above.url} answers: write --endpoint {above.url}"
    if any(each.status in (401, 403) for each in asked):
        return f"{found}; it asks for credentials: ART15_TOKEN, --oip-token-command or --oip-header"
    if not client.access.address.path and _is_metrics(client):
        return f"{found}; it is a port for metrics: give the one for inference"
    return (
        f"{found}; a path prefix belongs into the URL (http://HOST:PORT/PREFIX), and where requests are routed by "
        f"name, the name into --oip-authority"
    )


def unimplemented(asked: Exchange) -> str:
    """What a call that nobody implements says of the address; empty for any other answer."""
    if asked.rpc is None or asked.rpc.name != "UNIMPLEMENTED":
        return ""
    return (
        f"{asked.url} is answered UNIMPLEMENTED: there is no service of the protocol at this address; where calls are "
        f"routed by name, give the name as --oip-authority"
    )


def _above(address: Address) -> list[Address]:
    """The address with less of a path, the longest first."""
    segments = [each for each in address.path.split("/") if each][:SEGMENTS]
    paths = ["".join(f"/{each}" for each in segments[:count]) for count in reversed(range(len(segments)))]
    return [replace(address, path=path) for path in paths]


def _answers(client: RestClient, above: Address) -> bool:
    """Whether server metadata or liveness is answered below another path of the same origin."""
    other = RestClient(client.access.beside(above), client.recorder, client.budget)
    with other:
        return other.server_metadata().status == 200 or other.server_live().status == 200


def _is_metrics(client: RestClient) -> bool:
    exchange = client.send("GET", "/metrics")
    return exchange.status == 200 and exchange.response_body[:200].decode("latin-1").lstrip().startswith(_METRICS)
