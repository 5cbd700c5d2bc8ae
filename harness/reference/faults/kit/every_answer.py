"""A helper for faults of answers that no check of errors asks for."""

from __future__ import annotations

from harness.reference.faults.kit.common import is_rest
from harness.reference.messages import Call


def is_get_on_infer(call: Call) -> bool:
    return call.op == "infer" and call.method == "GET" and is_rest(call)
