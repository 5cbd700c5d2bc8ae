"""Right, with limits of its own on what a client chooses: each is refused cleanly, or takes its time."""

from __future__ import annotations

import re
import time

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.variants.registry import variant

DEPTH, MEMBERS, ROWS, LETTERS = 150, 50, 100, 300
SECONDS_PER_ROW = 0.002


def _rows(request: InferRequest) -> int:
    return max((each.shape[0] for each in request.inputs.values() if each.shape), default=0)


@variant("low-limits", "batches above 100 rows, 50 parameters, 300 letters of an id and 150 levels are refused")
def low_limits(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        text = call.op == "infer" and "inference-header-content-length" not in call.headers
        deep = text and re.search(rb"\[{%d}|(\{[^{}]{0,8}){%d}" % (DEPTH, DEPTH), call.body[:16384])
        return error(413, "the request is nested too deeply") if deep else None

    def look(_: Call, __: ModelVersion, request: InferRequest) -> None:
        if _rows(request) > ROWS:
            raise Refusal(f"a batch has {ROWS} rows at most", kind="shape")
        if len(request.parameters) > MEMBERS:
            raise Refusal(f"a request has {MEMBERS} parameters at most")
        if isinstance(request.id, str) and len(request.id) > LETTERS:
            raise Refusal(f"an id has {LETTERS} letters at most")

    hooks.gates.append(gate)
    hooks.requests.append(look)


@variant("batches-take-their-time", "one request after another, 2 ms for each of its rows", effect="slow")
def batches_take_their_time(hooks: Hooks) -> None:
    def look(_: Call, __: ModelVersion, request: InferRequest) -> None:
        time.sleep(SECONDS_PER_ROW * _rows(request))

    hooks.requests.append(look)


@variant("large-bodies", "takes bodies and messages of up to 64 MiB")
def large_bodies(hooks: Hooks) -> None:
    hooks.settings.max_body = 64 << 20
