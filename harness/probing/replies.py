"""Readings of an answer that several checks share: facts in words, never verdicts."""

from __future__ import annotations

from typing import Any

from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire import strictjson
from harness.wire.pace import NOT_NOW
from harness.wire.rest import json_of

# As NOT_NOW over gRPC: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE.
NOT_NOW_RPC = (4, 8, 14)


def status_of(exchange: Exchange) -> str:
    """The status, or why there was no complete answer."""
    if exchange.error is not None:
        return f"{exchange.error.kind}: {exchange.error.message}"
    if exchange.rpc is not None:
        return f"{exchange.rpc.name}{f' ({clip(exchange.rpc.details, 200)})' if exchange.rpc.details else ''}"
    return f"status {exchange.status}"


def object_or_none(exchange: Exchange) -> dict[str, Any] | None:
    """The JSON object in the body, or None if there is none."""
    try:
        value = json_of(exchange).value
    except strictjson.NotJson:
        return None
    return value if isinstance(value, dict) else None


def refused(exchange: Exchange) -> bool:
    """A complete answer with an error status; of a gRPC call, with any status but OK."""
    if exchange.rpc is not None:
        return exchange.error is None and exchange.rpc.code != 0
    return exchange.error is None and exchange.status is not None and 400 <= exchange.status <= 599


def not_now(exchange: Exchange) -> bool:
    """An answer that speaks of the moment, and not of the request."""
    if exchange.rpc is not None:
        return exchange.rpc.code in NOT_NOW_RPC
    return exchange.error is None and exchange.status in NOT_NOW


def error_object_problem(exchange: Exchange) -> str | None:
    """Why the body of an error is not the protocol's error object ``{"error": string}``; None if it is."""
    body = object_or_none(exchange)
    if body is None:
        return "the body is no JSON object" if exchange.response_body else "the body is empty"
    if "error" not in body:
        return f"a JSON object without the member error (it has: {', '.join(sorted(body)) or 'none'})"
    return None if isinstance(body["error"], str) else "the member error is no string"


def error_root(exchange: Exchange) -> str:
    """The root cause that a missing error object belongs to: the shape of the body, whatever request provoked it.

    Servers build these bodies in one place (FastAPI's 422 with ``detail`` is the usual one), so all checks that meet
    the same shape share one finding.
    """
    body = object_or_none(exchange)
    if body is None:
        shape = f"body-{exchange.media_type or 'untyped'}" if exchange.response_body else "body-empty"
    else:
        shape = "error-not-a-string" if "error" in body else "members-" + "-".join(sorted(body)[:3])
    return f"error-object-missing:{exchange.status}:{shape}"
