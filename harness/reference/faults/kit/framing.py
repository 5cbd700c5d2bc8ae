"""Helpers for faults of HTTP framing, which show only over a real connection."""

from __future__ import annotations

import re

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)

CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)

BEGIN = re.compile(rb"[A-Z]+( |$)")


def wire(kind: type[Wire]) -> Install:
    return lambda hooks: hooks.wires.append(kind)


class Heads(Wire):
    """Edits the heads of requests that arrive whole in one piece of data; their bodies are left alone."""

    def received(self, data: bytes) -> bytes:
        head, gap, body = data.partition(b"\r\n\r\n")
        if not gap or not re.match(rb"[A-Z]+ \S+ HTTP/1", head):
            return data
        return self.head(head + b"\r\n")[:-2] + gap + body

    def head(self, head: bytes) -> bytes:
        """The head, each line with its end."""
        raise NotImplementedError


def reflected(hooks: Hooks, value: dict[str, bytes], name: bytes) -> None:
    """Send a header with a raw value in it, line ends and all; the library would refuse to."""

    class Splits(Wire):
        def sent(self, data: bytes) -> bytes:
            if not data.startswith(b"HTTP/1") or "now" not in value:
                return data
            line, gap, rest = data.partition(b"\r\n")
            return line + gap + name + b": " + value.pop("now") + b"\r\n" + rest

    hooks.wires.append(Splits)
