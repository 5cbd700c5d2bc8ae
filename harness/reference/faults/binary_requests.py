"""Binary tensor data: requests that are taken though they contradict themselves, and the raw mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.framing import Install, Sent, resent, write_sent
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.raw import element_size, split_elements
from harness.reference.protocol.tensors import NUMPY

NUMBERS = ("echo-fp32", "echo-int32", "pair", "matrix", "digits", "echo-int64")
ONE_INPUT = ("echo-fp32", "echo-int32", "echo-fp64", "matrix", "digits", "diabetes")


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


def _number(header: str) -> int | None:
    return int(header) if header.lstrip("-").isdecimal() and len(header) < 18 else None


fault("length-header-too-large-accepted", "BIN-13", text="a length beyond the body is taken for the end of the JSON")(
    _header(lambda header, size: (_number(header) or 0) > size)
)
fault("length-header-negative-accepted", "BIN-13", text="a negative length is taken")(
    _header(lambda header, _: (_number(header) or 0) < 0)
)
fault("length-header-word-accepted", "BIN-13", text="a length header that is no number is taken")(
    _header(lambda header, _: _number(header) is None)
)
fault("length-header-guessed", "BIN-13", text="without a length header, bytes begin where the JSON ends")(
    resent(lambda sent: None if sent.parts else False, lambda call: HEADER not in call.headers)
)


@fault(
    "length-header-counts-characters",
    "BIN-02",
    "BIN-16",
    text="the length header of a request is taken to count characters",
)
def length_header_counts_characters(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        header = _number(call.headers.get(HEADER, ""))
        if call.op == "infer" and header:
            text = call.body.decode("utf-8", "surrogateescape")[:header]
            call.headers[HEADER] = str(len(text.encode("utf-8", "surrogateescape")))

    hooks.gates.append(gate)


def _is_raw(call: Call) -> bool:
    return call.op == "infer" and call.headers.get(HEADER) == "0"


@fault("raw-mode-refused", "BIN-14", text="the length header 0 is refused")
def raw_mode_refused(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(400, "the body is not JSON: Expecting value") if _is_raw(call) else None)


@fault("raw-mode-plain-reply", "BIN-14", text="a raw request is answered in JSON", models=ONE_INPUT)
def raw_mode_plain_reply(hooks: Hooks) -> None:
    def edit(call: Call, _: object, request: Any) -> None:
        if _is_raw(call):
            request.parameters = {}

    hooks.requests.append(edit)


@fault("raw-mode-first-element-lost", "BIN-14", text="a raw request loses its first element", models=("echo-fp32",))
def raw_mode_first_element_lost(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if _is_raw(call):
            call.body = call.body[4:] + bytes(len(call.body[:4]))

    hooks.gates.append(gate)


@fault(
    "raw-mode-any-model",
    "BIN-14",
    text="a raw request is the first input of any model, others being zero",
    models=("pair",),
)
def raw_mode_any_model(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if not _is_raw(call) or call.model != "pair" or len(call.body) % 4:
            return
        rows, size = len(call.body) // 4, len(call.body)
        entries = [
            {"name": name, "datatype": datatype, "shape": [rows], "parameters": {"binary_data_size": size}}
            for name, datatype in (("a", "FP32"), ("b", "INT32"))
        ]
        document = {"inputs": entries, "parameters": {"binary_data_output": True}}
        write_sent(call, Sent(document, {0: call.body, 1: bytes(size)}, b""))

    hooks.gates.append(gate)


@fault("raw-mode-bytes-prefixed", "BIN-14", text="a raw text has to begin with its length", models=("echo-bytes",))
def raw_mode_bytes_prefixed(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if not _is_raw(call) or call.model != "echo-bytes":
            return None
        if len(call.body) != 4 + int.from_bytes(call.body[:4], "little"):
            return error(400, "the text does not have the length that it says")
        call.body = call.body[4:]
        return None

    hooks.gates.append(gate)


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
