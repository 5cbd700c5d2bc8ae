"""A log of inferences: a line of JSON for each request, once its answer is known, over either transport."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Entry, Hooks
from harness.reference.messages import Call, Reply


def write_log(hooks: Hooks, file: Path) -> None:
    """Log each inference, refused ones as well; to be called when everything else that edits replies is installed.

    Several servers may share the file: a line is one write at its end.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(entry: Entry, asked: bytes, said: bytes, *, refused: bool) -> None:
        whole = {**entry, "request": _digest(asked), "response": _digest(said), "refused": str(refused).lower()}
        entries = [whole]
        for edit in hooks.logged:
            entries = edit(entries)
        os.write(descriptor, b"".join(json.dumps(each).encode() + b"\n" for each in entries))

    def rest(call: Call, reply: Reply) -> None:
        if call.op == "infer":
            request = call.request if isinstance(call.request, dict) else {}
            document = reply.document if isinstance(reply.document, dict) else {}
            entry = {"id": str(request.get("id")), "model": call.model, "version": str(document.get("model_version"))}
            write(entry, call.body, reply.body or b"", refused=reply.status != 200)

    hooks.bodies.append(rest)

    def received(call: Call, body: bytes) -> bytes:
        call.body = body
        return body

    def sent(call: Call, data: bytes) -> bytes:
        if call.op == "infer":
            reply = _message("ModelInferResponse", data)
            entry = {"id": reply.id, "model": reply.model_name, "version": reply.model_version}
            write(entry, call.body, data, refused=False)
        return data

    def failed(call: Call, failure: Failed, _: Any) -> Failed:
        if call.op == "infer":
            request = _message("ModelInferRequest", call.body)
            write({"id": request.id, "model": request.model_name}, call.body, b"", refused=True)
        return failure

    hooks.grpc.received.insert(0, received)
    hooks.grpc.sent.append(sent)
    hooks.grpc.failures.append(failed)


def _message(name: str, data: bytes) -> Any:
    """A message; an empty one where the bytes are none."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- where gRPC is served alone

    from harness.reference.grpc.schema import CLASSES  # noqa: PLC0415

    message = CLASSES[name]()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return CLASSES[name]()
    return message


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
