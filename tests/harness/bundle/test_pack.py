"""The pack: what is written is read, killed or whole, and by the tools of others; what is altered is told."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from harness.bundle import pack, unpack
from harness.bundle.exchange import RAW, Body, ExchangeRecord, Request, Response, RpcRecord, Timing, decode
from harness.bundle.folder import Altered
from harness.bundle.pack import PackWriter
from harness.bundle.places import BODY, MOST_OF_ALL, PACK, RECORD
from harness.bundle.unpack import MOST_OF_MEMBER, PackReader, Unpacked
from tests.packs import Item, items_of, write_pack

STARTED = "2026-11-29T11:50:01.356168Z"


def body(content: bytes) -> Body | None:
    return Body(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)) if content else None


def item(n: int = 1, sent: bytes = b'{"id": "a"}', came: bytes = b'{"ok": true}', **changes: Any) -> Item:
    record = ExchangeRecord(
        n=n,
        method="POST",
        url="http://127.0.0.1:8080/v2/models/m/infer?x=1",
        request=Request(headers=[("Host", "127.0.0.1:8080"), ("X", "ä")], body=body(sent)),
        response=Response(status=200, reason="OK", headers=[("content-type", "application/json")], body=body(came)),
        timing=Timing(started=STARTED, start_ns=n, headers_ns=None, end_ns=n + 1),
    )
    return msgspec.structs.replace(record, **changes), sent, came


def many(count: int) -> list[Item]:
    return [item(n, b'{"id": "%d"}' % (n % 7), os.urandom(40) if n % 5 == 0 else b"same") for n in range(count)]


@pytest.fixture(params=["each alone", "together"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both forms of a pack: a gzip member for each record, and members that hold several exchanges."""
    if request.param == "together":
        monkeypatch.setattr(pack, "EACH_ALONE", 0)
        monkeypatch.setattr(pack, "TOGETHER", 4)
    return str(request.param)


def compared(folder: Path) -> list[Unpacked]:
    return list(PackReader(folder).exchanges(compared=True))


def test_what_is_written_is_read(form: str, tmp_path: Path) -> None:
    written = many(23)
    digests = write_pack(tmp_path, written)
    assert items_of(tmp_path) == written
    found = compared(tmp_path)
    assert [each.digest for each in found] == digests
    assert {each.wrong for each in found} == {""}
    reader = PackReader(tmp_path)
    assert decode(reader.get(digests[11], RECORD)) == written[11][0]
    assert len({digest for digest, suffix in reader if suffix == BODY}) == 7 + 5 + 1, "a body is stored once"


def test_a_run_that_is_killed_leaves_every_whole_exchange(form: str, tmp_path: Path) -> None:
    """No end is written: as it lies after each exchange, and cut at any byte."""
    writer, sizes = PackWriter(tmp_path), [0]
    for each in many(9):
        writer.write(*each)
        sizes.append(writer.size)
        reader = PackReader(tmp_path)
        assert len(list(reader.exchanges(compared=True))) == len(sizes) - 1
        assert reader.left == 0
    data = (tmp_path / PACK).read_bytes()
    for cut in range(1, len(data), 7):
        (tmp_path / PACK).write_bytes(data[:cut])
        whole = sum(size <= cut for size in sizes[1:])
        found = compared(tmp_path)
        assert len(found) in (whole, whole + 1)
        assert not [each.wrong for each in found if each.wrong]


def test_a_write_that_fails_leaves_whole_exchanges_and_ends_the_pack(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = PackWriter(tmp_path)
    for each in many(3):
        writer.write(*each)
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        real(descriptor, bytes(data[:10]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        writer.write(*item(3))
    monkeypatch.undo()
    with pytest.raises(OSError, match="No space left"):
        writer.write(*item(4))
    writer.close()
    assert [each.wrong for each in compared(tmp_path)] == ["", "", ""]


def test_another_body_than_the_record_names_is_told(tmp_path: Path) -> None:
    record, sent, _ = item(2, b"two", b"four")
    write_pack(tmp_path, [item(1, b"one", b"three"), (record, sent, b"fore")])
    wrong = [each.wrong for each in compared(tmp_path)]
    assert wrong == ["", "has a body that is not the one which its record names"]


def test_a_body_that_is_nowhere_is_told(tmp_path: Path) -> None:
    """The exchange that holds the body, which the next one refers to, was taken out."""
    writer = PackWriter(tmp_path)
    writer.write(*item(1))
    first = writer.size
    writer.write(*item(2))
    data = (tmp_path / PACK).read_bytes()
    (tmp_path / PACK).write_bytes(data[first:])
    assert [each.wrong for each in compared(tmp_path)] == ["refers to a body that was not stored before"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"WARC-Target-URI: http://127.0.0.1:8080", b"WARC-Target-URI: http://127.0.0.1:8081"),
        (b"POST /v2/models/m/infer", b"POST /v2/models/n/infer"),
        (b"HTTP/1.1 200 OK", b"HTTP/1.1 500 OK"),
        (b"WARC-Type: request", b"WARC-Type: revisit"),
        (b"WARC-Date: 2026-11-29", b"WARC-Date: 2026-11-28"),
        (b'{"ok": true}', b'{"ok": fals}'),
    ],
)
def test_what_tools_of_others_show_is_held_against_the_record(old: bytes, new: bytes, tmp_path: Path) -> None:
    write_pack(tmp_path, [item()])
    data = gzip.decompress((tmp_path / PACK).read_bytes())
    assert old in data
    (tmp_path / PACK).write_bytes(gzip.compress(data.replace(old, new, 1)))
    assert [each.wrong for each in compared(tmp_path)] != [""]


def test_damage_ends_the_reading_where_it_begins(tmp_path: Path) -> None:
    write_pack(tmp_path, many(6))
    path = tmp_path / PACK
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"damage" + data[len(data) // 2 + 6 :])
    reader = PackReader(tmp_path)
    found: list[Unpacked] = []
    with pytest.raises(Altered, match=r"from byte|at byte"):
        found.extend(reader.exchanges(compared=True))
    assert 1 <= len(found) < 6
    assert PackReader(tmp_path).get(found[0].digest, RECORD)


@pytest.mark.parametrize("cached", [unpack._CACHED, 3000])
@pytest.mark.parametrize("cut", [0, 9])
def test_a_member_that_many_share_is_unpacked_once(
    cached: int, cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after another, also where little of it is kept and where its end is missing; in any order the same."""
    monkeypatch.setattr(pack, "EACH_ALONE", 0)
    monkeypatch.setattr(pack, "TOGETHER", 1000)
    monkeypatch.setattr(unpack, "_CACHED", cached)
    written = [item(n, os.urandom(40), b"same" * n) for n in range(60)]
    digests = write_pack(tmp_path, written)
    path = tmp_path / PACK
    path.write_bytes(path.read_bytes()[: -cut or None])
    reader, begun, real = PackReader(tmp_path), 0, zlib.decompressobj
    assert len(list(reader.exchanges())) == len(written)

    def counted(form: int) -> Any:
        nonlocal begun
        begun += 1
        return real(form)

    monkeypatch.setattr(zlib, "decompressobj", counted)
    for digest, each in zip(digests, written, strict=True):
        assert decode(reader.get(digest, RECORD)) == each[0]
    assert begun == 1
    for digest, each in sorted(zip(digests, written, strict=True)):
        assert decode(reader.get(digest, RECORD)) == each[0]


HEADERS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3)


@given(
    url=st.text(max_size=20),
    method=st.text(max_size=5),
    version=st.sampled_from(["HTTP/1.1", "HTTP/2", RAW]),
    headers=HEADERS,
    reason=st.text(max_size=9),
    bodies=st.tuples(st.binary(max_size=30), st.binary(max_size=30)),
)
def test_no_text_of_an_endpoint_leaves_its_place(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    url: str,
    method: str,
    version: str,
    headers: list[tuple[str, str]],
    reason: str,
    bodies: tuple[bytes, bytes],
) -> None:
    """Names, values, reasons and addresses of any kind are written and read, and held to be what the record gives."""
    folder = tmp_path_factory.mktemp("pack")
    record, sent, came = item(1, *bodies)
    record = msgspec.structs.replace(
        record,
        url=f"http://{url}",
        method=method,
        http_version=version,
        request=msgspec.structs.replace(record.request, headers=headers),
        response=msgspec.structs.replace(record.response, headers=headers, reason=reason),  # type: ignore[type-var]
    )
    write_pack(folder, [(record, sent, came)])
    assert [each.wrong for each in compared(folder)] == [""]
    assert items_of(folder) == [(record, sent, came)]
    list(FastIterator(io.BytesIO((folder / PACK).read_bytes())))


def exchanges(count: int) -> list[Item]:
    call = item(count, b"\0\1", b"\2", http_version="HTTP/2", rpc=RpcRecord(code=0, name="OK"))
    refused = item(count + 1, b"raw\xff", b"", http_version=RAW, response=None)
    return [*many(count), call, refused]


def test_warcio_reads_it(tmp_path: Path) -> None:
    written = exchanges(10)
    write_pack(tmp_path, written)
    with (tmp_path / PACK).open("rb") as file:
        read = [(record.rec_type, record.content_stream().read()) for record in ArchiveIterator(file)]
    assert read[0][0] == "warcinfo"
    assert sum(kind == "metadata" for kind, _ in read) == len(written)
    assert [decode(data) for kind, data in read if kind == "metadata"] == [each[0] for each in written]
    assert next(data for kind, data in read if kind in ("request", "revisit")) == written[0][1]


def test_fastwarc_reads_both_forms(form: str, tmp_path: Path) -> None:
    written = exchanges(10)
    write_pack(tmp_path, written)
    with (tmp_path / PACK).open("rb") as file:
        read = [(record.record_type, record.reader.read()) for record in FastIterator(file, parse_http=False)]
    assert [decode(data) for kind, data in read if kind == WarcRecordType.metadata] == [each[0] for each in written]


def test_warcio_recompresses_what_is_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "EACH_ALONE", 0)
    written = exchanges(10)
    write_pack(tmp_path, written)
    command = [sys.executable, "-m", "warcio.cli", "recompress", str(tmp_path / PACK), str(tmp_path / "again.warc.gz")]
    subprocess.run(command, check=True, capture_output=True)
    with (tmp_path / "again.warc.gz").open("rb") as file:
        kinds = [record.rec_type for record in ArchiveIterator(file)]
    assert kinds.count("metadata") == len(written)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty member"),
        (b"WARC/1.0\r\n\r\n", "no record of WARC"),
        (b"WARC/1.1\r\nWARC-Type: request\r\nContent-Length: 99999999999\r\n\r\n", "no record of WARC"),
        (b"WARC/1.1\r\nWARC-Type: request\r\nContent-Length: -1\r\n\r\n\r\n\r\n", "no record of WARC"),
        (b"WARC/1.1\r\nWARC-Type: request\r\nContent-Length: 0\r\n\r\n\r\n\r\n" * 3, "should end"),
    ],
    ids=["empty", "other version", "too long", "negative", "requests only"],
)
def test_what_is_no_pack_is_refused_in_words(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / PACK).write_bytes(gzip.compress(data))
    with pytest.raises(Altered, match=why):
        list(PackReader(tmp_path).exchanges())


def test_what_is_no_gzip_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / PACK).write_bytes(b"no gzip")
    with pytest.raises(Altered, match="cannot be unpacked"):
        list(PackReader(tmp_path).exchanges())


def test_a_member_that_unpacks_to_more_than_any_run_writes_is_refused(tmp_path: Path) -> None:
    (tmp_path / PACK).write_bytes(gzip.compress(bytes(MOST_OF_MEMBER + 1), 1))
    with pytest.raises(Altered, match="a member of more than"):
        list(PackReader(tmp_path).exchanges())


def test_it_is_full_before_it_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "MOST_EXCHANGES", 3)
    monkeypatch.setattr(pack, "UNDER_WAY", 1)
    writer, seen = PackWriter(tmp_path), []
    for each in many(3):
        seen.append(writer.full)
        writer.write(*each)
    writer.close()
    assert seen == [False, False, True]
    monkeypatch.setattr(pack, "MOST_EXCHANGES", 1000)
    monkeypatch.setattr(pack, "BYTES_UNDER_WAY", MOST_OF_ALL - 1)
    assert writer.full


def test_no_more_is_written_than_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "MOST_EXCHANGES", 2)
    with pytest.raises(OSError, match="no more than 2 exchanges"):
        write_pack(tmp_path, many(3))
    assert len(items_of(tmp_path)) == 2
    monkeypatch.setattr(unpack, "MOST_EXCHANGES", 1)
    with pytest.raises(Altered, match="more than 1 exchanges"):
        items_of(tmp_path)
