"""Whether a bundle is still what it was: every file, the journal's chain, the document and the page.

What this shows: the files belong together and nothing in them changed since the manifest was written. What it does
not show: who wrote them. Whoever can replace the whole bundle can make a new, self-consistent one; only a digest
that is known from another source closes that. What could not be looked at is part of the result (``unchecked``).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec

from harness.bundle.journal import once
from harness.bundle.limits import MAX_DOCUMENT, MAX_FILES, MAX_MANIFEST, MAX_PAGE, counted
from harness.bundle.manifest import MANIFEST, MANIFEST_SCHEMA, Manifest, canonical
from harness.bundle.places import is_sha256
from reports.bundle import EVIDENCE, PAGES
from reports.document.proof import unshown
from reports.evidence import Evidence, decode
from reports.fingerprint import fingerprint
from reports.page.render import ANNEX
from reports.text.sentences import DEFAULT, asked_for
from reports.verification.anchoring import NOTHING_EXPECTED, Expected, OutsideAnchors, check_head, told, wanted_digest
from reports.verification.files import BundleFiles, check_files
from reports.verification.journal_checks import check_journal, check_other_files
from reports.verification.made_again import make_again
from reports.verification.outcome import IN_PART, UNKNOWN_SIGNER, BundleProblem, Verification, VerificationLog
from reports.verification.page_form import not_inert
from reports.verification.plan_checks import check_ledger, check_plan
from reports.verification.signature_checks import SealedBundle, check_marks, check_signatures

__all__ = ["IN_PART", "UNKNOWN_SIGNER", "BundleProblem", "Verification", "verify"]
MOST_UNPROVEN = 20


def verify(folder: Path, expected: Expected = NOTHING_EXPECTED) -> Verification:
    """Verify a bundle, offline; nothing in it is trusted, and none of its links is followed.

    Args:
        folder: the bundle.
        expected: what is known of it from another source.
    """
    log = VerificationLog(folder)
    manifest, manifest_data = _manifest(log)
    files = check_files(log, manifest)
    evidence_data = log.read(EVIDENCE, MAX_DOCUMENT)
    document = _document(log, evidence_data)
    recorded = check_journal(log, manifest, document, files)
    if document is not None:
        for text in unshown(document, files.records, files.unconnected)[:MOST_UNPROVEN]:
            log.wrong(EVIDENCE, text)
        if document.report.cut_short:
            log.notes.append(f"The run was cut short: {document.report.cut_short_reason}")
    check_other_files(log, files, recorded)
    pages = _pages(log, manifest, evidence_data, files)
    if manifest is not None and document is not None and evidence_data is not None:
        _fields(log, manifest, document, evidence_data)
        ours = manifest.builder == fingerprint()
        make_again(log, document, evidence_data, recorded, pages, files, ours=ours)
    digests = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in ((MANIFEST, manifest_data), (EVIDENCE, evidence_data))
        if data is not None
    }
    anchors, keyid, marks = _anchors(log, manifest, document, files.digests | digests, expected)
    held, read, silent = told(document, digests, anchors, keyid, marks)
    return Verification(
        problems=log.problems,
        state=_state(log, anchors, keyid),
        notes=[*log.unchecked, *log.notes],
        checked=log.checked,
        unchecked=log.unchecked,
        total=log.total,
        anchored=held,
        only_read=read,
        silent=silent,
        language=asked_for(document.run.config_given) if document is not None else DEFAULT,
    )


def _anchors(
    log: VerificationLog,
    manifest: Manifest | None,
    document: Evidence | None,
    digests: dict[str, str],
    expected: Expected,
) -> tuple[OutsideAnchors, str, list[str]]:
    """What was expected, held against what is there; with the id of the key that signed, and the marks of time."""
    anchors, keyid, marks = OutsideAnchors(), "", []
    if document is not None:
        plan = document.plan.sealed
        heads = {"the end of the journal": document.run.journal_head, "the sealed plan": plan.sha256 if plan else ""}
        ours = manifest is not None and manifest.builder == fingerprint()
        sealed = SealedBundle(document, ours, digests, {of: each for of, each in heads.items() if is_sha256(each)})
        before = log.total
        keyid = check_signatures(log, sealed, expected.key)
        anchors.by(digests, expected, keyid if log.total == before else "")
        marks = check_marks(log, sealed)
        ledgers = [check_ledger(log, document)]
        if expected.plan is not None:
            ledgers.append(check_plan(log, document, expected.plan, digests.get(MANIFEST, "")))
        if expected.head is not None:
            check_head(log, document, anchors, expected.head, ledgers)
    digest = expected.digest
    if digest is not None and wanted_digest(digest) not in (digests.get(name) for name in (MANIFEST, EVIDENCE)):
        log.wrong(MANIFEST, f"neither it nor {EVIDENCE} has the digest that was expected")
    return anchors, keyid, marks


def _manifest(log: VerificationLog) -> tuple[Manifest | None, bytes | None]:
    data = log.read(MANIFEST, MAX_MANIFEST)
    if data is None:
        return None, None
    try:
        manifest = msgspec.json.decode(counted(data, 4 * MAX_FILES + 100), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        log.wrong(MANIFEST, f"is no manifest: {error}")
        return None, data
    except OSError as error:
        log.wrong(MANIFEST, f"cannot be read: {error.strerror}")
        return None, data
    if canonical(manifest) != data:
        log.wrong(MANIFEST, "is not in its canonical bytes")
    if manifest.schema != MANIFEST_SCHEMA:
        log.wrong(MANIFEST, f"is of schema {manifest.schema!r} where {MANIFEST_SCHEMA!r} is due")
    if manifest.sealed().root != manifest.root:
        log.wrong(MANIFEST, "its root is not the digest of its content")
    return manifest, data


def _document(log: VerificationLog, data: bytes | None) -> Evidence | None:
    """The document; its classes refuse all that its schema does, in linear time."""
    if data is None:
        return None
    try:
        document = decode(counted(data))
        json.loads(data, object_pairs_hook=once)
    except (msgspec.DecodeError, ValueError, RecursionError, OSError) as error:
        log.wrong(EVIDENCE, f"does not fit its schema: {error}")
        return None
    return document


def _pages(
    log: VerificationLog, manifest: Manifest | None, evidence_data: bytes | None, files: BundleFiles
) -> dict[str, bytes | None]:
    """Report and annex, whoever made them: no script, nothing that is fetched, and made from this document.

    Earlier releases made one page and no annex.
    """
    ours = manifest is not None and manifest.builder == fingerprint()
    due = [name for name in PAGES if ours or name != ANNEX or name in files.digests]
    pages = {name: log.read(name, MAX_PAGE) for name in due}
    for name, page in pages.items():
        if page is None:
            continue
        wrong = not_inert(page)
        if wrong is not None:
            log.wrong(name, wrong)
        else:
            log.checked.append(f"{name} for scripts and for anything that is fetched")
        if evidence_data is not None and hashlib.sha256(evidence_data).hexdigest().encode() not in page:
            log.wrong(name, f"does not carry the digest of this {EVIDENCE}")
    return pages


def _fields(log: VerificationLog, manifest: Manifest, document: Evidence, evidence_data: bytes) -> None:
    pairs = (
        ("report_id", manifest.report_id, document.report.id),
        ("run_id", manifest.run_id, document.run.id),
        ("issued", manifest.issued, document.report.issued),
        ("plan_sha256", manifest.plan_sha256, document.run.plan_sha256),
        ("evidence_sha256", manifest.evidence_sha256, hashlib.sha256(evidence_data).hexdigest()),
    )
    for name, said, found in pairs:
        if said != found:
            log.wrong(MANIFEST, f"its {name} is {said!r:.100}, but {EVIDENCE} has {found!r:.100}")


def _state(log: VerificationLog, anchors: OutsideAnchors, keyid: str) -> str:
    if log.total:
        return f"not self-consistent: {log.total} problem{'s' if log.total > 1 else ''}"
    found = [
        f"{name} has the digest that was expected"
        for name, by in ((MANIFEST, anchors.manifest), (EVIDENCE, anchors.evidence))
        if by == "--expect-digest"
    ][:1]
    if anchors.signer:
        found.append(f"signed by the key that was expected ({keyid[:16]})")
    if found:
        lacking = ", but not everything was checked" if log.unchecked else ""
        return f"self-consistent, and {', and '.join(found)}{lacking}"
    return IN_PART if log.unchecked else UNKNOWN_SIGNER
