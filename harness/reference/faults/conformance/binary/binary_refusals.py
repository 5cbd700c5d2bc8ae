"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_refusals.py`` find."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.kit.binary import Sent, resent
from harness.reference.faults.kit.binary_heads import header_number
from harness.reference.faults.kit.errors import becomes, error_says, on_errors
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import NUMPY, Tensor

PAGE = b"<!doctype html><html><body><h1>Error</h1></body></html>"
NUMBERS = ("echo-fp32", "echo-int32", "pair", "matrix", "digits", "echo-int64")


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


fault("error-is-empty", "REST-ERR-02", text="errors have no body")(on_errors(becomes(document=None)))

fault("error-is-text", "REST-ERR-02", text="errors are plain text")(
    on_errors(becomes(status=500, body=b"Internal Server Error", media_type="text/plain"), error_says("needs", "rows"))
)

fault("large-body-error-html", "REST-ERR-02", text="only errors of requests above 64 KiB are web pages")(
    on_errors(becomes(body=PAGE, media_type="text/html"), lambda call, _: len(call.body) > 65536)
)


@fault(
    "oversize-drops-connection",
    "REST-ERR-02",
    "TDATA-17",
    text="a body above 1 MiB is answered with a page and half a reply",
)
def oversize_drops_connection(hooks: Hooks) -> None:
    hooks.settings.max_body = 1024 * 1024

    def edit(_: Call, reply: Reply) -> None:
        if reply.status == 413:
            reply.body, reply.media_type, reply.headers["content-length"] = PAGE, "text/html", "100000"

    hooks.bodies.append(edit)


def _needed(entry: dict[str, Any], part: bytes) -> int:
    """How many bytes the shape of an input asks for."""
    count = 1
    for size in entry.get("shape", []):
        count *= size if isinstance(size, int) and 0 <= size <= 2**32 else 0
    if entry.get("datatype") == "BYTES":
        try:
            return 4 * count + sum(map(len, split_elements("", part)[:count]))
        except Refusal:
            return len(part)
    return count * element_size(entry["datatype"]) if entry.get("datatype") in NUMPY else len(part)


def _announced(sent: Sent, index: int) -> int:
    return int(sent.entries[index]["parameters"]["binary_data_size"])


@fault("stray-bytes-accepted", "BIN-12", text="bytes behind the last part are ignored")
def stray_bytes_accepted(hooks: Hooks) -> None:
    resent(lambda sent: setattr(sent, "stray", b""))(hooks)


@fault("size-too-large-accepted", "BIN-12", text="a size beyond the shape is taken, and the rest of the part ignored")
def size_too_large_accepted(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        for at, part in sent.parts.items():
            sent.parts[at] = part[: _needed(sent.entries[at], part)]

    resent(change)(hooks)


@fault(
    "size-too-small-filled",
    "BIN-12",
    text="a part that is too short for its shape is filled up with zeros",
    models=NUMBERS,
)
def size_too_small_filled(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        for at, part in sent.parts.items():
            missing = _needed(sent.entries[at], part) - len(part)
            sent.parts[at] = part + bytes(min(max(missing, 0), 1_000_000))

    resent(change)(hooks)


@fault(
    "short-body-filled-from-request-before",
    "BIN-12",
    "REST-INFER-12",
    text="what a body is too short for is taken from the request before",
    models=NUMBERS,
)
def short_body_filled(hooks: Hooks) -> None:
    last = {"tail": b""}

    def change(sent: Sent) -> None:
        for at, part in sent.parts.items():
            missing = min(_announced(sent, at) - len(part), 1_000_000)
            sent.parts[at] = part + (last["tail"] + bytes(max(missing, 0)))[: max(missing, 0)]
        last["tail"] = b"".join(sent.parts.values())

    resent(change)(hooks)


@fault("data-and-size-accepted", "BIN-12", text="of an input with data and bytes, the data counts")
def data_and_size_accepted(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        for at in [at for at in sent.parts if "data" in sent.entries[at]]:
            del sent.parts[at]
            sent.entries[at]["parameters"].pop("binary_data_size")

    resent(change)(hooks)


@fault("size-as-text-accepted", "BIN-12", text="binary_data_size may be a text or a fraction")
def size_as_text_accepted(hooks: Hooks) -> None:
    def change(sent: Sent) -> bool:
        loose = False
        for at, entry in enumerate(sent.entries):
            size = entry.get("parameters", {}).get("binary_data_size")
            if isinstance(size, str | float) and str(size).removesuffix(".0").isdecimal() and not sent.parts:
                sent.parts[at], loose = sent.stray, True
                sent.stray = b""
        return loose

    resent(change)(hooks)


@fault("size-negative-accepted", "BIN-12", text="a negative size means whatever is left")
def size_negative_accepted(hooks: Hooks) -> None:
    def change(sent: Sent) -> bool:
        for at, entry in enumerate(sent.entries):
            size = entry.get("parameters", {}).get("binary_data_size")
            if type(size) is int and size < 0:
                sent.parts[at], sent.stray = sent.stray, b""
                return True
        return False

    resent(change)(hooks)


@fault("binary-contradiction-as-text", "BIN-12", "REST-ERR-02", text="errors of binary requests are plain text")
def binary_contradiction_as_text(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and HEADER in call.headers and reply.status >= 400:
            reply.body, reply.media_type = b"Internal Server Error", "text/plain"

    hooks.documents.append(edit)


def _header(fits: Callable[[str, int], bool]) -> Install:
    """Read requests whose header fits as if it were right."""
    return resent(lambda _: None, lambda call: HEADER in call.headers and fits(call.headers[HEADER], len(call.body)))


fault("length-header-too-large-accepted", "BIN-13", text="a length beyond the body is taken for the end of the JSON")(
    _header(lambda header, size: (header_number(header) or 0) > size)
)

fault("length-header-negative-accepted", "BIN-13", text="a negative length is taken")(
    _header(lambda header, _: (header_number(header) or 0) < 0)
)

fault("length-header-word-accepted", "BIN-13", text="a length header that is no number is taken")(
    _header(lambda header, _: header_number(header) is None)
)

fault("length-header-guessed", "BIN-13", text="without a length header, bytes begin where the JSON ends")(
    resent(lambda sent: None if sent.parts else False, lambda call: HEADER not in call.headers)
)


@fault(
    "binary-request-changes-next",
    "BIN-12",
    "REST-ERR-06",
    text="after a refused binary request, the next request of any kind fails",
)
def binary_request_changes_next(hooks: Hooks) -> None:
    poisoned: set[str] = set()

    def edit(call: Call, reply: Reply) -> None:
        if call.op != "infer":
            return
        if reply.status >= 400 and HEADER in call.headers:
            poisoned.add("now")
        elif reply.status == 200 and poisoned:
            poisoned.clear()
            reply.status, reply.document, reply.carried = 500, {"error": "bytes are left over"}, {}

    hooks.documents.append(edit)
