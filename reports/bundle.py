"""Finishing a bundle: document, schema, page and manifest, each written whole or not at all.

Everything here is made from the journal, the plan and the exchange records. So it can be done again at any time:
after a kill, on another machine, years later.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from reports.build import build
from reports.evidence import encode
from reports.fingerprint import fingerprint
from reports.page import render
from reports.schema import published, validate

EVIDENCE = "evidence.json"
SCHEMA = "evidence.schema.json"
PAGE = "report.html"
MANIFEST = "manifest.json"
MANIFEST_SCHEMA = "art15-manifest/1"
_TEMPORARY = ".art15-writing-"


class ListedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the bundle: POSIX path relative to it, SHA-256 in hex, size in bytes."""

    path: str
    sha256: str
    bytes: int


class JournalSeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Head and length of the journal: what the chain alone cannot show."""

    head: str
    lines: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every file except the manifest itself, and what ties them together.

    ``root`` is the SHA-256 of the canonical bytes of the manifest with an empty ``root``; ``builder`` tells which
    build of the report code made the document and the page.
    """

    schema: str
    report_id: str
    run_id: str
    issued: str
    builder: str
    plan_sha256: str
    evidence_sha256: str
    journal: JournalSeal
    files: list[ListedFile]
    root: str = ""

    def sealed(self) -> Manifest:
        """The manifest with its root."""
        blank = msgspec.structs.replace(self, root="")
        return msgspec.structs.replace(self, root=hashlib.sha256(canonical(blank)).hexdigest())


def finish(folder: Path, issued: str | None = None) -> Path:
    """Write ``evidence.json``, its schema, ``report.html`` and ``manifest.json``; give the path of the page.

    Args:
        folder: the bundle of a run, ended or killed.
        issued: date of issue (ISO 8601, UTC); without it, the time of the last line of the journal.

    Raises:
        reports.recorded.BuildError: the journal or the plan is missing or not what the run wrote.
        reports.schema.SchemaError: the document does not fit its schema, which is a fault of this package.
    """
    for left_over in folder.glob(f"{_TEMPORARY}*"):
        left_over.unlink()
    document = build(folder, issued)
    data = encode(document)
    validate(data)
    _write(folder / EVIDENCE, data)
    _write(folder / SCHEMA, published())
    _write(folder / PAGE, render(data))
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
    _write(folder / MANIFEST, canonical(manifest.sealed()))
    return folder / PAGE


def canonical(value: msgspec.Struct) -> bytes:
    """The one byte form of a manifest: UTF-8, sorted members, indented by one, a newline at the end."""
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True, indent=1)
    return (text + "\n").encode()


def listed(folder: Path) -> Iterator[ListedFile]:
    """All files of a bundle in the order of their paths, without the manifest itself."""
    for path in paths(folder):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST:
            digest, size = digest_of(path)
            yield ListedFile(path=name, sha256=digest, bytes=size)


def paths(folder: Path) -> list[Path]:
    """Everything in a bundle that is no folder, symbolic links included, in the order of the paths."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file; raw samples may be large, so it is read in pieces."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{_TEMPORARY}{path.name}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
