"""The pack of a run: ``exchanges.warc.gz``, appended to exchange by exchange, readable to the last whole one."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import weakref
import zlib
from pathlib import Path

from harness.bundle import warc
from harness.bundle.exchange import Body, ExchangeRecord, encode
from harness.bundle.limits import MOST_EXCHANGES
from harness.bundle.places import MOST_OF_ALL, PACK

# Up to here every record is a gzip member of its own, as the standard advises, so that every tool finds and reads it.
# It takes five times the space: of a campaign of 100,000 exchanges 170 MB, where members that hold several take 32.
EACH_ALONE = 4 << 20
# Beyond, a member ends after so many exchanges, or so many bytes of them: what has to be unpacked to read one.
TOGETHER, TOGETHER_BYTES = 128, 1 << 20
# Exchanges, and bytes of them, that may still come when nothing more is begun.
UNDER_WAY, BYTES_UNDER_WAY = MOST_EXCHANGES // 200, MOST_OF_ALL // 16
# Bodies remembered so as not to store them again; forgetting one costs its bytes, never a wrong pack.
REMEMBERED = 200_000
_LEVEL, _GZIP = 6, 31


class PackWriter:
    """Appends exchanges. Safe to use from several threads.

    Args:
        folder: the bundle; the pack is begun with the first exchange.
        software: name and version of who writes.
        date: when, ISO 8601 in UTC.

    Attributes:
        size: bytes of the pack so far.
        bodies: bytes of bodies in it, as a reader unpacks them.
    """

    def __init__(self, folder: Path, software: str = "art15", date: str = "1970-01-01T00:00:00Z") -> None:
        self.size = self.bodies = 0
        self._path = folder / PACK
        self._first = warc.info(software, date)
        self._lock = threading.Lock()
        self._descriptor = -1
        self._unpacked = self._count = 0
        self._known: set[bytes] = set()
        self._member: _Member | None = None
        self._failed: OSError | None = None

    @property
    def full(self) -> bool:
        """Whether so much is in it that there is room for what is under way, and for no more."""
        return self._count >= MOST_EXCHANGES - UNDER_WAY or self._unpacked >= MOST_OF_ALL - BYTES_UNDER_WAY

    def write(self, record: ExchangeRecord, request: bytes, response: bytes) -> str:
        """Keep an exchange with its bodies, whole or not at all, and give the digest of its record.

        Raises:
            OSError: the disk refuses, now or at an earlier exchange.
        """
        data = encode(record)
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if self._failed is not None:
                raise self._failed
            new: dict[bytes, int] = {}
            records = [self._side(warc.request, record, record.request.body, digest, request, new)]
            if record.response is not None:
                records.append(self._side(warc.response, record, record.response.body, digest, response, new))
            records.append(b"".join((warc.metadata(record, digest, len(data)), data, warc.END)))
            try:
                self._append(records)
            except OSError as error:
                self._failed = error
                self._cut_back()
                raise
            self.bodies += sum(new.values())
            if len(self._known) > REMEMBERED:
                self._known.clear()
            self._known.update(new)
        return digest

    def close(self) -> None:
        """End the pack; it can be called twice.

        Raises:
            OSError: the disk refuses.
        """
        with self._lock:
            if self._descriptor < 0:
                return
            try:
                if self._member is not None and self._failed is None:
                    self._put(self._member.end())
            finally:
                self._member = None
                self._descriptor = -1
                self._failed = self._failed or OSError(errno.EBADF, "the pack of exchanges is closed")
                self._let_go()

    def _side(
        self,
        spelling: warc.Spelling,
        record: ExchangeRecord,
        body: Body | None,
        digest: str,
        content: bytes,
        new: dict[bytes, int],
    ) -> bytes:
        """One side as it is spelt, with its body where that is not stored yet; ``new`` learns of such."""
        key = bytes.fromhex(body.sha256) if body is not None and content else b""
        again = key in self._known or key in new
        made = spelling(record, digest, again=again)
        if key and not again:
            new[key] = len(content)
        return b"".join((made.warc, made.http, b"" if again else content, warc.END))

    def _append(self, records: list[bytes]) -> None:
        """All of an exchange in one write, so that what kills the run leaves it whole or cuts it off."""
        self._unpacked += sum(map(len, records))
        self._count += 1
        if self._count > MOST_EXCHANGES:
            raise OSError(errno.EFBIG, f"no more than {MOST_EXCHANGES} exchanges fit into one bundle")
        if self._unpacked > MOST_OF_ALL:
            raise OSError(errno.EFBIG, f"no more than {MOST_OF_ALL >> 20} MiB of exchanges fit into one bundle")
        if self._descriptor < 0:
            self._open()
        elif os.fstat(self._descriptor).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "the evidence folder, or a part of it, was removed")
        if self.size < EACH_ALONE:
            self._put(b"".join(map(_alone, records)))
            return
        self._member = self._member or _Member()
        self._put(self._member.add(b"".join(records)))
        if self._member.full:
            self._put(self._member.end())
            self._member = None

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, flags, 0o666)
        # A recorder that nobody closes, as where a run breaks down, must not keep the file open for ever.
        self._let_go = weakref.finalize(self, os.close, self._descriptor)
        self._put(_alone(self._first))

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.size += len(data)

    def _cut_back(self) -> None:
        """Take away the beginning of what could not be written whole."""
        if self._descriptor >= 0:
            try:
                os.ftruncate(self._descriptor, self.size)
            except OSError:
                return


class _Member:
    """A gzip member that holds several exchanges, each flushed to a byte, so that a reader gets it without the end."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._exchanges = self._bytes = 0

    @property
    def full(self) -> bool:
        return self._exchanges >= TOGETHER or self._bytes >= TOGETHER_BYTES

    def add(self, data: bytes) -> bytes:
        self._exchanges += 1
        self._bytes += len(data)
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._deflate.flush(zlib.Z_FINISH)


def _alone(record: bytes) -> bytes:
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return deflate.compress(record) + deflate.flush()
