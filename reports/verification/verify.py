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

from harness.bundle.store import Store, store_of
from reports.bundle import EVIDENCE, MANIFEST, MANIFEST_SCHEMA, PAGE, SCHEMA, Manifest, canonical
from reports.document.build import build
from reports.document.proof import unshown
from reports.evidence import Evidence, decode, encode
from reports.exports.har import HAR, har
from reports.fingerprint import fingerprint
from reports.journal.chain import once
from reports.journal.state import BuildError, Recorded
from reports.limits import MAX_DOCUMENT, MAX_FILES, MAX_MANIFEST, MAX_PAGE, MAX_SCHEMA, counted
from reports.page.render import render
from reports.schema import published
from reports.verification.files import Inside, look
from reports.verification.journal_checks import hold_journal, hold_others
from reports.verification.outcome import IN_PART, UNKNOWN_SIGNER, BundleProblem, Told, Verification
from reports.verification.page_form import not_inert

__all__ = ["IN_PART", "UNKNOWN_SIGNER", "BundleProblem", "Verification", "verify"]
MOST_UNPROVEN = 20
# What a hostile bundle can make of code that was written for ours: a problem of the file, never an end without a word.
_HOSTILE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError)


def verify(folder: Path, expect_digest: str | None = None) -> Verification:
    """Verify a bundle, offline; nothing in it is trusted, and none of its links is followed.

    Args:
        folder: the bundle.
        expect_digest: SHA-256 in hex, known from another source, of ``manifest.json`` or of ``evidence.json``.
    """
    told = Told(folder)
    manifest, manifest_data = _manifest(told)
    inside = look(told, manifest)
    evidence_data = told.read(EVIDENCE, MAX_DOCUMENT)
    document = _document(told, evidence_data)
    recorded = hold_journal(told, manifest, document, inside)
    if document is not None:
        for text in unshown(document, inside.records, inside.unconnected)[:MOST_UNPROVEN]:
            told.wrong(EVIDENCE, text)
        if document.report.cut_short:
            told.notes.append(f"The run was cut short: {document.report.cut_short_reason}")
    hold_others(told, inside, recorded)
    page = _page(told, evidence_data)
    if manifest is not None and document is not None and evidence_data is not None:
        _fields(told, manifest, document, evidence_data)
        _made_again(told, manifest, document, evidence_data, recorded, page, inside)
    state = _state(told, expect_digest, manifest_data, evidence_data)
    notes = [*told.unchecked, *told.notes]
    return Verification(told.problems, state, notes, told.checked, told.unchecked, told.total)


def _manifest(told: Told) -> tuple[Manifest | None, bytes | None]:
    data = told.read(MANIFEST, MAX_MANIFEST)
    if data is None:
        return None, None
    try:
        manifest = msgspec.json.decode(counted(data, 4 * MAX_FILES + 100), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told.wrong(MANIFEST, f"is no manifest: {error}")
        return None, data
    except OSError as error:
        told.wrong(MANIFEST, f"cannot be read: {error.strerror}")
        return None, data
    if canonical(manifest) != data:
        told.wrong(MANIFEST, "is not in its canonical bytes")
    if manifest.schema != MANIFEST_SCHEMA:
        told.wrong(MANIFEST, f"is of schema {manifest.schema!r} where {MANIFEST_SCHEMA!r} is due")
    if manifest.sealed().root != manifest.root:
        told.wrong(MANIFEST, "its root is not the digest of its content")
    return manifest, data


def _document(told: Told, data: bytes | None) -> Evidence | None:
    """The document; its classes refuse all that its schema does, in linear time."""
    if data is None:
        return None
    try:
        document = decode(counted(data))
        json.loads(data, object_pairs_hook=once)
    except (msgspec.DecodeError, ValueError, RecursionError, OSError) as error:
        told.wrong(EVIDENCE, f"does not fit its schema: {error}")
        return None
    return document


def _page(told: Told, evidence_data: bytes | None) -> bytes | None:
    """The page, whoever made it: no script, nothing that is fetched, and made from this document by its own words."""
    page = told.read(PAGE, MAX_PAGE)
    if page is None:
        return None
    wrong = not_inert(page)
    if wrong is not None:
        told.wrong(PAGE, wrong)
    else:
        told.checked.append("the page for scripts and for anything that is fetched")
    if evidence_data is not None and hashlib.sha256(evidence_data).hexdigest().encode() not in page:
        told.wrong(PAGE, f"does not carry the digest of this {EVIDENCE}")
    return page


def _fields(told: Told, manifest: Manifest, document: Evidence, evidence_data: bytes) -> None:
    pairs = (
        ("report_id", manifest.report_id, document.report.id),
        ("run_id", manifest.run_id, document.run.id),
        ("issued", manifest.issued, document.report.issued),
        ("plan_sha256", manifest.plan_sha256, document.run.plan_sha256),
        ("evidence_sha256", manifest.evidence_sha256, hashlib.sha256(evidence_data).hexdigest()),
    )
    for name, said, found in pairs:
        if said != found:
            told.wrong(MANIFEST, f"its {name} is {said!r:.100}, but {EVIDENCE} has {found!r:.100}")


def _made_again(
    told: Told,
    manifest: Manifest,
    document: Evidence,
    evidence_data: bytes,
    recorded: Recorded | None,
    page: bytes | None,
    inside: Inside,
) -> None:
    """Make document, page and schema again; only a build of the report code that agrees makes the same bytes."""
    ours = manifest.builder == fingerprint()
    store = inside.store or store_of(told.folder)
    wrong = _document_again(told, document, evidence_data, recorded, store)
    if wrong is None:
        schema = told.read(SCHEMA, MAX_SCHEMA)
        differ = [(PAGE, f"is not the page of this {EVIDENCE}")] if page != render(evidence_data) else []
        differ += [(SCHEMA, "is not the published schema")] if schema != published() else []
        if ours or HAR in inside.digests:
            archive = told.read(HAR, MAX_PAGE)
            differ += [(HAR, f"is not the archive of this {EVIDENCE}")] if archive != har(document, store) else []
    else:
        differ = [(EVIDENCE, wrong)]
    if ours:
        for name, text in differ:
            told.wrong(name, text)
    elif differ:
        names = f"{EVIDENCE}, {PAGE} and {SCHEMA}" if wrong else " and ".join(name for name, _ in differ)
        told.left_out(
            f"The bundle was made by another build of art15 ({document.tester.name} {document.tester.version}), and "
            f"this one makes other bytes: what the journal does not settle in {names} was not checked (reasons, "
            f"findings, sentences, duties)."
        )
    else:
        told.notes.append("The bundle was made by another build of art15; this one makes the same document and page.")
    if not differ:
        told.checked.append("document, page, schema and archive of exchanges, made again: the same bytes")


def _document_again(
    told: Told, document: Evidence, evidence_data: bytes, recorded: Recorded | None, store: Store
) -> str | None:
    """Why the document is not the one that the journal gives; None where it is."""
    if recorded is None:
        return "cannot be made again: the journal cannot be used"
    try:
        if encode(build(told.folder, document.report.issued, recorded, store)) != evidence_data:
            return "is not what the journal, the plan and the exchange records give"
    except BuildError as error:
        return f"cannot be made again: {error}"
    except _HOSTILE as error:
        return f"cannot be made again: {type(error).__name__}: {str(error)[:200]}"
    return None


def _state(told: Told, expected: str | None, manifest_data: bytes | None, evidence_data: bytes | None) -> str:
    known = None
    if expected is not None:
        wanted = expected.strip().lower().removeprefix("sha256:")
        for name, data in ((MANIFEST, manifest_data), (EVIDENCE, evidence_data)):
            if known is None and data is not None and hashlib.sha256(data).hexdigest() == wanted:
                known = name
        if known is None:
            told.wrong(MANIFEST, f"neither it nor {EVIDENCE} has the digest that was expected")
    if told.total:
        return f"not self-consistent: {told.total} problem{'s' if told.total > 1 else ''}"
    if known is not None:
        lacking = "" if not told.unchecked else ", but not everything was checked"
        return f"self-consistent, and {known} has the digest that was expected{lacking}"
    return IN_PART if told.unchecked else UNKNOWN_SIGNER
