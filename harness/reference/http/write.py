"""From a reply to the bytes of its body."""

from __future__ import annotations

from typing import Any

from harness.reference.extensions.binary import parts_of
from harness.reference.hooks import Settings
from harness.reference.messages import Reply
from harness.reference.protocol.jsonwrite import write_json


def write_body(reply: Reply, settings: Settings) -> None:
    """Write the document, the bytes behind it, or the events of ``reply`` into its ``body``, and label it."""
    if reply.events is not None:
        reply.body = b"".join(_event(each, settings) for each in reply.events)
        reply.media_type = "text/event-stream"
        reply.headers["cache-control"] = "no-cache"
        return
    if reply.document is None:
        reply.body, reply.media_type = b"", None
        return
    reply.body = _json(reply.document, settings)
    parts = parts_of(reply)
    if parts is None or (settings.empty_binary_plain and not any(parts)):
        return
    reply.headers["Inference-Header-Content-Length"] = str(len(reply.body))
    reply.media_type = "application/octet-stream"
    reply.body += b"".join(parts)


def _json(document: Any, settings: Settings) -> bytes:
    return write_json(document, indent=settings.indent, ascii_only=settings.ascii_only)


def _event(document: Any, settings: Settings) -> bytes:
    """One server-sent event; each line of its JSON is a data line of its own."""
    return b"".join(b"data: " + line + b"\n" for line in _json(document, settings).split(b"\n")) + b"\n"
