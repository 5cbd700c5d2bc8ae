"""Seeded faults that the checks of ``suites/adversarial/test_invalid_aftermath.py`` find."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.reference.faults.kit.common import Body, Count, document_of, inputs_of, on_refusals, reread, wrong_when
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LEAK = "policy:no-leak"
SAME = "policy:same-answer"


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


@fault("duplicate-keys-alternate", "policy:same-answer", text="of equal keys the first or the last counts, in turns")
def duplicate_keys_alternate(hooks: Hooks) -> None:
    turns = Count()

    def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(pairs[::-1])

    def gate(call: Call) -> None:
        document = document_of(call)
        if document is None:
            return
        first = json.loads(call.body, object_pairs_hook=first_wins)
        if first != document:
            call.body = json.dumps(first if turns.up() % 2 else document).encode()

    hooks.gates.append(gate)


@fault(
    "short-data-filled-from-previous",
    LEAK,
    "TDATA-05",
    text="elements that are missing in JSON are those of the request before",
)
def short_data_filled(hooks: Hooks) -> None:
    kept: dict[str, list[Any]] = {}

    def change(document: Body) -> bool:
        done = False
        for entry in inputs_of(document):
            shape, data, datatype = entry["shape"], entry["data"], str(entry.get("datatype"))
            if any(isinstance(each, list) for each in data) or not all(type(size) is int for size in shape):
                continue
            count = math.prod(shape)
            old = kept.get(datatype, [])
            if 0 <= len(data) < count <= len(old):
                entry["data"], done = [*data, *old[len(data) : count]], True
            elif len(data) == count:
                kept[datatype] = data
        return done

    reread(change)(hooks)


@fault(
    "truncated-body-completed-from-previous",
    LEAK,
    "REST-INFER-05",
    text="a body that ends too soon is completed by the body before",
)
def truncated_body_completed(hooks: Hooks) -> None:
    kept: dict[str, bytes] = {}

    def gate(call: Call) -> None:
        if call.op != "infer" or "inference-header-content-length" in call.headers:
            return
        if document_of(call) is None and call.body.startswith(b"{"):
            whole = call.body + kept.get(call.model, b"")[len(call.body) :]
            call.body = whole if _parses(whole) else call.body
        elif document_of(call) is not None:
            kept[call.model] = call.body

    hooks.gates.append(gate)


def _parses(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


@fault("malformed-error-quotes-last-request", LEAK, text="only errors of broken JSON quote the request before")
def malformed_error_quotes(hooks: Hooks) -> None:
    last: dict[str, str] = {}

    def change(_: Call, reply: Reply) -> None:
        if "not JSON" in str(reply.document) and last and isinstance(reply.document, dict):
            reply.document["error"] += f" near {last['body']}"

    def remember(call: Call, _: Body) -> None:
        last["body"] = call.body[:600].decode("utf-8", "replace")

    on_refusals(change)(hooks)
    hooks.on("infer")(remember)


@fault(
    "wrong-after-50-errors",
    SAME,
    "REST-ERR-06",
    text="after 50 refused inferences, values are wrong for good",
    effect="wear",
)
def wrong_after_50_errors(hooks: Hooks) -> None:
    count = Count()
    on_refusals(lambda _, __: count.up())(hooks)
    wrong_when(lambda _, __: count.value >= 50)(hooks)
