"""Packs of exchanges taken apart and put together again, as one does who knows the format."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from harness.bundle.exchange import Body, ExchangeRecord, decode
from harness.bundle.pack import PackWriter
from harness.bundle.places import BODY, PACK
from harness.bundle.unpack import PackReader

# A record, and the bodies of request and response.
Item = tuple[ExchangeRecord, bytes, bytes]


def items_of(folder: Path) -> list[Item]:
    """Every exchange of a pack, in its order."""
    reader = PackReader(folder)
    records = [decode(found.data) for found in reader.exchanges()]

    def content(body: Body | None) -> bytes:
        return reader.get(body.sha256, BODY) if body is not None and body.bytes else b""

    return [
        (each, content(each.request.body), content(each.response.body if each.response is not None else None))
        for each in records
    ]


def write_pack(folder: Path, items: Sequence[Item]) -> list[str]:
    """A pack of these exchanges in place of the one that is there; gives their digests."""
    (folder / PACK).unlink(missing_ok=True)
    writer = PackWriter(folder)
    digests = [writer.write(*each) for each in items]
    writer.close()
    return digests


def repacked(folder: Path, change: Callable[[Item], Item | None], which: int = 0) -> str | None:
    """One exchange of a pack changed, or taken out; gives its new digest."""
    items = items_of(folder)
    new = change(items[which])
    items[which : which + 1] = [new] if new is not None else []
    digests = write_pack(folder, items)
    return digests[which] if new is not None else None


def position(folder: Path, digest: str) -> int:
    """The place of an exchange in its pack."""
    return [found.digest for found in PackReader(folder).exchanges()].index(digest)


def redacted(item: Item) -> Item:
    """The exchange, its request marked as not whole."""
    record = msgspec.structs.replace(item[0], redactions=[{"where": "request.body", "rule": "secret"}])
    return record, item[1], item[2]


def read(path: Path) -> bytes:
    """The bytes of a file of a bundle, those of a pack unpacked: what a search for words has to look through."""
    data = path.read_bytes()
    return b"".join(gzip_members(data)) if path.name == PACK else data


def gzip_members(data: bytes) -> Iterator[bytes]:
    """What every gzip member holds, the last one so far as it is there."""
    while data:
        inflate = zlib.decompressobj(31)
        yield inflate.decompress(data)
        data = inflate.unused_data
