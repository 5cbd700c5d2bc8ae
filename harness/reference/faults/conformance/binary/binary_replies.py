"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_replies.py`` find."""

from __future__ import annotations

import gzip
from typing import Any

from harness.reference.faults.kit.binary import binary_body, binary_document, binary_output
from harness.reference.faults.kit.binary_heads import size_of_output
from harness.reference.faults.registry import Install, fault
from harness.reference.messages import Call, Reply

LENGTH = "Inference-Header-Content-Length"


fault(
    "binary-size-counts-elements",
    "BIN-09",
    text="binary_data_size counts elements",
    models=("echo-fp32", "echo-int64", "pair", "matrix", "digits"),
)(binary_output(lambda entry: entry["parameters"].update(binary_data_size=size_of_output(entry) // 4)))

fault("binary-size-one-too-many", "BIN-09", text="binary_data_size is one more than there is")(
    binary_output(lambda entry: entry["parameters"].update(binary_data_size=size_of_output(entry) + 1))
)

fault("empty-binary-output-says-nothing", "BIN-15", text="an empty binary output has neither data nor a size")(
    binary_output(lambda entry: None if size_of_output(entry) else entry.pop("parameters"))
)


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
