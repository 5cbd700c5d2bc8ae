"""A helper for faults of calls over gRPC that fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.grpc.failed import Failed
from harness.reference.messages import Call


def on_failure(change: Callable[[Call, Failed, Any], Any], *ops: str) -> Install:
    """Change how calls of ``ops`` (infer, if none is given) fail; bytes that are no message are left alone."""

    def edit(call: Call, failed: Failed, blank: Any) -> Any:
        fits = call.op in (ops or ("infer",)) and failed.kind != "bytes"
        return change(call, failed, blank) if fits else failed

    return lambda hooks: hooks.grpc.failures.append(edit)
