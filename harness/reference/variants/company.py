"""Right where requests are worked on together, or answers are kept, in ways that tempt to false accusations."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.request import InferRequest
from harness.reference.variants.registry import variant

WINDOW_SECONDS = 0.004
SLOTS = 8


@variant("batches-requests", "inferences wait 4 ms for others, and replies over REST say how many there were")
def batches_requests(hooks: Hooks) -> None:
    waiting: list[Call] = []
    together: dict[int, int] = {}

    async def wait(call: Call) -> None:
        if call.op == "infer":
            waiting.append(call)
            await asyncio.sleep(WINDOW_SECONDS)
            together[id(call)] = len(waiting)
            waiting[:] = [each for each in waiting if each is not call]

    def edit(call: Call, body: dict[str, Any]) -> None:
        body["parameters"] = {**(body.get("parameters") or {}), "batch_size": together.pop(id(call), 1)}

    hooks.before.append(wait)
    hooks.on("infer")(edit)


@variant("caches-replies", "replies over REST are kept by all that asks for them, and say whether they were")
def caches_replies(hooks: Hooks) -> None:
    kept: dict[str, Any] = {}

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer" or reply.status != 200 or reply.carried or not isinstance(call.request, dict):
            return
        key = json.dumps([call.model, call.version, call.request], sort_keys=True)
        known = key in kept
        reply.document = copy.deepcopy(kept.setdefault(key, copy.deepcopy(reply.document)))
        reply.document["parameters"] = {**(reply.document.get("parameters") or {}), "cache": "hit" if known else "miss"}

    hooks.documents.append(edit)


@variant("sequence-slots-refused", "with eight sequences begun and not ended, a start of another one is refused")
def sequence_slots_refused(hooks: Hooks) -> None:
    started: set[Any] = set()

    def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
        place = request.parameters.get("sequence_id", 0)
        if not place or not isinstance(place, int | str):
            return
        if request.parameters.get("sequence_start") is True and place not in started:
            if len(started) >= SLOTS:
                raise Refusal("every slot for sequences is taken: end one, or come again later")
            started.add(place)
        if request.parameters.get("sequence_end") is True:
            started.discard(place)

    hooks.requests.append(edit)
