"""HTTP/1.1 in the loop: one request at a time on a connection.

The common answer (HTTP/1.1, one Content-Length) is read by a lookup: heads repeat, so each is parsed once and kept.
Everything else (chunked, 1xx, HTTP/1.0, no length) goes to h11, the strict full parser, whose word is final. No
request is ever sent twice. Source: RFC 9112.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import h11

from harness.load.engine.connection import LoadConnection, clock
from harness.load.engine.sendfile_body import LEAST, SendfileBody, sendfile_body_of
from harness.load.plan.load_plan import LoadCase, LoadPlan
from harness.load.records.rows import ABSENT, Flag, Status

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext, Head

ODD = -1
HEAD_BYTES = 1 << 16
_KEPT_HEADS = 256
_LENGTH_DIGITS = 32
_BEGINS = b"HTTP/"


@dataclass(frozen=True, slots=True)
class PreparedHttp1:
    """A case as bytes: head and what stands before the id, and what stands after it; ``pages`` are the latter's."""

    before: bytes
    after: bytes
    has_id: bool
    large: bool
    method: bytes
    pages: SendfileBody | None


def prepare(plan: LoadPlan, case: LoadCase) -> PreparedHttp1:
    """Head and body of a case, but for the id."""
    size = len(case.body(b"0" * 16))
    lines = [f"{case.method} {case.path} HTTP/1.1", f"Host: {plan.host_header}"]
    lines += [f"{name}: {value}" for name, value in (*plan.headers, *case.headers)]
    if case.content_type:
        lines.append(f"Content-Type: {case.content_type}")
    if size or case.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {size}")
    if plan.connections.new_each:
        lines.append("Connection: close")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    before, after = (head + case.before, case.after) if case.has_id else (head, case.before)
    large, pages = size > LEAST, None if plan.tls else sendfile_body_of(after)
    return PreparedHttp1(before, after, case.has_id, large, case.method.encode(), pages)


def read_head(raw: bytes) -> Head:
    """Code, length of the body and flags; length :data:`ODD` where the full parser must look."""
    first, *lines = raw.split(b"\r\n")
    if not first.startswith(b"HTTP/1.1 ") or not first[9:12].isdigit() or b"\n" in raw.replace(b"\r\n", b""):
        return 0, ODD, 0
    code, length, flags = int(first[9:12]), ODD, 0
    for line in lines:
        name, colon, value = line.partition(b":")
        lower = name.lower()
        if not colon or not name or name != name.strip() or lower in {b"transfer-encoding", b"upgrade"}:
            return code, ODD, 0
        if lower == b"content-length":
            # Python reads numbers of a few thousand digits only, and no body has so many.
            if length != ODD or not value.strip().isdigit() or len(value) > _LENGTH_DIGITS:
                return code, ODD, 0
            length = int(value)
        elif lower == b"connection" and b"close" in value.lower():
            flags |= Flag.CLOSES
        elif lower == b"retry-after":
            flags |= Flag.RETRY_AFTER
    return (code, ODD, 0) if code < 200 or code in {204, 304} else (code, length, int(flags))


class Heads(dict[bytes, "Head"]):
    """Heads already read; a head with the time in it is new each second, one with an id of its own each time."""

    def __missing__(self, raw: bytes) -> Head:
        if len(self) >= _KEPT_HEADS:
            self.clear()
        found = self[raw] = read_head(raw)
        return found


class Http1(LoadConnection):
    """A connection; ``index`` is that of the request under way, below 0 for none."""

    __slots__ = (
        "_buffer",
        "_case",
        "_first",
        "_flags",
        "_head",
        "_id",
        "_intended",
        "_need",
        "_odd",
        "_odd_body",
        "_odd_code",
        "_parts",
        "_sent",
        "_taken",
        "index",
    )

    def __init__(self, engine: EngineContext, number: int) -> None:
        self.index = -1
        self._buffer, self._parts = b"", list[bytes]()
        self._head: Head | None = None
        self._odd: h11.Connection | None = None
        self._odd_body = bytearray()
        self._intended = self._taken = self._case = self._flags = self._need = self._odd_code = 0
        self._sent = self._first = ABSENT
        self._id = b""
        super().__init__(engine, number)

    def room(self) -> bool:
        """Whether it is free."""
        return self.index < 0

    def hold(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        """Keep a request until the connection is open."""
        self.index, self._intended, self._taken, self._case, self._flags = index, intended, taken, case, flags
        self._sent = self._first = ABSENT

    def opened(self, now: int) -> None:
        """Send what waited."""
        self.ready = True
        if self.index >= 0:
            self.fire(self.index, self._intended, self._taken, self._case, self._flags, now)
        else:
            self.engine.pool.freed(self)

    def fire(self, index: int, intended: int, taken: int, case: int, flags: int, now: int) -> None:
        """Send a request; ``now`` becomes its time of sending."""
        engine = self.engine
        prepared = engine.prepared[case]
        self.index, self._intended, self._taken, self._case, self._flags = index, intended, taken, case, flags
        self._sent, self._first = now, ABSENT
        if prepared.has_id:
            mark = self._id = engine.prefix + b"%08x" % index
        else:
            mark = self._id = b""
        engine.inflight.append((now, self, index))
        if prepared.pages is not None:
            self.send_file(prepared.before + mark, prepared.pages)
        elif prepared.large:
            self.send(prepared.before, mark, prepared.after)
        else:
            self.send(prepared.before + mark + prepared.after)

    def received(self, data: bytes, now: int) -> None:
        """Bytes of an answer, or of one that nobody asked for."""
        if self.index < 0:
            self.engine.completion.unasked()
            self.close()
            return
        if self._first == ABSENT:
            self._first = now
        if self._head is not None:
            self._more(data, now)
        elif self._odd is not None:
            self._by_h11(data, now)
        else:
            self._begin(self._buffer + data if self._buffer else data, now)

    def over(self, status: Status, now: int) -> None:
        """The connection ended; a request under way ends with it."""
        if self.index < 0:
            return
        if self._odd is not None and status is Status.CLOSED:
            self._by_h11(b"", now)
            return
        if status is Status.CLOSED and self._first != ABSENT:
            status = Status.TRUNCATED
        self._failed(status, now)

    def expired(self, key: int, now: int) -> None:
        """Give up the request; its connection cannot be used again."""
        if self.index == key and self.alive:
            self.end(Status.TIMEOUT, now)

    def _begin(self, data: bytes, now: int) -> None:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = data
            if not data.startswith(_BEGINS[: len(data)]) or len(data) > HEAD_BYTES:
                self.end(Status.PROTOCOL, now)
            elif b"\n\n" in data:
                self._to_h11(data, now)
            return
        self._buffer = b""
        head = self.engine.heads[data[:end]]
        code, length, flags = head
        if length < 0:
            self._to_h11(data, now)
            return
        body = data[end + 4 :]
        if len(body) == length:
            self._finish(code, flags, body, now)
        elif len(body) > length or length > self.engine.plan.body_bytes:
            self._surplus(code, now)
        else:
            self._head, self._parts, self._need = head, [body], length - len(body)

    def _more(self, data: bytes, now: int) -> None:
        assert self._head is not None
        self._parts.append(data)
        self._need -= len(data)
        if self._need == 0:
            self._finish(self._head[0], self._head[2], b"".join(self._parts), now)
        elif self._need < 0:
            self._surplus(self._head[0], now)

    def _surplus(self, code: int, now: int) -> None:
        """More bytes than one answer has: nobody knows whose they are, so neither counts."""
        self._odd_code = code
        self.end(Status.PROTOCOL, now)

    def _finish(self, code: int, flags: int, body: bytes, now: int) -> None:
        """A whole answer."""
        engine, index = self.engine, self.index
        self.index = -1
        if self._head is not None or self._odd is not None:
            self._head = self._odd = None
            self._parts, self._odd_body = [], bytearray()
        # In place of a call with names: this is the hot path.
        good = engine.completion.answered(
            index, self._intended, self._taken, self._sent, self._first, now,
            body, self.number, code, self._case, self._flags | flags, self._id,
        )  # fmt: skip
        if not good or flags & Flag.CLOSES or engine.new_each or self.sending:
            self.close()
            engine.pool.pump()
        elif self.alive:
            engine.pool.freed(self)

    def _failed(self, status: Status, now: int) -> None:
        index, self.index = self.index, -1
        code, size = self._odd_code, len(self._buffer) + sum(map(len, self._parts)) + len(self._odd_body)
        if self._head is not None:
            code = self._head[0]
        row = (index, self._intended, self._taken, self._sent, self._first, now)
        self.engine.completion.failed(row, size, self.number, code, self._case, status, self._flags)

    def _to_h11(self, data: bytes, now: int) -> None:
        """Begin again with the full parser."""
        self._buffer, self._parts = b"", []
        odd = self._odd = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        method = self.engine.prepared[self._case].method
        odd.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"x")]))
        odd.send(h11.EndOfMessage())
        self._by_h11(data, now)

    def _by_h11(self, data: bytes, now: int) -> None:
        odd = self._odd
        assert odd is not None
        try:
            odd.receive_data(data)
            self._events(odd, now)
        except h11.RemoteProtocolError:
            status = Status.PROTOCOL if data else Status.TRUNCATED
            if self.alive:
                self.end(status, now)
            elif self.index >= 0:
                self._failed(status, now)

    def _events(self, odd: h11.Connection, now: int) -> None:
        while True:
            event = odd.next_event()
            if event is h11.NEED_DATA:
                return
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("no answer")
            if isinstance(event, h11.Response):
                self._odd_code = event.status_code
                if any(name == b"retry-after" for name, _ in event.headers):
                    self._flags |= Flag.RETRY_AFTER
            elif isinstance(event, h11.Data):
                # One buffer: a list of chunks of one byte each would be many times as large.
                self._odd_body += event.data
                if len(self._odd_body) > self.engine.plan.body_bytes:
                    raise h11.RemoteProtocolError("endless body")
            elif isinstance(event, h11.EndOfMessage):
                break
        if odd.trailing_data[0]:
            raise h11.RemoteProtocolError("more than one answer")
        closes = Flag.CLOSES if odd.their_state is not h11.DONE else 0
        self._finish(self._odd_code, int(closes), bytes(self._odd_body), now)


__all__ = ["Heads", "Http1", "PreparedHttp1", "clock", "prepare", "read_head"]
