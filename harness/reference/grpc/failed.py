"""A call that ends with another status than OK."""

from __future__ import annotations

from collections.abc import Mapping

from harness.reference.messages import Reply
from harness.reference.protocol.errors import Refusal

_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class Failed(Exception):
    """How a call ends.

    Attributes:
        code: name of a gRPC status code.
        details: the words that go with it.
        trailers: trailing metadata.
        kind: the cause, see :class:`harness.reference.protocol.errors.Refusal`.
    """

    def __init__(
        self, code: str, details: str, *, kind: str = "request", trailers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.kind = kind
        self.trailers = dict(trailers or {})


def from_refusal(refusal: Refusal) -> Failed:
    """The status for a refusal; a mistake in a message is INVALID_ARGUMENT."""
    return Failed(_CODES.get(refusal.status, "INVALID_ARGUMENT"), str(refusal), kind=refusal.kind)


def from_reply(reply: Reply) -> Failed:
    """The status for what a gate answered instead of the operation, such as 401 or 429."""
    document = reply.document if isinstance(reply.document, dict) else {}
    waits = {key.lower(): value for key, value in reply.headers.items() if key.lower() == "retry-after"}
    details = str(document.get("error") or "refused")
    return Failed(_CODES.get(reply.status, "INVALID_ARGUMENT"), details, kind="gate", trailers=waits)
