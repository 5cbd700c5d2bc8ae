"""Helpers for faults of requests and replies of gRPC inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks
from harness.reference.messages import Call


def change_request(change: Callable[[Any], Any]) -> Install:
    """Edit, or refuse, the request message of an inference."""

    def edit(_: Call, request: Any) -> None:
        change(request)

    return lambda hooks: hooks.grpc.asked("infer")(edit)


def on_infer_reply(change: Callable[[Any], Any]) -> Install:
    """Edit the reply message of an inference."""
    return lambda hooks: hooks.grpc.on("infer")(lambda _, reply: change(reply))


def accepts(**members: bool) -> Install:
    """Set switches of :class:`harness.reference.grpc.points.Points`."""

    def install(hooks: Hooks) -> None:
        for member, value in members.items():
            setattr(hooks.grpc, member, value)

    return install


def refuses(wanted: Callable[[Any], bool], code: str, details: str) -> Install:
    def change(request: Any) -> None:
        if wanted(request):
            raise Failed(code, details)

    return change_request(change)


def over_grpc(call: Call) -> bool:
    return call.path.startswith("/inference.")
