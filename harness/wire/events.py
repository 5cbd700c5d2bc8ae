"""Server-sent events: what a client that follows the standard gets out of a stream's bytes.

Source: WHATWG HTML, "Server-sent events", sections "Parsing an event stream" and "Interpreting an event stream".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MEDIA_TYPE = "text/event-stream"
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event that was dispatched; ``data`` has its lines joined, without the last line break."""

    data: str
    type: str = "message"
    last_id: str = ""


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream that has ended.

    Attributes:
        events: in order.
        unfinished: data of an event that no blank line ended, or text that is no whole line; a client drops it.
        unknown: lines of fields that the standard does not have, which a client ignores.
    """

    events: tuple[Event, ...]
    unfinished: str = ""
    unknown: tuple[str, ...] = ()


def parse_events(body: bytes) -> EventStream:
    """The events in the whole body of a stream; every body can be read."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, rest = _LINE_END.split(text)
    reader = _Reader()
    for line in lines:
        reader.line(line)
    pending = "\n".join(reader.data) or reader.type
    left = "" if rest.startswith(":") else rest
    return EventStream(tuple(reader.events), pending or left, tuple(reader.unknown))


class _Reader:
    """The buffers of the standard; ``data`` is a list of lines, which are joined when the event ends."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.data: list[str] = []
        self.type = ""
        self.last_id = ""
        self.unknown: list[str] = []

    def line(self, line: str) -> None:
        if not line:
            self._dispatch()
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.type = value
        elif name == "id":
            # An id with a null character is ignored as a whole.
            self.last_id = self.last_id if "\0" in value else value
        elif name not in ("", "retry"):
            self.unknown.append(line)

    def _dispatch(self) -> None:
        # One empty data line is an event with empty data; no data line at all is none.
        if self.data:
            self.events.append(Event("\n".join(self.data), self.type or "message", self.last_id))
        self.data, self.type = [], ""
