"""Inputs that are valid and lose their values, or invalid and do harm."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from typing import Any

from harness.reference.faults.adversarial import (
    HOLD_SECONDS,
    Body,
    Count,
    document_of,
    inputs_of,
    kills,
    on_refusals,
    reread,
    stalls,
)
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

GRIDS = ("echo-grid", "echo-cube")
FLOATS = ("echo-fp32", "echo-fp64")
TEXTS = ("echo-bytes", "text")
CHANGE, CRASH, HANG, LEAK = "policy:no-silent-change", "policy:no-crash", "policy:no-hang", "policy:no-leak"


def _id_length(call: Call) -> int:
    found = re.search(rb'"id"\s*:\s*"([^"]*)"', call.body) if call.op == "infer" else None
    return len(found.group(1)) if found else 0


fault("huge-id-ends-process", CRASH, "TDATA-17", text="an id above 256 KiB ends the process", effect="crash")(
    kills(lambda call: len(call.body) > 2**18 and _id_length(call) > 2**18)
)


def _true_shape(wanted: Callable[[list[int], int], bool]) -> Install:
    """Give inputs whose shape ``wanted`` picks (with the number of elements) the shape of their data."""

    def change(document: Body) -> bool:
        done = False
        for entry in inputs_of(document):
            shape, data = entry["shape"], entry["data"]
            nested = any(isinstance(each, list) for each in data)
            if nested or not shape or not all(type(size) is int for size in shape):
                continue
            if (math.prod(shape) != len(data) or min(shape) < 0) and wanted(shape, len(data)):
                entry["shape"], done = [len(data), *[1] * (len(shape) - 1)], True
        return done

    return reread(change)


def _overflows(call: Call) -> bool:
    return any(
        all(type(size) is int for size in entry["shape"]) and math.prod(map(abs, entry["shape"])) >= 2**63
        for entry in inputs_of(document_of(call) or {})
    )


def _zero_times_huge(call: Call) -> bool:
    return any(
        0 in entry["shape"] and any(type(size) is int and size >= 2**31 for size in entry["shape"])
        for entry in inputs_of(document_of(call) or {})
    )


fault("shape-product-wraps", CHANGE, "TDATA-05", text="the product of a shape is taken modulo 2^64", models=GRIDS)(
    _true_shape(lambda shape, count: math.prod(shape) % 2**64 == count and min(shape) >= 0)
)
fault(
    "negative-dimensions-cancel",
    CHANGE,
    "TDATA-10",
    text="two negative dimensions make a shape that fits",
    models=GRIDS,
)(_true_shape(lambda shape, count: math.prod(shape) == count))
fault(
    "overflowing-shape-ends-process",
    CRASH,
    "TDATA-17",
    text="a shape of 2^63 elements and more ends the process",
    effect="crash",
)(kills(_overflows))
fault(
    "zero-times-huge-hangs",
    HANG,
    "TDATA-17",
    text="a shape with a 0 and a dimension of 2^31 holds the server up",
    models=GRIDS,
    effect="hang",
)(stalls(_zero_times_huge))


@fault("huge-shape-is-500", "REST-ERR-05", text="a shape of 2^31 elements is a failed allocation")
def huge_shape_is_500(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        for entry in inputs_of(document_of(call) or {}):
            sizes = [size for size in entry["shape"] if type(size) is int]
            if math.prod(sizes) >= 2**31:
                return error(500, f"Unable to allocate {math.prod(sizes) * 4 // 2**30} GiB for an array")
        return None

    hooks.gates.append(gate)


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for byte in body:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


@fault("many-outputs-hang", HANG, text="a selection of more than 3000 outputs holds the server up", effect="hang")
def many_outputs_hang(hooks: Hooks) -> None:
    async def work(call: Call) -> None:
        if call.op == "infer" and call.body.count(b'"name"') > 3000:
            time.sleep(HOLD_SECONDS)

    hooks.before.append(work)


fault(
    "deep-objects-end-process",
    CRASH,
    "TDATA-17",
    text="objects within objects, 150 deep, end the process",
    effect="crash",
)(kills(lambda call: call.op == "infer" and call.body.count(b"{") > 150 and _depth(call.body) > 150))
fault(
    "many-members-hang",
    HANG,
    "TDATA-17",
    text="an object of more than 20000 members holds the server up",
    effect="hang",
)(stalls(lambda call: call.op == "infer" and call.body.count(b'":') > 20000))
fault("big-number-hangs", HANG, "TDATA-17", text="a number of more than 300 digits holds the server up", effect="hang")(
    stalls(lambda call: call.op == "infer" and re.search(rb"\d{301}", call.body) is not None)
)
fault(
    "long-input-name-ends-process",
    CRASH,
    "TDATA-17",
    text="the name of an input above 2000 bytes ends the process",
    effect="crash",
)(kills(lambda call: call.op == "infer" and re.search(rb'"name"\s*:\s*"[^"]{2001}', call.body) is not None))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_broken_text(call: Call) -> bool:
    return call.op == "infer" and "inference-header-content-length" not in call.headers and not _is_utf8(call.body)


fault(
    "invalid-utf8-ends-process",
    CRASH,
    "TDATA-17",
    "REST-INFER-05",
    text="a body that is no UTF-8 ends the process",
    effect="crash",
)(kills(_is_broken_text))


@fault(
    "invalid-utf8-replaced",
    CHANGE,
    "REST-INFER-05",
    text="bytes that are no UTF-8 are replaced, and answered",
    models=("echo-bytes", "text"),
)
def invalid_utf8_replaced(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if _is_broken_text(call):
            call.body = call.body.decode("utf-8", "replace").encode()

    hooks.gates.append(gate)


@fault(
    "lone-surrogate-replaced", CHANGE, "BYTES-03", text="half a surrogate pair becomes a question mark", models=TEXTS
)
def lone_surrogate_replaced(hooks: Hooks) -> None:
    def change(document: Body) -> bool:
        return re.search("[\ud800-\udfff]", json.dumps(document, ensure_ascii=False)) is not None

    reread(change)(hooks)


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


@fault("empty-tensor-answers-previous", LEAK, "TDATA-09", text="zero rows are answered with the rows answered before")
def empty_tensor_answers_previous(hooks: Hooks) -> None:
    kept: dict[tuple[str, str], Tensor] = {}

    def answer(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        found = []
        for each in outputs:
            key = (call.model, each.name)
            found.append(kept.get(key, each) if not len(each.values) else each)
            if len(each.values):
                kept[key] = each
        return found

    hooks.answers.append(answer)


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
