"""Helpers for faults in gRPC raw contents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.tensors import NUMPY, Tensor

MANY = ("pair", "text", "digits", "cancer")

NUMBERS = tuple(name for name in NUMPY if name not in ("BOOL", "BYTES"))

TEXTS = ("echo-bytes", "text")


def raw_requests(change: Callable[[Any], Any]) -> Install:
    """Edit the message of a raw request."""

    def edit(_: Call, request: Any) -> None:
        if request.raw_input_contents:
            change(request)

    return lambda hooks: hooks.grpc.asked("infer")(edit)


def raw_replies(change: Callable[[Any], Any]) -> Install:
    """Edit the message of a raw reply."""
    return lambda hooks: hooks.grpc.on("infer")(lambda _, reply: change(reply) if reply.raw_output_contents else None)


def bytes_in(change: Callable[[str, list[int], bytes], bytes]) -> Install:
    """``change(datatype, shape, bytes)`` edits each raw input."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.decode_raw
        hooks.grpc.decode_raw = lambda name, datatype, shape, data: right(
            name, datatype, shape, change(datatype, shape, data)
        )

    return install


def bytes_out(change: Callable[[Tensor, bytes], bytes]) -> Install:
    """``change(output, bytes)`` edits each raw output."""

    def install(hooks: Hooks) -> None:
        right = hooks.grpc.encode_raw
        hooks.grpc.encode_raw = lambda tensor: change(tensor, right(tensor))

    return install


def both(first: Install, second: Install) -> Install:
    def install(hooks: Hooks) -> None:
        first(hooks)
        second(hooks)

    return install
