"""What an engine is made of: the protocol's connections, TLS, a worker's share of a number."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.load import http1
from harness.load.plan import LoadPlan

if TYPE_CHECKING:
    from harness.load.engine import Engine


def protocol(plan: LoadPlan) -> tuple[Callable[[Engine, int], Any], list[Any]]:
    """How connections are made, and the cases prepared for them."""
    if plan.transport == "http":
        return http1.Http1, [http1.prepare(plan, case) for case in plan.cases]
    from harness.load import http2  # noqa: PLC0415 -- needs hpack, of the extra `grpc`

    return http2.Http2, [http2.prepare(plan, case) for case in plan.cases]


def tls_of(plan: LoadPlan) -> ssl.SSLContext:
    """Trust, client certificate and ALPN of a plan."""
    context = ssl.create_default_context(cafile=plan.ca_file or None)
    if plan.cert_file:
        context.load_cert_chain(plan.cert_file, plan.key_file or None)
    context.set_alpn_protocols(["h2"] if plan.transport == "grpc" else ["http/1.1"])
    return context


def part(whole: int, worker: int, workers: int) -> int:
    """One worker's share of a number that all have together."""
    return whole // workers + (worker < whole % workers)
