"""A TCP or TLS connection driven by gevent's I/O watchers: no greenlet and no lock for each, and without TLS no buffer.

TLS goes through ``ssl.MemoryBIO``, so that one set of watchers serves both. Nothing here raises into the loop: what
goes wrong ends in :meth:`LoadConnection.over`, exactly once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket as socket_module
import ssl
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gevent import monkey

from harness.load.records.rows import Status
from harness.record.disk import OWN

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext
    from harness.load.engine.sendfile_body import SendfileBody

_socket = monkey.get_original("socket", "socket")
_READ, _WRITE = 1, 2
_SMALL, _LARGE = 1 << 14, 1 << 20
_VECTORS = 64
clock = time.monotonic_ns

# The tester's own want of ports, files or memory: the endpoint was never asked.
_OWN = OWN | {errno.EACCES}


class LoadConnection:
    """A connection to the endpoint; protocols are its subclasses.

    Attributes:
        alive: until :meth:`over` or :meth:`close`.
        ready: requests may be sent.
        listed: stands among the engine's free connections.
        since: when it began to open (ns, monotonic).
        sending: bytes wait for the kernel to take them.
    """

    __slots__ = (
        "_connecting",
        "_incoming",
        "_out",
        "_outgoing",
        "_read",
        "_recv",
        "_send",
        "_send_failed",
        "_size",
        "_socket",
        "_tls",
        "_write",
        "alive",
        "engine",
        "listed",
        "number",
        "ready",
        "sending",
        "since",
    )

    def __init__(self, engine: EngineContext, number: int) -> None:
        self.engine, self.number = engine, number
        self.alive, self.ready, self.listed, self.sending = True, False, False, False
        self.since = clock()
        self._out: list[Any] = []
        self._size = _SMALL
        self._send_failed = False
        self._connecting = True
        self._read: Any = None
        self._write: Any = None
        self._socket: Any = None
        self._tls: ssl.SSLObject | None = None
        try:
            self._connect()
        except OSError as error:
            # Not from here: whoever dispatches is not prepared for an end before the beginning.
            engine.loop.run_callback(self._not_connected, error.errno)

    def opened(self, now: int) -> None:
        """The connection stands, TLS included."""
        raise NotImplementedError

    def received(self, data: bytes, now: int) -> None:
        """Bytes came."""
        raise NotImplementedError

    def over(self, status: Status, now: int) -> None:
        """It ended, by the other side or by an error; ``status`` says how. It is closed already."""
        raise NotImplementedError

    def expired(self, key: int, now: int) -> None:
        """The request's time is over, unless it is answered."""

    def room(self) -> bool:
        """Whether a further request may be sent now."""
        raise NotImplementedError

    def fire(self, index: int, intended: int, taken: int, case: int, flags: int, now: int) -> None:
        """Send a request; ``now`` becomes its time of sending."""
        raise NotImplementedError

    def hold(self, index: int, intended: int, taken: int, case: int, flags: int) -> None:
        """Keep a request until the connection is open."""
        raise NotImplementedError

    def flush(self) -> None:
        """Hand what is queued to the kernel; nothing is, where each request is sent by itself."""

    def pour(self) -> None:
        """Send what was kept back until the next reaping; nothing is, where no window bounds it."""

    @property
    def protocol(self) -> str | None:
        """What ALPN chose."""
        return self._tls.selected_alpn_protocol() if self._tls else None

    def send(self, *parts: bytes) -> bool:
        """Hand over bytes in order; True when the kernel has them all."""
        if self._tls is not None:
            try:
                for part in parts:
                    self._tls.write(part)
            except ssl.SSLError as error:
                self.engine.tester_errors.note(f"TLS: {error}")
                self._send_failed = True
                return True
            parts = (self._outgoing.read(),)
        if self.sending:
            self._out.extend(memoryview(part) for part in parts)
            return False
        try:
            if len(parts) == 1:
                done = self._send(parts[0])
                if done == len(parts[0]):
                    return True
            else:
                done = self._socket.sendmsg(parts)
                if done == sum(map(len, parts)):
                    return True
        except (BlockingIOError, InterruptedError):
            done = 0
        except OSError:
            # An answer sent before the reset is still there to be read, and reading will meet the end.
            self._send_failed = True
            return True
        self._later(parts, done)
        return False

    def send_file(self, head: bytes, pages: SendfileBody) -> None:
        """Hand over a head and a body that the kernel need not copy; not under TLS, and not while bytes wait."""
        done = 0
        # What keeps sendfile from its work (a sandbox, want of memory) does not keep bytes from theirs; of a broken
        # connection they will tell as well.
        with contextlib.suppress(OSError):
            done = self._send(head, socket_module.MSG_MORE)
            if done == len(head):
                done += os.sendfile(self._socket.fileno(), pages.file, 0, len(pages.body))
        if done < len(head) + len(pages.body):
            self._later((head, pages.body), done)

    def _later(self, parts: Sequence[bytes], done: int) -> None:
        """Send what follows the first ``done`` bytes when the kernel has room."""
        self._out = _without([memoryview(part) for part in parts], done)
        self.sending = True
        self._watch_writing(self._writable)

    def close(self) -> None:
        """Close without a word; a second time does nothing."""
        if not self.alive:
            return
        self.alive = self.ready = False
        for watcher in (self._read, self._write):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._read = self._write = None
        self._out = []
        if self._socket is not None:
            self._socket.close()
        self.engine.pool.closed(self)

    def end(self, status: Status, now: int | None = None) -> None:
        """Close and tell :meth:`over`."""
        if self.alive:
            self.close()
            self.over(status, clock() if now is None else now)
            self.engine.pool.pump()

    def _connect(self) -> None:
        family, address = self.engine.address
        made = self._socket = _socket(family, socket_module.SOCK_STREAM)
        made.setblocking(False)
        made.setsockopt(socket_module.IPPROTO_TCP, socket_module.TCP_NODELAY, 1)
        self._recv, self._send = made.recv, made.send
        code = made.connect_ex(address)
        if code not in {0, errno.EINPROGRESS}:
            raise OSError(code, "connect")
        self._read = self.engine.loop.io(made.fileno(), _READ)
        self._watch_writing(self._connected)

    def _watch_writing(self, callback: Any) -> None:  # noqa: ANN401 -- a bound method
        if self._write is None and self._socket is not None:
            self._write = self.engine.loop.io(self._socket.fileno(), _WRITE)
        if self._write is not None:
            self._write.start(callback)

    def _connected(self) -> None:
        try:
            self._established()
        except Exception as error:  # noqa: BLE001 -- gevent would print it and leave the request without an end
            self._spoilt(error)

    def _established(self) -> None:
        self._write.stop()
        code = self._socket.getsockopt(socket_module.SOL_SOCKET, socket_module.SO_ERROR)
        if code:
            self._not_connected(code)
            return
        self._read.start(self._readable)
        context = self.engine.tls
        if context is None:
            self._open(clock())
            return
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=self.engine.server_name)
        self._shake(clock())

    def _not_connected(self, code: int | None) -> None:
        if code in _OWN:
            self.engine.tester_errors.note(f"no connection could be made: {errno.errorcode.get(code or 0, code)}")
        self.end(Status.NEVER_SENT if code in _OWN else Status.REFUSED)

    def _open(self, now: int) -> None:
        self._connecting = False
        self.opened(now)

    def _shake(self, now: int) -> None:
        """One step of the TLS handshake."""
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._push()
            return
        except (ssl.SSLError, ssl.CertificateError) as error:
            self._push()  # the alert that says why
            self.engine.tester_errors.note(f"TLS: {error}")
            self.end(Status.REFUSED, now)
            return
        self._push()
        self._open(now)

    def _push(self) -> None:
        """Send what TLS itself has to say (handshake, alerts, key updates)."""
        data = self._outgoing.read()
        if not data:
            return
        tls, self._tls = self._tls, None
        try:
            self.send(data)
        finally:
            self._tls = tls

    def _readable(self) -> None:
        try:
            data = self._recv(self._size)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._ended(Status.RESET, clock())
            return
        now = clock()
        if len(data) == self._size < _LARGE:
            self._size *= 4
        try:
            if self._tls is not None:
                self._decrypt(data, now)
            elif data:
                self.received(data, now)
            else:
                self._ended(Status.CLOSED, now)
        except Exception as error:  # noqa: BLE001 -- as above
            self._spoilt(error)

    def _decrypt(self, data: bytes, now: int) -> None:
        assert self._tls is not None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        if self._connecting:
            if not data:
                self.end(Status.REFUSED, now)
                return
            self._shake(now)
            if self._connecting:
                return
        ended = self._plain(now)
        if self.alive:
            self._push()
            if ended is not None or not data:
                self._ended(ended or Status.CLOSED, now)

    def _plain(self, now: int) -> Status | None:
        """Hand on what is decrypted; how the stream ended, if it did."""
        assert self._tls is not None
        while self.alive:
            try:
                plain = self._tls.read(_LARGE)
            except ssl.SSLWantReadError:
                return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return Status.CLOSED
            except ssl.SSLError as error:
                self.engine.tester_errors.note(f"TLS: {error}")
                return Status.PROTOCOL
            if not plain:
                return Status.CLOSED
            self.received(plain, now)
        return None

    def _spoilt(self, error: Exception) -> None:
        """A defect of the tester: its requests are over, and say nothing of the endpoint."""
        self.engine.tester_errors.defect(error)
        try:
            self.end(Status.NEVER_SENT)
        except Exception as another:  # noqa: BLE001 -- what has no end then is ended with the run
            self.engine.tester_errors.defect(another)

    def _ended(self, status: Status, now: int) -> None:
        self.end(Status.RESET if self._send_failed and status is Status.CLOSED else status, now)

    def _writable(self) -> None:
        try:
            done = self._socket.sendmsg(self._out[:_VECTORS])
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._send_failed = True
            self._out, self.sending = [], False
            self._write.stop()
            return
        self._out = _without(self._out, done)
        if not self._out:
            self.sending = False
            self._write.stop()


def _without(parts: list[Any], done: int) -> list[Any]:
    """Parts after the first ``done`` bytes."""
    for place, part in enumerate(parts):
        if done < len(part):
            return [part[done:], *parts[place + 1 :]]
        done -= len(part)
    return []
