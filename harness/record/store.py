"""How exchanges become records: bodies apart, large ones in part, everything kept by its digest."""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from harness import __version__
from harness.bundle.events import ExchangeSeen
from harness.bundle.exchange import (
    Body,
    Clipped,
    ConnectionRecord,
    ExchangeRecord,
    FailureRecord,
    Request,
    Response,
    RpcRecord,
    Timing,
    TlsRecord,
)
from harness.bundle.pack import PackWriter
from harness.bundle.totals import ExchangeTotals
from harness.check import TesterFailed
from harness.record.clock import now
from harness.record.disk import Disk
from harness.record.exchange import ConnectionFacts, Exchange, Headers
from harness.record.redact import Redaction, Redactor
from harness.record.sensitive import Withholding
from harness.record.sharing import SharedBodies
from harness.record.tempo import Tempo
from harness.record.unbroken import unbroken

Observer = Callable[[Exchange, str | None], None]
# Exchanges that are remembered for telling what an endpoint was sent before it went away, and their bytes together.
RECENT, RECENT_BYTES = 32, 8 << 20
# A body may take one part in so many of what is left of the room, and so many bytes in any case; of a larger one the
# first and the last bytes are kept.
SHARE, WHOLE, HEAD, TAIL = 128, 64 << 10, 48 << 10, 16 << 10


class ExchangeStore:
    """The exchanges of a run, put into its pack.

    Args:
        root: the bundle.
        room: bytes that may be written; None is unlimited. A body that is large for what is left is kept in part.

    Attributes:
        written: bytes so far.
        clipped, left_out: bodies that were kept in part, and the bytes of them that were not kept.

    Raises (all methods):
        OSError: the disk refuses; a run whose evidence cannot be written must not go on.
    """

    def __init__(self, root: Path, room: int | None = None) -> None:
        self.root = root
        self.room = room
        self.clipped = self.left_out = 0
        self._pack = PackWriter(root, f"art15/{__version__}", now())

    @property
    def written(self) -> int:
        """Bytes so far: of the pack as it lies, or of the bodies as a reader unpacks them, whichever is more."""
        return max(self._pack.size, self._pack.bodies)

    @property
    def full(self) -> bool:
        """Whether no more than what is under way already should be written."""
        return self._pack.full

    def write(self, exchange: Exchange, redactions: list[Redaction]) -> str:
        """Keep an exchange that has been redacted, and give the digest of its record."""
        request, sent = self._kept(exchange.request_body)
        response, came = self._kept(exchange.response_body) if exchange.answered else (None, b"")
        return self._pack.write(_record(exchange, request, response, redactions), sent, came)

    def close(self) -> None:
        """Nothing more is written."""
        self._pack.close()

    def _kept(self, body: bytes) -> tuple[Body | None, bytes]:
        """What is kept of a body, and how the record tells it."""
        if not body:
            return None, b""
        digest = hashlib.sha256(body).hexdigest()
        if self.room is None or len(body) <= max(WHOLE, (self.room - self.written) // SHARE):
            return Body(sha256=digest, bytes=len(body)), body
        self.clipped += 1
        self.left_out += len(body) - HEAD - TAIL
        kept = body[:HEAD] + body[-TAIL:]
        was = Clipped(sha256=digest, bytes=len(body), head=HEAD, tail=TAIL)
        return Body(sha256=hashlib.sha256(kept).hexdigest(), bytes=len(kept), clipped=was), kept


def _record(
    exchange: Exchange, request: Body | None, response: Body | None, redactions: list[Redaction]
) -> ExchangeRecord:
    error, rpc = exchange.error, exchange.rpc
    return ExchangeRecord(
        n=exchange.n,
        method=exchange.method,
        url=exchange.url,
        http_version=exchange.http_version,
        request=Request(headers=_pairs(exchange.request_headers), body=request, text=exchange.request_text or None),
        response=_response(exchange, response) if exchange.answered else None,
        rpc=None if rpc is None else RpcRecord(code=rpc.code, name=rpc.name, details=rpc.details),
        error=None if error is None else FailureRecord(kind=error.kind, message=error.message),
        timing=Timing(
            started=exchange.started,
            start_ns=exchange.start_ns,
            headers_ns=exchange.headers_ns,
            end_ns=exchange.end_ns,
        ),
        connection=_connection(exchange.connection),
        redactions=redactions,
    )


def _response(exchange: Exchange, body: Body | None) -> Response:
    return Response(
        status=exchange.status,
        reason=exchange.reason,
        http_version=exchange.response_http_version,
        headers=_pairs(exchange.response_headers),
        trailers=_pairs(exchange.response_trailers),
        body=body,
        text=exchange.response_text or None,
        truncated=exchange.truncated,
    )


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers)


def _connection(facts: ConnectionFacts | None) -> ConnectionRecord | None:
    if facts is None:
        return None
    tls = None if facts.tls is None else TlsRecord(version=facts.tls.version, cipher=facts.tls.cipher)
    return ConnectionRecord(id=facts.id, request_index=facts.request_index, local=facts.local, peer=facts.peer, tls=tls)


class AwayHandler(Protocol):
    """Whoever notices that the endpoint has gone away, and waits for it."""

    def away(self, exchange: Exchange, *, whole_time: bool, tries: int) -> bool:
        """Whether the endpoint was away and is back, so that the request is to be sent again.

        Args:
            whole_time: the request had all the time that one may take; less says nothing of an endpoint.
            tries: how often it was sent by now.

        Raises:
            harness.incident.EndpointLost: it did not come back, or a request of the running check has done it.
        """

    def met_nobody(self, what: str) -> None:
        """Requests that were not sent one by one have met nobody: note it, wait, and end the check.

        Args:
            what: which requests, in words.

        Raises:
            harness.incident.EndpointLost: always.
        """


class Recorder:
    """Redacts, stores and announces exchanges. Safe to use from several threads.

    Args:
        store: where they are kept.
        redactor: what is taken out first.
        sink: called with the journal's ``exchange`` line, once per exchange, after it is on disk.
        disk: learns that an exchange could not be written.

    Attributes:
        withholding: takes out of each exchange what no record may hold; None: nothing of that kind.
        learn: shown each exchange before it is redacted; it may tell the redactor of secrets, and must not raise.
        continuity: asked about each request that got no answer; without one, every exchange is given as it is.
        recent: the last exchanges that reached the endpoint, with the id of the check that sent them.
        answering: transports over which anything was ever answered: what never was cannot be lost.
        tempo: how long answers take that are waited for one at a time.
    """

    def __init__(
        self,
        store: ExchangeStore,
        redactor: Redactor,
        sink: Callable[[ExchangeSeen], None],
        disk: Disk | None = None,
    ) -> None:
        self.store = store
        self.disk = disk or Disk()
        self.redactor = redactor
        self.totals = ExchangeTotals()
        self._sink = sink
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._check: str | None = None
        self._watchers: list[list[Exchange]] = []
        self._observers: list[Observer] = []
        self.withholding: Withholding | None = None
        self.learn: Callable[[Exchange], None] | None = None
        self.continuity: AwayHandler | None = None
        self.recent: deque[tuple[Exchange, str | None]] = deque()
        self._recent_bytes = 0
        self._bodies = SharedBodies()
        self.answering: set[str] = set()
        self._checks: contextvars.ContextVar[str | None] = contextvars.ContextVar("check")
        self.tempo = Tempo()
        self._held: dict[str, contextvars.Context] | None = None
        self._to: str | None = None

    @property
    def current_check(self) -> str | None:
        """Id that is stamped on records. A thread that never set it has the one that was set last."""
        return self._checks.get(self._check)

    @current_check.setter
    def current_check(self, check: str | None) -> None:
        self._check = check
        self._checks.set(check)

    @contextlib.contextmanager
    def watching(self) -> Iterator[list[Exchange]]:
        """A list that grows by every exchange recorded inside, of whatever client and thread."""
        seen: list[Exchange] = []
        self._watchers.append(seen)
        try:
            yield seen
        finally:
            self._watchers = [each for each in self._watchers if each is not seen]

    def observe(self, observer: Observer) -> None:
        """Show every exchange recorded from now on to ``observer``, with the id of the check that it belongs to.

        It is called by whatever thread records, holds that thread up, and must not raise.
        """
        self._observers.append(observer)

    def next_number(self) -> int:
        """The ``n`` of the next exchange, unique over all clients that share this recorder."""
        return next(self._numbers)

    def record(self, exchange: Exchange) -> Exchange:
        """Keep an exchange and give it back with ``ref`` set.

        What comes back is not redacted: a check must judge what was sent. Anything written *about* it goes through
        :meth:`Redactor.value` first.

        Raises:
            CannotRecord: it cannot be kept, so nothing more may be sent.
            TesterFailed: it failed by a want of this machine; it is kept, and shown to nobody as the endpoint's doing.
        """
        begin = time.monotonic()
        if self.learn is not None:
            self.learn(exchange)
        kept, taken = (exchange, []) if self.withholding is None else self.withholding.exchange(exchange)
        clean, redactions = self.redactor.exchange(kept)
        redactions += taken
        with unbroken():
            digest = self._keep(clean, redactions)
        done = self._bodies.recorded(exchange, digest)
        if done.error is not None and done.error.kind == "tester":
            raise TesterFailed(done.error.message)
        self._remember(done)
        for seen in self._watchers:
            seen.append(done)
        held = self._held
        if self._to is not None:
            return done
        if held is None:
            self.show(done)
            self.tempo.note(done, time.monotonic() - begin)
        else:
            held[digest] = contextvars.copy_context()
        return done

    def _keep(self, clean: Exchange, redactions: list[Redaction]) -> str:
        """Write an exchange, and the line that names it; gives its digest."""
        try:
            digest = self.store.write(clean, redactions)
        except OSError as error:
            raise self.disk.fails(error) from None
        with self._lock:
            self.totals.add(
                clean.started,
                failed=clean.error is not None,
                sent=clean.sent,
                received=clean.received,
                redactions=len(redactions),
            )
        self._sink(
            ExchangeSeen(
                n=clean.n,
                sha256=digest,
                method=clean.method,
                url=clean.url,
                status=clean.status or None,
                rpc=clean.rpc.name or None if clean.rpc else None,
                error_kind=clean.error.kind if clean.error else None,
                sent=clean.sent,
                received=clean.received,
                elapsed_s=round(clean.elapsed_s, 6),
                redactions=len(redactions),
                check=self.current_check,
                to=self._to,
            )
        )
        return digest

    def show(self, done: Exchange) -> None:
        """Show a recorded exchange to every observer."""
        for observer in self._observers:
            observer(done, self.current_check)

    def settled(self, send: Callable[[], Exchange], *, whole_time: bool = True) -> Exchange:
        """Send, and send again while the endpoint was away meanwhile; everything that is sent goes through here.

        So no check is handed a request that met nobody.

        Raises:
            harness.incident.EndpointLost: see :meth:`AwayHandler.away`.
        """
        exchange, tries = send(), 1
        while exchange.error is not None and self.continuity is not None:
            if not self.continuity.away(exchange, whole_time=whole_time, tries=tries):
                break
            exchange, tries = send(), tries + 1
        return exchange

    @contextlib.contextmanager
    def held_back(self) -> Iterator[dict[str, contextvars.Context]]:
        """Inside, exchanges are recorded and shown to no observer, and nobody waits for an endpoint without an answer.

        Gives the context in which each was recorded, by its reference: an answer that came while others were under way
        may be no case of anything, and who finds that it is :meth:`show`s it there.
        """
        held: dict[str, contextvars.Context] = {}
        before, self._held = self._held, held
        try:
            with self.unwatched():
                yield held
        finally:
            self._held = before

    @contextlib.contextmanager
    def to_another(self, who: str) -> Iterator[None]:
        """Inside, exchanges are with somebody who is not under test: recorded as such, shown to no observer.

        Nobody waits for one that gives no answer.
        """
        with self.unwatched():
            self._to = who
            try:
                yield
            finally:
                self._to = None

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Inside, nobody waits for an endpoint without an answer: the tester itself may be what holds it up."""
        there, self.continuity = self.continuity, None
        try:
            yield
        finally:
            self.continuity = there

    def _remember(self, done: Exchange) -> None:
        if done.error is not None and done.error.kind == "connect":
            return
        with self._lock:
            if done.answered:
                self.answering.add(done.transport)
            self.recent.append((done, self.current_check))
            self._recent_bytes += len(done.request_body) + len(done.response_body)
            while len(self.recent) > RECENT or (self._recent_bytes > RECENT_BYTES and len(self.recent) > 1):
                old, _ = self.recent.popleft()
                self._recent_bytes -= len(old.request_body) + len(old.response_body)
