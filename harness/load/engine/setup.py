"""What an engine is made of: the protocol's connections, address, TLS, a worker's share of a number."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent.socket

from harness.load.engine import http1
from harness.load.plan.load_plan import LoadPlan
from harness.wire import tls

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext, PooledConnection

_TRY_S = 0.5


def protocol(plan: LoadPlan) -> tuple[Callable[[EngineContext, int], PooledConnection], list[Any]]:
    """How connections are made, and the cases prepared for them."""
    if plan.transport == "http":
        return http1.Http1, [http1.prepare(plan, case) for case in plan.cases]
    from harness.load.engine import http2  # noqa: PLC0415 -- needs hpack, of the extra `grpc`

    return http2.Http2, [http2.prepare(plan, case) for case in plan.cases]


def address_of(plan: LoadPlan) -> tuple[int, Any]:
    """Family and address of the endpoint: of several the first that connects, of none that does the first.

    Raises:
        OSError: the name cannot be resolved.
    """
    found = [(each[0], each[4]) for each in gevent.socket.getaddrinfo(plan.host, plan.port, type=socket.SOCK_STREAM)]
    # A host without IPv6 still resolves "localhost" to ::1 first.
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    if len(found) == 1:
        return found[0]
    return next((each for each in found if _connects(*each)), found[0])


def _connects(family: int, address: Any) -> bool:  # noqa: ANN401 -- as the family has it
    try:
        with gevent.socket.socket(family, socket.SOCK_STREAM) as made:
            made.settimeout(_TRY_S)
            made.connect(address)
    except OSError:
        return False
    return True


def server_name(plan: LoadPlan) -> str:
    """Name for SNI and the certificate's check: the authority without port and brackets, or the host."""
    return tls.server_name(plan.authority or plan.host)


def tls_of(plan: LoadPlan) -> ssl.SSLContext:
    """Trust, client certificate and ALPN of a plan."""
    protocol = tls.HTTP2 if plan.transport == "grpc" else tls.HTTP1
    return tls.verifying(plan.ca_file or None, plan.cert_file or None, plan.key_file or None, protocol)


def part(whole: int, worker: int, workers: int) -> int:
    """One worker's share of a number that all have together."""
    return whole // workers + (worker < whole % workers)
