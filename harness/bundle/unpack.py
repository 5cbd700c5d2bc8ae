"""Reads a pack, record by record; whoever made it may be hostile, so everything has a limit before it is built."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from harness.bundle import warc
from harness.bundle.digests import Digests
from harness.bundle.exchange import Body, ExchangeRecord, decode
from harness.bundle.folder import Altered
from harness.bundle.limits import MOST_EXCHANGES
from harness.bundle.places import BODY, LIMITS, MAX_PACK, MOST_OF_ALL, PACK, RECORD, Suffix, is_sha256
from harness.foreign import MEBIBYTE, open_inside

# Of one gzip member, unpacked: more than the budget of a run lets it write.
MOST_OF_MEMBER = 128 * MEBIBYTE
_HEAD_BYTES = 1 * MEBIBYTE
_CHUNK = 16 << 10
_GZIP = 31
_BEGIN, _LENGTH = b"WARC/1.1\r\nWARC-Type: ", b"\r\nContent-Length: "
_RAW = b"\r\nContent-Type: application/octet-stream\r\n"
_CACHED = 4 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Place:
    """Where content lies: the byte at which its gzip member begins, and its first byte and length in it, unpacked."""

    member: int
    start: int
    length: int


class _Places:
    """Where each of very many contents lies, by its digest; of several of one digest the first."""

    def __init__(self) -> None:
        self.digests = Digests()
        self._members, self._starts, self._lengths = array("Q"), array("I"), array("I")

    def put(self, key: bytes, member: int, start: int, length: int) -> None:
        if self.digests.put(key):
            self._members.append(member)
            self._starts.append(start)
            self._lengths.append(length)

    def get(self, key: bytes) -> Place | None:
        number = self.digests.find(key)
        return None if number is None else Place(self._members[number], self._starts[number], self._lengths[number])


# Of these two there are millions: making a frozen dataclass takes three times as long.
class _Record(NamedTuple):
    kind: bytes
    head: bytes
    block: bytes
    member: int
    start: int


class _Content(NamedTuple):
    """The body of a request or a response: its first byte in the block, its length, its SHA-256 where it has one."""

    begin: int
    size: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One exchange of a pack: the digest of its record, the record's bytes, and what is wrong with it."""

    digest: str
    data: bytes
    record: ExchangeRecord | None
    wrong: str = ""


class PackReader:
    """The exchanges of a pack by their digests; reading it once finds where each lies.

    Attributes:
        left: bytes at the end, unpacked, that belong to no whole exchange, as a run leaves that is killed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.left = 0
        self._places: dict[Suffix, _Places] = {RECORD: _Places(), BODY: _Places()}
        self._read = False
        self._last: _Member | None = None

    def exchanges(self, *, compared: bool = False) -> Iterator[Unpacked]:
        """Every whole exchange in the order of the pack.

        Args:
            compared: hold request, response and bodies against what the record says; costs twice the time.

        Raises:
            Altered: from some byte on it is no pack; what was given before is good.
            OSError: it is not there, or cannot be read.
        """
        self._places = {RECORD: _Places(), BODY: _Places()}
        parts: list[_Record] = []
        count = self.left = 0
        for record in self._records():
            if record.kind == b"metadata":
                count += 1
                if count > MOST_EXCHANGES:
                    raise Altered(f"{PACK} holds more than {MOST_EXCHANGES} exchanges")
                yield self._exchange(record, parts, compared=compared)
                parts = []
            elif record.kind != b"warcinfo" or record.member:
                parts.append(record)
                if len(parts) > 2:
                    raise Altered(f"{PACK} has a {record.kind[:20]!r} where an exchange should end")
        self.left += sum(len(each.head) + len(each.block) for each in parts)
        self._read = True

    def get(self, digest: str, suffix: Suffix) -> bytes:
        """The content of a digest.

        Raises:
            Altered: the pack cannot be read so far, or the content changed while it was read.
            ValueError: no digest.
            OSError: it is not there.
        """
        if not is_sha256(digest):
            raise ValueError(f"{digest[:80]!r} is not a SHA-256")
        key = bytes.fromhex(digest)
        self._index()
        place = self._places[suffix].get(key)
        if place is None:
            raise FileNotFoundError(2, f"it is not in {PACK}")
        data = self._lying(place)
        if hashlib.sha256(data).digest() != key:
            raise Altered(f"{PACK} changed while it was read")
        return data

    def __iter__(self) -> Iterator[tuple[str, Suffix]]:
        """Digest and suffix of everything."""
        self._index()
        for suffix, places in self._places.items():
            for digest in places.digests:
                yield digest, suffix

    def holds(self, body: str) -> bool:
        """Whether a body of that digest was met so far."""
        return body in self._places[BODY].digests

    def _index(self) -> None:
        if self._read:
            return
        try:
            for _ in self.exchanges():
                pass
        except Altered:
            self._read = True  # what lies before the damage is good

    def _exchange(self, metadata: _Record, parts: list[_Record], *, compared: bool) -> Unpacked:
        data = metadata.block
        key = hashlib.sha256(data).digest()
        digest = key.hex()
        if len(data) > LIMITS[RECORD]:
            raise Altered(f"{PACK}: a record has more than {LIMITS[RECORD]} bytes")
        wrong, record = "", None
        bodies = [_content(part) for part in parts]
        if compared:
            try:
                record = decode(data)
                wrong = self._unlike(metadata, parts, bodies, record, digest)
            except ValueError as error:
                wrong = f"is no exchange record: {error}"
        self._places[RECORD].put(key, metadata.member, metadata.start, len(data))
        for part, body in zip(parts, bodies, strict=True):
            if body.size and part.kind != b"revisit":
                self._places[BODY].put(body.key, part.member, part.start + body.begin, body.size)
        return Unpacked(digest, data, record, wrong)

    def _unlike(
        self, metadata: _Record, parts: list[_Record], bodies: list[_Content], record: ExchangeRecord, digest: str
    ) -> str:
        """Why request and response are not those of the record; empty where they are."""
        due = [(warc.request, record.request.body)]
        if record.response is not None:
            due.append((warc.response, record.response.body))
        if len(parts) != len(due):
            return f"has {len(parts)} messages where its record has {len(due)}"
        if metadata.head != warc.metadata(record, digest, len(metadata.block)):
            return "does not stand behind its own lines"
        own: set[str] = set()
        for (spelling, body), part, content in zip(due, parts, bodies, strict=True):
            again = part.kind == b"revisit"
            made = spelling(record, digest, again=again)
            if part.head != made.warc or part.block[: content.begin] != made.http:
                return "has a message that its record does not give"
            wrong = self._unlike_body(content, body, again=again, own=own)
            if wrong:
                return wrong
        return ""

    def _unlike_body(self, content: _Content, body: Body | None, *, again: bool, own: set[str]) -> str:
        if body is None or not body.bytes:
            return "has a body that its record does not name" if content.size or again else ""
        if again:
            known = body.sha256 in own or self.holds(body.sha256)
            return "" if known and not content.size else "refers to a body that was not stored before"
        own.add(body.sha256)
        if content.size != body.bytes or content.key.hex() != body.sha256:
            return "has a body that is not the one which its record names"
        return ""

    def _records(self) -> Iterator[_Record]:
        total = 0
        with open_inside(self._folder, PACK, MAX_PACK) as file:
            for offset, data, whole in _members(file):
                total += len(data)
                if total > MOST_OF_ALL:
                    raise Altered(f"{PACK} unpacks to more than {MOST_OF_ALL} bytes")
                position = 0
                while position < len(data):
                    found = _record(data, position, offset)
                    if found is None:
                        if whole:
                            raise Altered(f"{PACK} has no record of WARC at byte {position} of the member at {offset}")
                        self.left += len(data) - position
                        break
                    record, position = found
                    yield record

    def _lying(self, place: Place) -> bytes:
        """What lies at a place; its member is unpacked so far as is needed, and kept for what lies beside it.

        Of a large member only the end is kept: what lies behind is unpacked from there on, what lies before it anew.
        """
        stop, member = place.start + place.length, self._last
        if member is None or member.begin != place.member or member.first > place.start:
            member = self._last = _Member(place.member)
        if member.first + len(member.data) < stop:
            with open_inside(self._folder, PACK, MAX_PACK) as file:
                member.unpack(file, stop)
        data = bytes(member.data[place.start - member.first : stop - member.first])
        member.trim()
        return data


def _members(file: BufferedReader) -> Iterator[tuple[int, bytes, bool]]:
    """Each gzip member: where it begins, what it holds, and whether it is whole, which only the last may not be.

    Raises:
        Altered: there is no gzip member, or one that is damaged, empty or too large.
    """
    offset, data = file.tell(), file.read(_CHUNK)
    while data:
        inflate, pieces, size, begin, packed = zlib.decompressobj(_GZIP), [], 0, offset, len(data)
        while data and not inflate.eof:
            try:
                pieces.append(inflate.decompress(data, MOST_OF_MEMBER - size + 1))
            except zlib.error as error:
                raise Altered(f"{PACK} cannot be unpacked from byte {begin} on: {error}") from error
            size += len(pieces[-1])
            if size > MOST_OF_MEMBER:
                raise Altered(f"{PACK} has a member of more than {MOST_OF_MEMBER} bytes at byte {begin}")
            if not inflate.eof:
                data = inflate.unconsumed_tail
                if not data:
                    data = file.read(_CHUNK)
                    packed += len(data)
        if inflate.eof and not size:
            raise Altered(f"{PACK} has an empty member at byte {begin}")
        yield begin, pieces[0] if len(pieces) == 1 else b"".join(pieces), inflate.eof
        data = inflate.unused_data
        offset = begin + packed - len(data)
        data = data or file.read(_CHUNK)


class _Member:
    """The gzip member that begins at a byte of the pack, unpacked so far: ``data``, from byte ``first`` of it on."""

    def __init__(self, begin: int) -> None:
        self.begin, self.first, self.data = begin, 0, bytearray()
        self._next, self._inflate = begin, zlib.decompressobj(_GZIP)

    def unpack(self, file: BufferedReader, stop: int) -> None:
        """Go on up to a byte of it, or less far where it has no more or is damaged."""
        file.seek(self._next)
        left = stop - self.first - len(self.data)
        try:
            while left > 0 and not self._inflate.eof:
                packed = self._inflate.unconsumed_tail or file.read(_CHUNK)
                # Without anything packed, it gives what it has held back so far.
                piece = self._inflate.decompress(packed, left)
                self.data += piece
                left -= len(piece)
                if not packed and not piece:
                    break
        except zlib.error:
            pass  # it is not what its digest says, as whoever asked finds
        self._next = file.tell()

    def trim(self) -> None:
        """Forget the beginning of what is large; seldom, as it moves the rest."""
        if len(self.data) > _CACHED:
            forgotten = len(self.data) - _CACHED // 2
            self.first += forgotten
            del self.data[:forgotten]


def _record(data: bytes, position: int, member: int) -> tuple[_Record, int] | None:
    """The record of WARC that begins there, and where the next one does; None where there is no whole one."""
    end = data.find(warc.END, position, position + _HEAD_BYTES)
    length = data.rfind(_LENGTH, position, end) if end >= 0 else -1
    digits = data[length + len(_LENGTH) : end] if length >= 0 else b""
    if not data.startswith(_BEGIN, position) or not digits.isdigit() or len(digits) > 10:
        return None
    start = end + len(warc.END)
    stop = start + int(digits)
    if data[stop : stop + len(warc.END)] != warc.END:
        return None
    kind = data[position + len(_BEGIN) : data.find(b"\r\n", position + len(_BEGIN))]
    return _Record(kind, data[position:start], data[start:stop], member, start), stop + len(warc.END)


def _content(part: _Record) -> _Content:
    whole, begin = len(part.block), 0
    if _RAW not in part.head:
        end = part.block.find(warc.END)
        begin = whole if end < 0 else end + len(warc.END)
    if begin == whole:
        return _Content(begin, 0, b"")
    return _Content(begin, whole - begin, hashlib.sha256(memoryview(part.block)[begin:]).digest())
