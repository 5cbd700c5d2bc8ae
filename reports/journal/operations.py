"""The operations of an endpoint that matter to anybody who can reach it: inference, and management of its models."""

from __future__ import annotations

import re
from typing import Literal

Operation = Literal["inference", "load", "unload", "index"]

_REST: tuple[tuple[Operation, re.Pattern[str]], ...] = (
    ("inference", re.compile(r"/v2/models/[^?#]{1,300}/infer$")),
    ("load", re.compile(r"/v2/repository/models/[^?#]{1,300}/load$")),
    ("unload", re.compile(r"/v2/repository/models/[^?#]{1,300}/unload$")),
    ("index", re.compile(r"/v2/repository/index$")),
)
_RPC: tuple[tuple[Operation, str], ...] = (
    ("inference", "/ModelInfer"),
    ("load", "/RepositoryModelLoad"),
    ("unload", "/RepositoryModelUnload"),
    ("index", "/RepositoryIndex"),
)


def operation_of(method: str, url: str, status: int | None, rpc: str | None) -> Operation | None:
    """What a request that was served with success has opened; None for any other.

    Args:
        status: over HTTP.
        rpc: name of the status of a gRPC call, which goes before that of HTTP.
    """
    if rpc is not None:
        return next((operation for operation, end in _RPC if url.endswith(end)), None) if rpc == "OK" else None
    if status != 200 or method != "POST":
        return None
    return next((operation for operation, pattern in _REST if pattern.search(url)), None)
