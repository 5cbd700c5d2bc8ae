"""The exchanges of a finished bundle, read back as values; every file is held against its digest."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.bundle.exchange import Body
from harness.bundle.exchange import decode as decode_record
from harness.bundle.journal import JournalScan
from harness.bundle.limits import MAX_DOCUMENT, MAX_MANIFEST, counted
from harness.bundle.manifest import MANIFEST, Manifest
from harness.bundle.places import BODY, PACK, RECORD, Suffix
from harness.bundle.store import Store, store_of
from harness.foreign import read_inside
from harness.probing.replaying import Recording
from harness.record.exchange import Exchange, Failure, RpcStatus
from reports.bundle import EVIDENCE
from reports.evidence import Evidence, decode
from reports.journal.state import JOURNAL


class BundleError(Exception):
    """The bundle is not whole, or not what its digests say; one line that names the file."""


def read_document(folder: Path) -> Evidence:
    """``evidence.json``, held against the manifest.

    Raises:
        BundleError: it is missing, altered or no evidence.
    """
    data = _file(folder, EVIDENCE, MAX_DOCUMENT)
    try:
        manifest = msgspec.json.decode(_file(folder, MANIFEST, MAX_MANIFEST), type=Manifest)
        document = decode(counted(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise BundleError(f"{folder} holds no evidence that can be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != manifest.evidence_sha256:
        raise BundleError(f"{EVIDENCE} does not have the digest that {MANIFEST} promises")
    _hold_against_journal(folder, document)
    return document


def _hold_against_journal(folder: Path, document: Evidence) -> None:
    """What is to be sent again is what the checks of the journal found: document and manifest can be made anew."""
    scan = JournalScan(folder / JOURNAL)
    found: dict[str, set[str | None]] = {}
    try:
        for entry in scan:
            if entry.kind == "check":
                cases = entry.data.get("counterexamples", ())
                found.setdefault(str(entry.data["id"]), set()).update(each.get("exchange") for each in cases)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"{JOURNAL} cannot be read: {error}") from error
    if (scan.head, scan.lines) != (document.run.journal_head, document.run.journal_lines):
        raise BundleError(f"{JOURNAL} does not end where {EVIDENCE} says")
    for check in document.checks:
        if not {case.exchange for case in check.counterexamples} <= found.get(check.id, set()):
            raise BundleError(f"{EVIDENCE} shows a counterexample of {check.id} that {JOURNAL} does not have")


def read_recording(folder: Path, sha256: str, base: str) -> Recording:
    """One exchange with its bodies.

    Raises:
        BundleError: a file is missing or altered.
    """
    try:
        record = decode_record(_addressed(folder, sha256, RECORD))
    except ValueError as error:
        raise BundleError(f"the record {sha256} cannot be read: {error}") from error
    answer = record.response
    exchange = Exchange(
        n=0,
        method=record.method,
        url=record.url,
        http_version=record.http_version,
        request_headers=tuple(record.request.headers),
        request_body=_body(folder, record.request.body),
        status=answer.status if answer else None,
        reason=answer.reason if answer else "",
        response_http_version=answer.http_version if answer else None,
        response_headers=tuple(answer.headers) if answer else (),
        response_body=_body(folder, answer.body) if answer else b"",
        truncated=answer.truncated if answer else False,
        error=Failure(record.error.kind, record.error.message) if record.error else None,  # type: ignore[arg-type]
        started="",
        start_ns=0,
        headers_ns=None,
        end_ns=0,
        connection=None,
        ref=sha256,
        rpc=RpcStatus(record.rpc.code, record.rpc.name, record.rpc.details) if record.rpc else None,
        response_trailers=tuple(answer.trailers) if answer else (),
        request_text=record.request.text or "",
        response_text=(answer.text or "") if answer else "",
    )
    sent, came = record.request.body, answer.body if answer else None
    return Recording(
        exchange,
        frozenset(str(each.get("where", "")).lower() for each in record.redactions),
        base,
        part_of_request=sent is not None and sent.clipped is not None,
        answer_sha256=came.clipped.sha256 if came is not None and came.clipped is not None else "",
        withheld=record.withheld,
    )


def recorded_before(folder: Path, sha256: str, count: int) -> list[str]:
    """Digests of the exchanges that were sent before this one, at most ``count``, in the order of sending.

    Raises:
        BundleError: the journal cannot be read.
    """
    sent = [digest for _, digest in sorted(_sent(folder))]
    position = sent.index(sha256) if sha256 in sent else 0
    return sent[max(0, position - count) : position]


def _sent(folder: Path) -> Iterator[tuple[int, str]]:
    try:
        for entry in JournalScan(folder / JOURNAL):
            if entry.kind == "exchange":
                yield int(entry.data["n"]), str(entry.data["sha256"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise BundleError(f"{JOURNAL} cannot be read: {error}") from error


def _body(folder: Path, body: Body | None) -> bytes:
    return _addressed(folder, body.sha256, BODY) if body is not None and body.bytes else b""


def _addressed(folder: Path, sha256: str, suffix: Suffix) -> bytes:
    try:
        return _store(folder, _stamp(folder)).get(sha256, suffix)
    except ValueError as error:
        raise BundleError(str(error)) from error
    except OSError as error:
        raise BundleError(f"{folder}, the {suffix} {sha256[:12]}: {error.strerror}") from error


@functools.lru_cache(maxsize=1)
def _store(folder: Path, stamp: tuple[int, int]) -> Store:
    """The exchanges of a bundle; where each lies is looked up once, while its files are the same."""
    del stamp
    return store_of(folder)


def _stamp(folder: Path) -> tuple[int, int]:
    found = (folder / PACK).stat() if (folder / PACK).is_file() else folder.stat()
    return found.st_mtime_ns, found.st_size


def _file(folder: Path, name: str, limit: int) -> bytes:
    try:
        return read_inside(folder, name, limit)
    except OSError as error:
        raise BundleError(f"{folder / name}: {error.strerror}") from error
