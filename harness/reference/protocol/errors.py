"""A request that the server refuses."""

from __future__ import annotations


class Refusal(Exception):
    """What is wrong with a request, in words for its sender.

    Attributes:
        kind: the cause in one word, so that a variant can give causes other status codes.
        status: HTTP status code, 400-599.
    """

    def __init__(self, message: str, *, kind: str = "request", status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
