"""In which members a request differs from one that the model has accepted: what a request that does harm has in it."""

from __future__ import annotations

import json
from typing import Any

from harness.endpoint.models import ModelUnderTest
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.rawhttp import RAW

# What differs in nearly every request: named only where nothing else does.
USUAL = ("id", "data", "contents", "raw_input_contents")
# A larger body is not compared: it would cost seconds, and what it differs in is its size.
MOST_BYTES = 1 << 20
# Of a head that was written byte by byte: more than clients send.
MOST_HEAD = 8192


def differs_in(exchange: Exchange, model: ModelUnderTest | None) -> tuple[str, ...]:
    """Names of members, sorted; empty where there is no accepted request to compare with, or no difference."""
    if exchange.http_version == "HTTP/2":
        return _notable(_over_grpc(exchange, model))
    head, _, body = exchange.request_body.partition(b"\r\n\r\n")
    if exchange.http_version != RAW:
        head, body = b"", exchange.request_body
    if not exchange.url.partition("?")[0].endswith("/infer"):
        written = "a large head" if len(head) > MOST_HEAD else "raw bytes"
        return (
            written
            if exchange.http_version == RAW
            else f"{exchange.method} {clip(exchange.url.rpartition('/')[2], 40)}",
        )
    if len(body) > MOST_BYTES:
        return ("a large body",)
    if model is None or model.rest.known is None:
        return ()
    try:
        ours, theirs = json.loads(body), json.loads(model.rest.known_body())
    except (ValueError, RecursionError) as problem:
        return ("deep nesting" if isinstance(problem, RecursionError) else "malformed body",)
    found = _members(ours, theirs)
    return _notable(found) or (("framing",) if head else ())


def _members(ours: Any, theirs: Any) -> set[str]:  # noqa: ANN401 -- JSON of any shape
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return {"body"}
    found = {clip(str(name), 40) for name in {*ours, *theirs} - {"inputs"} if ours.get(name) != theirs.get(name)}
    mine, valid = ours.get("inputs"), theirs.get("inputs")
    if not isinstance(mine, list) or not isinstance(valid, list) or len(mine) != len(valid):
        return found | {"inputs"}
    for one, other in zip(mine, valid, strict=True):
        if not isinstance(one, dict) or not isinstance(other, dict):
            found.add("inputs")
            continue
        found |= {clip(str(name), 40) for name in {*one, *other} if one.get(name) != other.get(name)}
    return found


def _over_grpc(exchange: Exchange, model: ModelUnderTest | None) -> set[str]:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- needs the extra grpc

    from harness.wire.protobuf import message  # noqa: PLC0415 -- needs the extra grpc

    method = exchange.url.rpartition("/")[2]
    if method != "ModelInfer":
        return {clip(method, 40)}
    known = model.grpc.known if model is not None else None
    if known is None or model is None or len(exchange.request_body) > MOST_BYTES:
        return set()
    ours = message("ModelInfer", "Request")
    try:
        ours.ParseFromString(exchange.request_body)
    except DecodeError:
        return {"malformed message"}
    theirs = model.grpc.message(known.request, known.form)
    found = {
        name.name for name in ours.DESCRIPTOR.fields if not _same(ours, theirs, name.name) and name.name != "inputs"
    }
    if len(ours.inputs) != len(theirs.inputs):
        return found | {"inputs"}
    for one, other in zip(ours.inputs, theirs.inputs, strict=True):
        found |= {name.name for name in one.DESCRIPTOR.fields if not _same(one, other, name.name)}
    return found


def _same(one: Any, other: Any, name: str) -> bool:  # noqa: ANN401 -- generated classes
    return bool(getattr(one, name) == getattr(other, name))


def _notable(found: set[str]) -> tuple[str, ...]:
    return tuple(sorted(found - set(USUAL)) or sorted(found))
