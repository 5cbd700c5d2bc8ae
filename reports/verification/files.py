"""The files of a bundle, each held against the manifest, and its exchanges against their digests."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field

from harness.bundle.digests import Digests
from harness.bundle.exchange import SENSITIVE, ExchangeRecord, decode
from harness.bundle.folder import Altered
from harness.bundle.limits import MAX_ALL, MAX_FILE, MAX_FILES
from harness.bundle.manifest import MANIFEST, ListedFile, Manifest
from harness.bundle.places import (
    BODY,
    LIMITS,
    PACK,
    RECORD,
    Suffix,
    address,
    among_exchanges,
    beside_manifest,
    named,
    unfinished,
)
from harness.bundle.store import Store
from harness.bundle.unpack import PackReader
from harness.foreign import ForeignEntry, open_inside, sha256_of, walk
from reports.bundle import is_other
from reports.document.proof import UNCONNECTED
from reports.verification.exchange_checks import facts_of
from reports.verification.outcome import VerificationLog

# Files that no manifest lists are told one by one up to here; beyond it the folder is not searched on.
_STRANGERS = 1000
_KINDS = {"link": "is a symbolic link, and no regular file", "other": "is no regular file"}


@dataclass(slots=True)
class BundleFiles:
    """What lies in a bundle.

    Attributes:
        digests: path -> SHA-256 of what was read.
        packed: the exchanges lie in a pack.
        records: digests of the records that are whole.
        facts: of each a hash of what its line of the journal says again.
        unconnected: those of them that never reached the endpoint.
        bodies: digests of the bodies that are whole; ``wanted`` is what records name them by, each with its record.
        store: the exchanges, to be read again.
        others: files that are neither of the bundle's own nor exchanges, such as raw samples of load.
    """

    digests: dict[str, str] = field(default_factory=dict)
    packed: bool = False
    store: Store | None = None
    records: Digests = field(default_factory=Digests)
    facts: array[int] = field(default_factory=lambda: array("q"))
    unconnected: Digests = field(default_factory=Digests)
    bodies: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    wanted: list[tuple[str, str]] = field(default_factory=list)


def check_files(log: VerificationLog, manifest: Manifest | None) -> BundleFiles:
    """Read every file once. What is wrong goes to ``log``."""
    files = BundleFiles()
    listed = _listed(log, manifest)
    there = _there(log, len(listed))
    _hold_against(log, there, listed, sealed=manifest is not None)
    total = sum(found.size for found in there.values())
    if total > MAX_ALL:
        log.wrong(MANIFEST, f"the files beside it have {total} bytes, more than are read: none of them was")
        return files
    files.packed = PACK in there
    for name in sorted(there):
        _one(log, files, there[name], listed.get(name))
    for name, digest in files.wanted:
        if digest not in files.bodies:
            log.wrong(named(digest, BODY), f"is missing, though the record {name[13:25]}… names it")
    if PACK in files.digests:
        _pack(log, files)
    log.checked.append(f"{len(files.digests)} files against the manifest")
    log.checked.append(f"{len(files.records)} exchange records against their digests and bodies")
    return files


def _hold_against(
    log: VerificationLog, there: dict[str, ForeignEntry], listed: dict[str, ListedFile], *, sealed: bool
) -> None:
    for name, entry in listed.items():
        if name not in there:
            log.wrong(name, "is listed in the manifest, but is not there")
        elif there[name].kind == "file" and there[name].size != entry.bytes:
            log.wrong(name, "its content is not the one listed in the manifest: it has another size")
    for name in sorted(there.keys() - listed.keys() - {MANIFEST}) if sealed else ():
        if not beside_manifest(name):
            log.wrong(name, "is not listed in the manifest")


def _listed(log: VerificationLog, manifest: Manifest | None) -> dict[str, ListedFile]:
    if manifest is None:
        return {}
    if any(first.path >= second.path for first, second in zip(manifest.files, manifest.files[1:], strict=False)):
        log.wrong(MANIFEST, "its files are not in order, or one is listed twice")
    return {entry.path: entry for entry in manifest.files}


def _there(log: VerificationLog, listed: int) -> dict[str, ForeignEntry]:
    there: dict[str, ForeignEntry] = {}
    try:
        for found in walk(log.folder, min(MAX_FILES, 2 * listed + _STRANGERS)):
            there[found.name] = found
    except OSError as error:
        log.wrong(".", f"the folder cannot be searched to its end: {error.strerror}")
    return there


def _one(log: VerificationLog, files: BundleFiles, found: ForeignEntry, entry: ListedFile | None) -> None:
    """One file: its kind, its digest, its name."""
    name = found.name
    addressed = address(name)
    if wrong := _misplaced(files, found):
        log.wrong(name, wrong)
        return
    if addressed is None:
        _unaddressed(log, name)
    if name == MANIFEST or (entry is not None and entry.bytes != found.size):
        return
    if is_other(name) and entry is not None:
        files.others.append(name)
    suffix = addressed[1] if addressed else None
    data, digest = _content(log, name, suffix)
    if digest is None:
        return
    files.digests[name] = digest
    if entry is not None and digest != entry.sha256:
        log.wrong(name, "its content is not the one listed in the manifest")
    if addressed is None:
        return
    if digest != addressed[0]:
        log.wrong(name, "its content does not have the digest that is its name")
    elif suffix == BODY:
        files.bodies.add(digest)
    else:
        _record(log, files, name, digest, data)


def _misplaced(files: BundleFiles, found: ForeignEntry) -> str:
    """Why a file should not be there as it is; empty where it may."""
    beside = f"lies beside {PACK}, which has all exchanges" if files.packed and among_exchanges(found.name) else ""
    return _KINDS.get(found.kind, beside)


def _unaddressed(log: VerificationLog, name: str) -> None:
    if unfinished(name):
        log.left_out(f"{name}: the beginning of an exchange that was never written whole: nothing names it.")
    elif among_exchanges(name):
        log.wrong(name, "has no name of an exchange record or body")


def _pack(log: VerificationLog, files: BundleFiles) -> None:
    """Every exchange of the pack, held against what its record says."""
    files.store = pack = PackReader(log.folder)
    withheld = 0
    try:
        for found in pack.exchanges(compared=True):
            if found.wrong or found.record is None:
                log.wrong(PACK, f"exchange {found.digest[:12]}… {found.wrong}")
                continue
            if found.digest in files.records:
                log.wrong(PACK, f"exchange {found.digest[:12]}… is there twice")
            _keep(files, found.digest, found.record)
            withheld += found.record.withheld
    except Altered as error:
        log.wrong(PACK, str(error).removeprefix(f"{PACK} "))
    except OSError as error:
        log.wrong(PACK, f"cannot be read: {error.strerror}")
    if withheld:
        log.notes.append(
            f"Of {withheld} exchanges nothing is kept but size, status and times ({SENSITIVE}): what a finding says of "
            "their content cannot be looked up here."
        )
    if pack.left:
        log.left_out(f"{PACK}: its last {pack.left} bytes belong to no whole exchange: the run was killed meanwhile.")


def _keep(files: BundleFiles, digest: str, record: ExchangeRecord) -> None:
    if files.records.put(bytes.fromhex(digest)):
        files.facts.append(hash(facts_of(record)))
    if record.error is not None and record.error.kind == UNCONNECTED:
        files.unconnected.add(digest)


def _content(log: VerificationLog, name: str, suffix: Suffix | None) -> tuple[bytes, str | None]:
    """The bytes of a record, nothing of other files, and the digest; None where it cannot be read."""
    limit = LIMITS[suffix] if suffix else MAX_FILE
    try:
        with open_inside(log.folder, name, limit) as file:
            if suffix == RECORD:
                data = file.read(limit)
                return data, hashlib.sha256(data).hexdigest()
            return b"", sha256_of(file)
    except OSError as error:
        log.wrong(name, f"cannot be read: {error.strerror}")
        return b"", None


def _record(log: VerificationLog, files: BundleFiles, name: str, digest: str, data: bytes) -> None:
    try:
        record = decode(data)
    except ValueError as error:
        log.wrong(name, f"is no exchange record: {error}")
        return
    _keep(files, digest, record)
    sides = (record.request, record.response)
    files.wanted += [
        (name, side.body.sha256) for side in sides if side is not None and side.body is not None and side.body.bytes
    ]
