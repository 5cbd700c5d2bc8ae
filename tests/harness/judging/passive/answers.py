"""Exchanges as a run records them, made by hand."""

from __future__ import annotations

import json
from typing import Any

from harness.record.exchange import Exchange, Failure, Headers, RpcStatus

INFER = "http://127.0.0.1:8080/v2/models/iris/infer"
SERVICE = "http://127.0.0.1:9000/inference.GRPCInferenceService"
JSON = (("Content-Type", "application/json"),)
PYTHON = 'Traceback (most recent call last):\n  File "/app/m.py", line 3, in predict\nValueError: bad'


def rest(
    status: int = 200,
    answer: Any = None,
    *,
    url: str = INFER,
    method: str = "POST",
    body: bytes = b"{}",
    request_headers: Headers = JSON,
    headers: Headers = JSON,
    version: str = "HTTP/1.1",
    error: Failure | None = None,
) -> Exchange:
    """An exchange over REST; ``answer`` is sent as it is if bytes, else as JSON."""
    return _exchange(
        method=method,
        url=url,
        http_version=version,
        request_headers=request_headers,
        request_body=body,
        status=status,
        response_headers=headers,
        response_body=answer if isinstance(answer, bytes) else json.dumps(answer).encode(),
        error=error,
    )


def grpc(
    code: str = "INTERNAL",
    details: str = "",
    *,
    method: str = "ModelInfer",
    body: bytes = b"",
    trailers: Headers = (("grpc-status", "13"),),
) -> Exchange:
    """A call over gRPC."""
    number = {"OK": 0, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "INTERNAL": 13}[code]
    return _exchange(
        method="POST",
        url=f"{SERVICE}/{method}",
        http_version="HTTP/2",
        request_headers=(),
        request_body=body,
        status=200,
        response_headers=(("content-type", "application/grpc"),),
        response_body=b"",
        rpc=RpcStatus(number, code, details),
        response_trailers=trailers,
    )


def _exchange(**members: Any) -> Exchange:
    defaults: dict[str, Any] = {
        "n": 1,
        "reason": "",
        "response_http_version": members["http_version"],
        "truncated": False,
        "error": None,
        "started": "2026-01-01T00:00:00.000000Z",
        "start_ns": 0,
        "headers_ns": 1,
        "end_ns": 2,
        "connection": None,
        "ref": "0" * 64,
    }
    return Exchange(**(defaults | members))
