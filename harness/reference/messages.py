"""One request as routed, and the reply that goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Call:
    """One HTTP request.

    Attributes:
        op: name of the operation, ``""`` if the path names none (see :data:`harness.reference.http.routes.ROUTES`).
        verb_fits: whether the verb is the operation's own.
        number_on_connection: 1 for the first request of a connection.
        connection: what tells connections apart.
        request: the parsed request document of an inference, once it is parsed.
        slashed: whether the path ended in a slash.
        region: name of a shared-memory region, where the path has one.
    """

    op: str
    method: str
    path: str
    verb_fits: bool
    model: str = ""
    version: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    number_on_connection: int = 1
    connection: object = None
    request: Any = None
    slashed: bool = False
    region: str = ""


@dataclass(slots=True)
class Carried:
    """An output that does not travel as JSON: what its entry says instead of data, and the bytes behind the JSON."""

    parameters: dict[str, Any]
    part: bytes | None = None


@dataclass(slots=True)
class Reply:
    """What is answered: ``document`` is written as JSON into ``body`` unless ``body`` is already there.

    Attributes:
        carried: outputs that do not travel as JSON, by name.
        events: documents of a stream of server-sent events, which then stands in place of ``document``.
    """

    status: int = 200
    document: Any = None
    body: bytes | None = None
    media_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    carried: dict[str, Carried] = field(default_factory=dict)
    events: list[Any] | None = None


def error(status: int, message: str, **headers: str) -> Reply:
    """The error object of the specification."""
    return Reply(status, {"error": message}, headers={key.replace("_", "-"): value for key, value in headers.items()})
