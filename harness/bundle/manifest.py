"""The manifest: every file of a bundle with its digest, and one digest over all of them."""

from __future__ import annotations

import hashlib
import json

import msgspec

MANIFEST = "manifest.json"
MANIFEST_SCHEMA = "art15-manifest/1"


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


def canonical(value: Manifest) -> bytes:
    """The one byte form of a manifest: UTF-8, sorted members, indented by one, a newline at the end."""
    # json indents in Python, a token at a time: a list of 300,000 files is written here.
    bare = json.dumps(
        msgspec.to_builtins(msgspec.structs.replace(value, files=[])), ensure_ascii=False, sort_keys=True, indent=1
    )
    if value.files:
        listing = ",\n".join(map(_listed_in_json, value.files))
        # No text can hold this line: a quotation mark inside a text is escaped.
        bare = bare.replace('\n "files": []', f'\n "files": [\n{listing}\n ]', 1)
    return (bare + "\n").encode()


def _listed_in_json(file: ListedFile) -> str:
    path, sha256 = (json.dumps(text, ensure_ascii=False) for text in (file.path, file.sha256))
    return f'  {{\n   "bytes": {file.bytes},\n   "path": {path},\n   "sha256": {sha256}\n  }}'
