"""How one side of an exchange is shown."""

from __future__ import annotations

from reports.document.excerpt import RPC_CALL, RPC_STATUS
from reports.evidence import MessageView


def is_rpc(message: MessageView) -> bool:
    """Whether it is one side of a gRPC call."""
    return message.line.endswith(RPC_CALL) or message.line.startswith(RPC_STATUS)


def form_of(message: MessageView) -> str:
    """How a body is shown: ``readable``, ``hex`` or ``text``."""
    return "readable" if readable(message) else message.shown_as


def readable(message: MessageView) -> bool:
    """Whether what is shown is the readable form of a binary message, and not its bytes."""
    if not is_rpc(message) or message.shown_as != "text":
        return False
    # The page of a proxy, in answer to a call, is text as it is.
    types = [value.lower() for name, value in message.headers if name.lower() == "content-type"]
    sent = message.line.endswith(RPC_CALL)
    return sent or not types or any(value.startswith("application/grpc") for value in types)
