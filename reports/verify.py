"""Whether a bundle is still what it was: every file, the journal's chain, the document and the page.

What this shows: the files belong together and nothing in them changed since the manifest was written. What it does
not show: who wrote them. Whoever can replace the whole bundle can make a new, self-consistent one; only a digest
that is known from another source closes that.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reports.build import build
from reports.bundle import (
    EVIDENCE,
    MANIFEST,
    MANIFEST_SCHEMA,
    PAGE,
    SCHEMA,
    Manifest,
    canonical,
    digest_of,
    paths,
)
from reports.evidence import Evidence, decode, encode
from reports.excerpt import ExchangeRecord, stored_path
from reports.fingerprint import fingerprint
from reports.journal import JournalScan
from reports.page import render
from reports.proof import unproven
from reports.recorded import JOURNAL, PLAN, BuildError
from reports.schema import SchemaError, published, validate

_ADDRESSED = re.compile(r"exchanges/([0-9a-f]{2})/([0-9a-f]{64})\.(json|body)")
MOST_UNPROVEN = 20
UNKNOWN_SIGNER = "self-consistent, signer unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one file; ``file`` is its path relative to the bundle."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome; ``state`` is one line for people, ``notes`` what could not be looked at, and why."""

    problems: list[Problem]
    state: str
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Bundle:
    folder: Path
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, file: str, text: str) -> None:
        self.problems.append(Problem(file, text))

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            self.wrong(name, f"cannot be read: {error.strerror}")
            return None


def verify(folder: Path, expect_digest: str | None = None) -> Verification:
    """Verify a bundle, offline.

    Args:
        folder: the bundle.
        expect_digest: SHA-256 in hex, known from another source, of ``manifest.json`` or of ``evidence.json``.
    """
    bundle = _Bundle(folder)
    manifest, manifest_data = _manifest(bundle)
    evidence_data = bundle.read(EVIDENCE)
    document = _document(bundle, evidence_data)
    if manifest is not None:
        _files(bundle, manifest)
    _addressed(bundle)
    _plan(bundle, document)
    _journal(bundle, manifest, document)
    if document is not None:
        for text in unproven(document, folder)[:MOST_UNPROVEN]:
            bundle.wrong(EVIDENCE, text)
    if manifest is not None and document is not None and evidence_data is not None:
        _fields(bundle, manifest, document, evidence_data)
        _remade(bundle, manifest, document, evidence_data)
    if document is not None and document.report.cut_short:
        bundle.notes.append(f"The run was cut short: {document.report.cut_short_reason}")
    state = _state(bundle, expect_digest, manifest_data, evidence_data)
    return Verification(bundle.problems, state, bundle.notes)


def _manifest(bundle: _Bundle) -> tuple[Manifest | None, bytes | None]:
    data = bundle.read(MANIFEST)
    if data is None:
        return None, None
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        bundle.wrong(MANIFEST, f"is no manifest: {error}")
        return None, data
    if canonical(manifest) != data:
        bundle.wrong(MANIFEST, "is not in its canonical bytes")
    if manifest.schema != MANIFEST_SCHEMA:
        bundle.wrong(MANIFEST, f"is of schema {manifest.schema!r} where {MANIFEST_SCHEMA!r} is due")
    if manifest.sealed().root != manifest.root:
        bundle.wrong(MANIFEST, "its root is not the digest of its content")
    return manifest, data


def _document(bundle: _Bundle, data: bytes | None) -> Evidence | None:
    if data is None:
        return None
    try:
        document = decode(data)
        validate(data)
    except (msgspec.DecodeError, UnicodeDecodeError, SchemaError) as error:
        bundle.wrong(EVIDENCE, f"does not fit its schema: {error}")
        return None
    return document


def _files(bundle: _Bundle, manifest: Manifest) -> None:
    there = {path.relative_to(bundle.folder).as_posix(): path for path in paths(bundle.folder)}
    there.pop(MANIFEST, None)
    names = [entry.path for entry in manifest.files]
    if names != sorted(set(names)):
        bundle.wrong(MANIFEST, "its files are not in order, or one is listed twice")
    for entry in manifest.files:
        path = there.pop(entry.path, None)
        if path is None:
            bundle.wrong(entry.path, "is listed in the manifest, but is not there")
        elif path.is_symlink() or not path.is_file():
            bundle.wrong(entry.path, "is no regular file")
        elif digest_of(path) != (entry.sha256, entry.bytes):
            bundle.wrong(entry.path, "its content is not the one listed in the manifest")
    for name in there:
        bundle.wrong(name, "is not listed in the manifest")


def _addressed(bundle: _Bundle) -> None:
    """Files in ``exchanges/`` have the digest of their content as their name, and records have their bodies."""
    for path in paths(bundle.folder):
        name = path.relative_to(bundle.folder).as_posix()
        if not name.startswith("exchanges/") or path.is_symlink() or not path.is_file():
            continue
        match = _ADDRESSED.fullmatch(name)
        if match is None or match[1] != match[2][:2]:
            bundle.wrong(name, "has no name of an exchange record or body")
        elif digest_of(path)[0] != match[2]:
            bundle.wrong(name, "its content does not have the digest that is its name")
        elif match[3] == "json":
            _bodies(bundle, name, path.read_bytes())


def _bodies(bundle: _Bundle, name: str, data: bytes) -> None:
    try:
        record = msgspec.json.decode(data, type=ExchangeRecord)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        bundle.wrong(name, f"is no exchange record: {error}")
        return
    for side in (record.request, record.response):
        if side is None or side.body is None or not side.body.bytes:
            continue
        try:
            there = (bundle.folder / stored_path(side.body.sha256, "body")).is_file()
        except ValueError:
            there = False
        if not there:
            bundle.wrong(name, f"the body {side.body.sha256[:12]}… of this record is missing")


def _plan(bundle: _Bundle, document: Evidence | None) -> None:
    data = bundle.read(PLAN)
    if data is not None and document is not None and hashlib.sha256(data).hexdigest() != document.run.plan_sha256:
        bundle.wrong(PLAN, f"is not the plan whose digest stands in {EVIDENCE}")


def _journal(bundle: _Bundle, manifest: Manifest | None, document: Evidence | None) -> None:
    scan = JournalScan(bundle.folder / JOURNAL, document.run.plan_sha256 if document else None)
    missing = []
    try:
        for entry in scan:
            digest = entry.data.get("sha256") if entry.kind == "exchange" else None
            if digest is not None and not _stored(bundle.folder, str(digest)):
                missing.append(str(digest))
    except OSError as error:
        bundle.wrong(JOURNAL, f"cannot be read: {error.strerror}")
        return
    for problem in scan.problems:
        if problem.cut:
            bundle.notes.append("The last line of the journal is cut: the run was killed while writing it.")
        else:
            bundle.wrong(JOURNAL, f"line {problem.line}: {problem.text}")
    for digest in missing[:20]:
        bundle.wrong(f"exchanges/{digest[:2]}/{digest}.json", "is named in the journal, but is not there")
    if document is not None and (scan.head, scan.lines) != (document.run.journal_head, document.run.journal_lines):
        bundle.wrong(JOURNAL, f"does not end where {EVIDENCE} says: at line {document.run.journal_lines}")
    if manifest is not None and (scan.head, scan.lines) != (manifest.journal.head, manifest.journal.lines):
        bundle.wrong(JOURNAL, f"does not end where {MANIFEST} says: at line {manifest.journal.lines}")


def _stored(folder: Path, digest: str) -> bool:
    try:
        return (folder / stored_path(digest, "json")).is_file()
    except ValueError:
        return False


def _fields(bundle: _Bundle, manifest: Manifest, document: Evidence, evidence_data: bytes) -> None:
    pairs = (
        ("report_id", manifest.report_id, document.report.id),
        ("run_id", manifest.run_id, document.run.id),
        ("issued", manifest.issued, document.report.issued),
        ("plan_sha256", manifest.plan_sha256, document.run.plan_sha256),
        ("evidence_sha256", manifest.evidence_sha256, hashlib.sha256(evidence_data).hexdigest()),
    )
    for name, said, found in pairs:
        if said != found:
            bundle.wrong(MANIFEST, f"its {name} is {said!r}, but {EVIDENCE} has {found!r}")


def _remade(bundle: _Bundle, manifest: Manifest, document: Evidence, evidence_data: bytes) -> None:
    """Make document and page again; only the same build of the report code can make the same bytes."""
    if manifest.builder != fingerprint():
        bundle.notes.append(
            "The bundle was made by another build of art15: the document and the page were not made again."
        )
        return
    try:
        if encode(build(bundle.folder, document.report.issued)) != evidence_data:
            bundle.wrong(EVIDENCE, "is not what the journal, the plan and the exchange records give")
    except BuildError as error:
        bundle.wrong(EVIDENCE, f"cannot be made again: {error}")
    page = bundle.read(PAGE)
    if page is not None and page != render(evidence_data):
        bundle.wrong(PAGE, f"is not the page of this {EVIDENCE}")
    schema = bundle.read(SCHEMA)
    if schema is not None and schema != published():
        bundle.wrong(SCHEMA, "is not the published schema")


def _state(bundle: _Bundle, expected: str | None, manifest_data: bytes | None, evidence_data: bytes | None) -> str:
    if expected is not None:
        wanted = expected.strip().lower().removeprefix("sha256:")
        for name, data in ((MANIFEST, manifest_data), (EVIDENCE, evidence_data)):
            if data is not None and hashlib.sha256(data).hexdigest() == wanted:
                if bundle.problems:
                    break
                return f"self-consistent, and {name} has the digest that was expected"
        else:
            bundle.wrong(MANIFEST, f"neither it nor {EVIDENCE} has the digest that was expected")
    if bundle.problems:
        return f"not self-consistent: {len(bundle.problems)} problem{'s' if len(bundle.problems) > 1 else ''}"
    return UNKNOWN_SIGNER
