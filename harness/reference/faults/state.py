"""Answers that depend on what was asked before."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor


@fault(
    "drops-id-on-second-request",
    "REST-RESP-04",
    text="only the first request of a connection gets its id back",
    effect="state",
)
def drops_id_on_second_request(hooks: Hooks) -> None:
    hooks.on("infer")(
        lambda call, body: (
            {key: value for key, value in body.items() if key != "id"} if call.number_on_connection > 1 else body
        )
    )


@fault("drops-id-above-32-rows", "REST-RESP-04", text="requests of more than 32 rows lose their id", effect="state")
def drops_id_above_32_rows(hooks: Hooks) -> None:
    def edit(_: Call, body: dict[str, Any]) -> None:
        if any(each["shape"] and each["shape"][0] > 32 for each in body["outputs"]):
            body.pop("id", None)

    hooks.on("infer")(edit)


@fault(
    "remembers-last-id",
    "REST-INFER-12",
    "REST-RESP-05",
    text="a request without id is answered with the id of the one before",
    effect="state",
)
def remembers_last_id(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def edit(_: Call, body: dict[str, Any]) -> None:
        if "id" in body:
            last["id"] = body["id"]
        elif last:
            body["id"] = last["id"]

    hooks.on("infer")(edit)


@fault(
    "answers-cached-by-shape",
    "REST-INFER-12",
    text="every third request is answered from a cache that knows only shapes",
    effect="state",
)
def answers_cached_by_shape(hooks: Hooks) -> None:
    kept: dict[object, list[Tensor]] = {}
    count = {"requests": 0}

    def edit(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        key = (call.model, call.version, tuple(tensor.shape for tensor in request.inputs.values()))
        count["requests"] += 1
        if count["requests"] % 3 == 0 and key in kept:
            return kept[key]
        kept[key] = outputs
        return outputs

    hooks.answers.append(edit)


@fault(
    "error-quotes-other-request",
    "REST-INFER-12",
    "REST-ERR-06",
    text="an error message quotes the data of the request before",
    effect="state",
)
def error_quotes_other_request(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        if reply.status >= 400 and isinstance(reply.document, dict) and last:
            reply.document["error"] = f"{reply.document.get('error')} (buffer: {last['body']})"
        elif reply.status == 200:
            last["body"] = call.body[:400].decode("utf-8", "replace")

    hooks.documents.append(edit)


@fault("poisoned-after-error", "REST-ERR-06", text="the first valid request after a refused one fails", effect="state")
def poisoned_after_error(hooks: Hooks) -> None:
    poisoned: dict[str, bool] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        if reply.status >= 400:
            poisoned["now"] = True
        elif poisoned.pop("now", False):
            reply.status, reply.document = 500, {"error": "the worker is being restarted"}

    hooks.documents.append(edit)


@fault(
    "poisoned-keep-alive",
    "REST-ERR-06",
    text="after a refused request, its connection serves no inference any more",
    effect="state",
)
def poisoned_keep_alive(hooks: Hooks) -> None:
    poisoned: set[object] = set()

    def gate(call: Call) -> Reply | None:
        if call.number_on_connection == 1:
            poisoned.discard(call.connection)
        return error(500, "the stream is broken") if call.op == "infer" and call.connection in poisoned else None

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            poisoned.add(call.connection)

    hooks.gates.append(gate)
    hooks.documents.append(edit)


@fault(
    "stale-values-after-error",
    "REST-ERR-06",
    "REST-INFER-12",
    text="the first answer after a refused request is that of the last good one",
    effect="state",
)
def stale_values_after_error(hooks: Hooks) -> None:
    kept: dict[str, list[Tensor]] = {}
    failed: set[str] = set()

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        stale = kept.get(call.model) if call.model in failed else None
        failed.discard(call.model)
        kept[call.model] = outputs
        return [dataclasses.replace(each) for each in stale] if stale else outputs

    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400:
            failed.add(call.model)

    hooks.answers.append(answer)
    hooks.documents.append(edit)
