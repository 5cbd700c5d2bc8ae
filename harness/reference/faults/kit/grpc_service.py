"""Helpers for faults of the gRPC service: methods, health and metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reference.faults.registry import Install
from harness.reference.grpc.failed import Failed
from harness.reference.messages import Call


def on_reply(op: str, change: Callable[[Any], Any]) -> Install:
    """Edit the reply message of ``op``."""
    return lambda hooks: hooks.grpc.on(op)(lambda _, reply: change(reply))


def sets_member(op: str, member: str, value: Any) -> Install:
    """Give a member of the reply another value."""
    return on_reply(op, lambda reply: setattr(reply, member, value))


def ends_with(op: str, code: str, details: str) -> Install:
    """Every call of ``op`` ends with that status."""

    def edit(_: Call, __: Any) -> None:
        raise Failed(code, details)

    return lambda hooks: hooks.grpc.asked(op)(edit)


def needs_version(op: str) -> Install:
    def edit(_: Call, request: Any) -> None:
        if not request.version:
            raise Failed("INVALID_ARGUMENT", "version must not be empty")

    return lambda hooks: hooks.grpc.asked(op)(edit)


def answers_unknown(op: str, change: Callable[[Call, Any], None], *, versions: bool = False) -> Install:
    """OK for an unknown model (``versions``: only for an unknown version of a known one)."""

    def edit(call: Call, failed: Failed, blank: Any) -> Any:
        if call.op != op or failed.code != "NOT_FOUND" or ("has no version" in failed.details) != versions:
            return failed
        change(call, blank)
        return blank

    return lambda hooks: hooks.grpc.failures.append(edit)
