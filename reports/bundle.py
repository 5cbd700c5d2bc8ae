"""Finishing a bundle: document, schema, report and annex, exports and manifest, each written whole or not at all.

Everything here is made from the journal, the plan and the exchange records. So it can be done again at any time:
after a kill, on another machine, years later.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.bundle.limits import MAX_FILE, MAX_FILES
from harness.bundle.manifest import MANIFEST, MANIFEST_SCHEMA, JournalSeal, ListedFile, Manifest, canonical
from harness.bundle.places import among_exchanges, beside_manifest
from harness.bundle.store import Store, store_of
from harness.foreign import open_inside, sha256_of, walk
from reports.document.build import build
from reports.evidence import encode
from reports.exports import exports
from reports.fingerprint import fingerprint
from reports.journal.state import JOURNAL, PLAN, BuildError
from reports.page.render import ANNEX, REPORT, render
from reports.schema import hold, published

EVIDENCE = "evidence.json"
SCHEMA = "evidence.schema.json"
PAGES = (REPORT, ANNEX)
_TEMPORARY = ".art15-writing-"


def finish(folder: Path, issued: str | None = None, store: Store | None = None, language: str | None = None) -> Path:
    """Write what is made from the journal and the exchanges, and the manifest; give the path of the report.

    Args:
        folder: the bundle of a run, ended or killed.
        issued: date of issue (ISO 8601, UTC); without it, the time of the last line of the journal.
        store: its exchanges, where somebody reads them again afterwards.
        language: of the pages; without it, the one that the run was asked for.

    Raises:
        reports.journal.state.BuildError: the journal or the plan is missing or not what the run wrote.
        reports.schema.SchemaError: the document does not fit its schema, which is a fault of this package.
    """
    for left_over in folder.glob(f"{_TEMPORARY}*"):
        left_over.unlink()
    store = store or store_of(folder)
    document = build(folder, issued, store=store)
    data = encode(document)
    hold(data)
    write_whole(folder / EVIDENCE, [data])
    write_whole(folder / SCHEMA, [published()])
    for name, page in render(data, language).items():
        write_whole(folder / name, [page])
    for export in exports():
        write_whole(folder / export.name, export.make(document, store))
    manifest = Manifest(
        schema=MANIFEST_SCHEMA,
        report_id=document.report.id,
        run_id=document.run.id,
        issued=document.report.issued,
        builder=fingerprint(),
        plan_sha256=document.run.plan_sha256,
        evidence_sha256=hashlib.sha256(data).hexdigest(),
        journal=JournalSeal(head=document.run.journal_head, lines=document.run.journal_lines),
        files=list(listed(folder)),
    )
    write_whole(folder / MANIFEST, [canonical(manifest.sealed())])
    return folder / REPORT


def listed(folder: Path) -> Iterator[ListedFile]:
    """All files of a bundle in the order of their paths, without the manifest, its signatures and its marks.

    Raises:
        reports.journal.state.BuildError: something in it is no regular file, or has a name that no manifest can hold.
    """
    for found in sorted(walk(folder, MAX_FILES), key=lambda each: each.name):
        if found.name == MANIFEST or beside_manifest(found.name):
            continue
        try:
            found.name.encode()
        except UnicodeEncodeError as error:
            raise BuildError(f"{found.name!r}: a name that is not UTF-8 cannot be listed") from error
        try:
            digest, size = digest_of(folder, found.name)
        except OSError as error:
            raise BuildError(f"{found.name}: {error.strerror}") from error
        yield ListedFile(path=found.name, sha256=digest, bytes=size)


def others(folder: Path) -> dict[str, str]:
    """Files that only the closing line of the journal can vouch for, with their digests: results, raw samples of load.

    Raises:
        OSError: one of them cannot be read, or is no regular file.
    """
    names = (found.name for found in walk(folder, MAX_FILES) if is_other(found.name))
    return {name: digest_of(folder, name)[0] for name in sorted(names)}


def is_other(name: str) -> bool:
    """Whether a file is neither made from the journal nor named by its content."""
    own = (EVIDENCE, SCHEMA, *PAGES, MANIFEST, JOURNAL, PLAN, *(export.name for export in exports()))
    apart = among_exchanges(name) or beside_manifest(name)
    return name not in own and not apart and not name.startswith(_TEMPORARY)


def paths(folder: Path) -> list[Path]:
    """Everything in a bundle that is no folder, symbolic links included, in the order of the paths."""
    return [folder / name for name in sorted(found.name for found in walk(folder, MAX_FILES))]


def digest_of(folder: Path, name: str) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file; raw samples may be large, so it is read in pieces."""
    with open_inside(folder, name, MAX_FILE) as file:
        return sha256_of(file), file.tell()


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file anew, whole or not at all; who may read the one before may read it, and nobody else."""
    before = _regular(path)
    temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
    # A new file of a name of its own: neither through a link of somebody else, nor in what another command writes.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if before else 0o666)
    with os.fdopen(descriptor, "wb") as file:
        try:
            file.writelines(pieces)
            file.flush()
            if before:
                _hand_down(descriptor, before)
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _regular(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _hand_down(descriptor: int, before: os.stat_result) -> None:
    mode = before.st_mode & 0o777
    try:
        os.fchown(descriptor, before.st_uid if os.geteuid() == 0 else -1, before.st_gid)
    except OSError:
        mode &= 0o707  # what its group could do is not for another group
    os.fchmod(descriptor, mode)
