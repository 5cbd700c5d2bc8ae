"""Metadata as messages: what REST says, with every edit that changes the REST document on the right server's side.

An edit that leaves something which no message can hold (a null name, say) is a matter of JSON and has no effect here.
"""

from __future__ import annotations

from typing import Any

from harness.reference.extensions.offered import extensions_of
from harness.reference.http.server import NAME, VERSION, Server
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model, ModelVersion
from harness.reference.protocol.tensors import Spec

Body = dict[str, Any]
PROPERTIES = 6


def of_server(server: Server, call: Call, reply: Any) -> Any:
    """ServerMetadataResponse."""
    right: Body = {"name": NAME, "version": VERSION, "extensions": extensions_of(server.hooks.settings)}
    said = _edited(server, call, right)
    reply.name = _text(said, right, "name")
    reply.version = _text(said, right, "version")
    reply.extensions.extend(_texts(said, right, "extensions"))
    return reply


def of_model(server: Server, call: Call, model: Model, version: ModelVersion, reply: Any) -> Any:
    """ModelMetadataResponse, with properties in field 6, written by hand: variants give it another type."""
    right: Body = {
        "name": model.name,
        "versions": [] if server.hooks.settings.versionless else list(model.versions),
        "platform": version.platform,
        "inputs": [_tensor(spec) for spec in version.inputs],
        "outputs": [_tensor(spec) for spec in version.outputs],
        "properties": dict(version.properties),
    }
    said = _edited(server, call, right)
    reply.name = _text(said, right, "name")
    reply.versions.extend(_texts(said, right, "versions"))
    reply.platform = _text(said, right, "platform")
    for side in ("inputs", "outputs"):
        for each in _tensors(said, right, side):
            getattr(reply, side).add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
    found = said.get("properties", {})
    properties = found if _is_text_map(found) else right["properties"]
    reply.MergeFromString(b"".join(_entry(PROPERTIES, pair) for pair in properties.items()))
    return reply


def _tensor(spec: Spec) -> Body:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _edited(server: Server, call: Call, right: Body) -> Body:
    """What the hooks of the REST document make of a copy of ``right``; ``right`` where that is no object any more."""
    copy = {key: [dict(each) if isinstance(each, dict) else each for each in value]
            if isinstance(value, list) else value for key, value in right.items()}  # fmt: skip
    reply = Reply(200, copy)
    for change in server.hooks.documents:
        change(call, reply)
    return reply.document if isinstance(reply.document, dict) and reply.status == 200 else right


def _text(said: Body, right: Body, key: str) -> str:
    found = said.get(key, "")
    return found if isinstance(found, str) else str(right[key])


def _texts(said: Body, right: Body, key: str) -> list[str]:
    found = said.get(key, [])
    fits = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return found if fits else right[key]  # type: ignore[no-any-return]


def _tensors(said: Body, right: Body, key: str) -> list[Body]:
    found = said.get(key, [])
    return found if isinstance(found, list) and all(map(_is_tensor, found)) else right[key]


def _is_tensor(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("name"), str)
        and isinstance(found.get("datatype"), str)
        and isinstance(found.get("shape"), list)
        and all(type(size) is int for size in found["shape"])
    )


def _is_text_map(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(each, str) for pair in found.items() for each in pair)


def _entry(field: int, pair: tuple[str, str]) -> bytes:
    """One entry of a map of texts, as field ``field``."""
    return delimited(field, b"".join(delimited(number, text.encode()) for number, text in enumerate(pair, start=1)))


def delimited(field: int, data: bytes) -> bytes:
    """A length-delimited field of the protobuf wire format (field numbers up to 15)."""
    length, size = bytearray(), len(data)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([field << 3 | 2, *length, size]) + data
