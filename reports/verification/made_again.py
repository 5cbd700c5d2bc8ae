"""What a bundle says, made again from its journal and compared byte by byte: document, pages, schema, exports."""

from __future__ import annotations

import hashlib

from harness.bundle.limits import MAX_SCHEMA
from harness.bundle.store import Store, store_of
from reports.bundle import EVIDENCE, SCHEMA
from reports.document.build import build
from reports.evidence import Evidence, encode
from reports.exports import Export, exports
from reports.journal.state import BuildError, JournalState
from reports.page.render import REPORT, render
from reports.schema import published
from reports.verification.files import BundleFiles
from reports.verification.outcome import HOSTILE, VerificationLog
from reports.verification.page_form import language_of
from reports.verification.unlike import unlike


def make_again(
    log: VerificationLog,
    document: Evidence,
    evidence_data: bytes,
    recorded: JournalState | None,
    pages: dict[str, bytes | None],
    files: BundleFiles,
    *,
    ours: bool,
) -> None:
    """Make document, pages and schema again; only a build of the report code that agrees makes the same bytes.

    Args:
        ours: whether it is this build that made the bundle: then every byte has to be the same.
    """
    store = files.store or store_of(log.folder)
    wrong = _document_again(log, document, evidence_data, recorded, store)
    # A bundle of another build may lack an export of ours.
    due = [each for each in exports() if ours or each.name in files.digests]
    if wrong is None:
        differ = _otherwise(
            log, document, evidence_data, pages, {each: files.digests.get(each.name) for each in due}, store
        )
    else:
        differ = [(EVIDENCE, wrong)]
    if ours:
        for name, text in differ:
            log.wrong(name, text)
    elif differ:
        names = f"{EVIDENCE}, {', '.join(pages)} and {SCHEMA}" if wrong else " and ".join(name for name, _ in differ)
        log.left_out(
            f"The bundle was made by another build of art15 ({document.tester.name} {document.tester.version}), and "
            f"this one makes other bytes: what the journal does not settle in {names} was not checked (reasons, "
            f"sentences, what else is worded){f'; {EVIDENCE} {wrong}' if wrong else ''}."
        )
    else:
        log.notes.append("The bundle was made by another build of art15; this one makes the same document and pages.")
    if not differ:
        titles = ["document", *pages, "schema", *(each.title for each in due)]
        log.checked.append(f"{', '.join(titles[:-1])} and {titles[-1]}, made again: the same bytes")


def _otherwise(
    log: VerificationLog,
    document: Evidence,
    evidence_data: bytes,
    pages: dict[str, bytes | None],
    due: dict[Export, str | None],
    store: Store,
) -> list[tuple[str, str]]:
    """Files that are not what this build makes of the document, and why; of a hostile one it may make none.

    Args:
        due: exports, each with the digest of the file that is there.
    """
    differ: list[tuple[str, str]] = []
    try:
        # The pages of a bundle are in one language, which each of them says.
        made = render(evidence_data, language_of(pages.get(REPORT)))
        differ += [(name, f"is not the one of this {EVIDENCE}") for name, page in pages.items() if page != made[name]]
    except HOSTILE as error:
        differ.append((REPORT, _not_made(error)))
    if log.read(SCHEMA, MAX_SCHEMA) != published():
        differ.append((SCHEMA, "is not the published schema"))
    for export, digest in due.items():
        try:
            if _digest(export, document, store) != digest:
                differ.append((export.name, f"is not the {export.title} of this {EVIDENCE}"))
        except HOSTILE as error:
            differ.append((export.name, _not_made(error)))
    return differ


def _not_made(error: BaseException) -> str:
    return f"cannot be made again: {type(error).__name__}: {str(error)[:200]}"


def _digest(export: Export, document: Evidence, store: Store) -> str:
    digest = hashlib.sha256()
    for piece in export.make(document, store):
        digest.update(piece)
    return digest.hexdigest()


def _document_again(
    log: VerificationLog, document: Evidence, evidence_data: bytes, recorded: JournalState | None, store: Store
) -> str | None:
    """Why the document is not the one that the journal gives; None where it is."""
    if recorded is None:
        return "cannot be made again: the journal cannot be used"
    try:
        again = build(log.folder, document.report.issued, recorded, store)
        if encode(again) != evidence_data:
            places = ", ".join(unlike(document, again)) or "its bytes"
            return f"is not what the journal, the plan and the exchange records give: {places}"
    except BuildError as error:
        return f"cannot be made again: {error}"
    except HOSTILE as error:
        return _not_made(error)
    return None
