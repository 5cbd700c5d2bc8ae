"""Binary tensor data: replies that are put together wrongly."""

from __future__ import annotations

import gzip
from typing import Any

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.framing import (
    Install,
    Sent,
    binary_body,
    binary_document,
    binary_output,
    each_part_out,
    resent,
)
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Carried, Reply
from harness.reference.models.model import ModelVersion
from harness.reference.protocol.request import InferRequest

LENGTH = "Inference-Header-Content-Length"
MANY = ("pair", "text", "digits", "cancer")


def _wishes(change: Any) -> Install:
    """Change what the understood request says about binary outputs."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, __: ModelVersion, request: InferRequest) -> None:
            change(request)

        hooks.requests.append(edit)

    return install


def _own_gone(request: InferRequest, *, only: bool | None = None) -> None:
    for own in request.output_parameters.values():
        if only is None or own.get("binary_data") is only:
            own.pop("binary_data", None)


@fault("binary-unasked", "BIN-04", text="a binary request gets a binary reply, asked or not")
def binary_unasked(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        if sent.parts:
            sent.document.setdefault("parameters", {}).setdefault("binary_data_output", True)

    resent(change)(hooks)


@fault("plain-reply-labelled-octet", "BIN-04", text="a plain reply to a binary request is labelled as binary")
def plain_reply_labelled_octet(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and HEADER in call.headers and not reply.carried and reply.status == 200:
            reply.media_type = "application/octet-stream"

    hooks.bodies.append(edit)


fault("binary-data-false-is-true", "BIN-04", "BIN-11", text="binary_data false counts as a wish for binary")(
    _wishes(
        lambda request: [
            own.update(binary_data=True) for own in request.output_parameters.values() if "binary_data" in own
        ]
    )
)
fault("binary-wish-ignored", "BIN-08", text="binary_data of an output is ignored")(_wishes(_own_gone))
fault("binary-all-when-one", "BIN-08", text="one output asked for in binary makes all of them binary", models=MANY)(
    _wishes(
        lambda request: (
            request.parameters.update(binary_data_output=True)
            if any(own.get("binary_data") for own in request.output_parameters.values())
            else None
        )
    )
)
fault("binary-output-default-ignored", "BIN-10", text="binary_data_output is ignored")(
    _wishes(lambda request: request.parameters.pop("binary_data_output", None))
)
fault("own-setting-ignored", "BIN-11", text="binary_data false gives way to binary_data_output true", models=MANY)(
    _wishes(lambda request: _own_gone(request, only=False))
)
fault("listed-outputs-plain", "BIN-11", text="binary_data_output does not reach outputs that are listed", models=MANY)(
    _wishes(lambda request: [own.setdefault("binary_data", False) for own in request.output_parameters.values()])
)


@fault("binary-output-default-first-only", "BIN-10", text="binary_data_output reaches the first output", models=MANY)
def binary_output_default_first_only(hooks: Hooks) -> None:
    def edit(_: Call, version: ModelVersion, request: InferRequest) -> None:
        for spec in version.outputs[1:]:
            request.output_parameters.setdefault(spec.name, {}).setdefault("binary_data", False)

    hooks.requests.append(edit)


fault("binary-size-missing", "BIN-08", "BIN-09", text="binary outputs do not say how many bytes they have")(
    binary_output(lambda entry: entry.pop("parameters"))
)
fault("binary-data-and-size", "BIN-08", text="binary outputs have an empty data as well")(
    binary_output(lambda entry: entry.update(data=[]))
)
fault("binary-size-as-text", "BIN-08", text="binary_data_size is a text in replies")(
    binary_output(lambda entry: entry["parameters"].update(binary_data_size=str(_size(entry))))
)
fault(
    "binary-size-counts-elements",
    "BIN-09",
    text="binary_data_size counts elements",
    models=("echo-fp32", "echo-int64", "pair", "matrix", "digits"),
)(binary_output(lambda entry: entry["parameters"].update(binary_data_size=_size(entry) // 4)))
fault("binary-size-one-too-many", "BIN-09", text="binary_data_size is one more than there is")(
    binary_output(lambda entry: entry["parameters"].update(binary_data_size=_size(entry) + 1))
)
fault("empty-binary-output-says-nothing", "BIN-15", text="an empty binary output has neither data nor a size")(
    binary_output(lambda entry: None if _size(entry) else entry.pop("parameters"))
)


def _size(entry: dict[str, Any]) -> int:
    return int(entry["parameters"]["binary_data_size"])


def _length(change: Any) -> Install:
    """Change the header of binary replies; None removes it."""

    def edit(_: Call, reply: Reply) -> None:
        value = change(reply)
        reply.headers.pop(LENGTH, None)
        if value is not None:
            reply.headers[LENGTH] = str(value)

    return binary_body(edit)


def _json_of(reply: Reply) -> bytes:
    return (reply.body or b"")[: int(reply.headers.get(LENGTH, 0))]


fault("length-header-missing", "BIN-09", text="binary replies have no length header")(_length(lambda _: None))
fault("length-header-off-by-one", "BIN-09", text="the length header is one more than the JSON has")(
    _length(lambda reply: len(_json_of(reply)) + 1)
)
fault("length-header-is-total", "BIN-09", text="the length header counts the bytes behind the JSON as well")(
    _length(lambda reply: len(reply.body or b""))
)
fault("length-header-in-characters", "BIN-09", text="the length header of a reply counts characters, not bytes")(
    _length(lambda reply: len(_json_of(reply).decode()))
)
fault("length-header-hexadecimal", "BIN-09", text="the length header is hexadecimal")(
    _length(lambda reply: f"{len(_json_of(reply)):x}")
)


@fault("reply-parts-reversed", "BIN-09", text="the bytes of the outputs come in reverse order", models=MANY)
def reply_parts_reversed(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        parts = [each.part for each in reply.carried.values() if each.part is not None]
        whole = b"".join(reversed(parts))
        for each in reply.carried.values():
            if each.part is not None:
                each.part, whole = whole[: len(each.part)], whole[len(each.part) :]

    hooks.binary.append(edit)


@fault(
    "reply-parts-in-model-order",
    "BIN-09",
    "REST-OUT-05",
    text="outputs asked for in another order keep the model's order in the bytes",
    models=("pair",),
)
def reply_parts_in_model_order(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        whole = b"".join(each.part for _, each in sorted(reply.carried.items()) if each.part is not None)
        for entry in reply.document["outputs"]:
            carried: Carried | None = reply.carried.get(entry["name"])
            if carried is not None and carried.part is not None:
                carried.part, whole = whole[: len(carried.part)], whole[len(carried.part) :]

    hooks.binary.append(edit)


def _append(_: Call, reply: Reply) -> None:
    reply.body = (reply.body or b"") + b"\r\n"


def _insert(_: Call, reply: Reply) -> None:
    head = _json_of(reply)
    reply.body = head + b"\n" + (reply.body or b"")[len(head) :]


def _cut(_: Call, reply: Reply) -> None:
    if len(reply.body or b"") > len(_json_of(reply)):
        reply.body = (reply.body or b"")[:-1]


def _compress(_: Call, reply: Reply) -> None:
    reply.body, reply.headers["content-encoding"] = gzip.compress(reply.body or b"", mtime=0), "gzip"


fault("reply-stray-bytes", "BIN-09", text="a line end follows the last part of a binary reply")(binary_body(_append))
fault("reply-gap-after-json", "BIN-09", text="a line end stands between JSON and bytes")(binary_body(_insert))
fault("reply-last-byte-lost", "BIN-09", text="binary replies lose their last byte")(binary_body(_cut))
fault("binary-reply-gzip-unasked", "BIN-09", "REST-HTTP-08", text="binary replies are compressed, asked or not")(
    binary_body(_compress)
)
fault("binary-id-lost", "BIN-16", text="binary replies have no id")(
    binary_document(lambda body: {key: value for key, value in body.items() if key != "id"})
)
fault("binary-model-name-missing", "BIN-16", text="binary replies have no model_name")(
    binary_document(lambda body: {key: value for key, value in body.items() if key != "model_name"})
)
fault("binary-model-name-wrong", "BIN-16", text="binary replies name another model")(
    binary_document(lambda body: {**body, "model_name": "default"})
)
fault(
    "binary-shape-flat",
    "BIN-16",
    text="outputs are of one dimension in binary replies",
    models=("matrix", "echo-grid", "echo-cube", "fixed"),
)(binary_output(lambda entry: entry.update(shape=[_product(entry["shape"])])))
fault("binary-datatype-lowercase", "BIN-16", text="datatypes are in small letters in binary replies")(
    binary_output(lambda entry: entry.update(datatype=entry["datatype"].lower()))
)
fault("binary-datatype-missing", "BIN-16", text="binary outputs have no datatype")(
    binary_output(lambda entry: entry.pop("datatype"))
)


def _product(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


@fault(
    "binary-reply-of-request-before",
    "BIN-05",
    "REST-INFER-12",
    text="every third binary output is that of the request before, if it has as many bytes",
)
def binary_reply_of_request_before(hooks: Hooks) -> None:
    kept: dict[str, bytes] = {}
    count = {"parts": 0}

    def change(part: bytes, datatype: str, shape: list[int]) -> bytes:
        count["parts"] += 1
        before = kept.get(f"{datatype}{shape}{len(part)}", part)
        kept[f"{datatype}{shape}{len(part)}"] = part
        return before if count["parts"] % 3 == 0 else part

    each_part_out(change)(hooks)
