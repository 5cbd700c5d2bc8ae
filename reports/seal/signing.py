"""Signs a finished bundle, or a sealed plan, and takes marks of others beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bundle.limits import MAX_DOCUMENT, MAX_MANIFEST, MAX_PLAN
from harness.bundle.manifest import MANIFEST
from harness.bundle.places import ATTESTATION, MARKS, TEST_RESULT
from harness.foreign import MEBIBYTE, read_given, read_inside
from reports.bundle import EVIDENCE, write_whole
from reports.evidence import decode
from reports.seal.dsse import signed
from reports.seal.keys import keyid_of, pem_of
from reports.seal.statements import evidence_statement, payload, plan_statement, result_statement

if TYPE_CHECKING:
    from reports.seal.keys import PrivateKey

BESIDE = ".dsse.json"
MAX_MARK, MOST_MARKS = MEBIBYTE, 8


class MarkRefused(Exception):
    """A mark that cannot be taken; one line that says why."""


def sign_bundle(folder: Path, key: PrivateKey) -> str:
    """Write the two envelopes over manifest and document; gives the id of the key.

    Raises:
        OSError: a file cannot be read or written.
        msgspec.DecodeError: the document is none.
        reports.seal.keys.NeedsExtra: what signs is not installed.
    """
    data = read_inside(folder, EVIDENCE, MAX_DOCUMENT)
    manifest = read_inside(folder, MANIFEST, MAX_MANIFEST)
    subjects = {EVIDENCE: _sha256(data), MANIFEST: _sha256(manifest)}
    document, public = decode(data), key.public_key()
    statements = {
        ATTESTATION: evidence_statement(document, subjects, pem_of(public)),
        TEST_RESULT: result_statement(document, subjects),
    }
    envelopes = {name: signed(payload(statement), key) for name, statement in statements.items()}
    for name, envelope in envelopes.items():
        write_whole(folder / name, [envelope])
    return keyid_of(public)


def sign_plan(path: Path, key: PrivateKey) -> Path:
    """Write an envelope over a sealed plan beside it; gives its path.

    Raises:
        OSError, reports.seal.keys.NeedsExtra: as of :func:`sign_bundle`.
    """
    statement = plan_statement(path.name, _sha256(read_given(path, MAX_PLAN)), pem_of(key.public_key()))
    beside = path.with_name(path.name + BESIDE)
    write_whole(beside, [signed(payload(statement), key)])
    return beside


def take_marks(folder: Path, files: tuple[Path, ...]) -> list[str]:
    """Copy marks of time that others made (RFC 3161, transparency logs) into the bundle; gives their names there.

    Raises:
        MarkRefused: there are too many, or one has the name of another.
        OSError: a file cannot be read or written.
    """
    place = folder / MARKS
    there = {each.name for each in place.iterdir()} if place.is_dir() else set()
    if len(there) + len(files) > MOST_MARKS:
        raise MarkRefused(f"more than {MOST_MARKS} marks are not kept")
    if taken := sorted(there & {each.name for each in files}):
        raise MarkRefused(f"{MARKS}/{taken[0]} is there already: give the file another name")
    place.mkdir(exist_ok=True)
    for each in files:
        write_whole(place / each.name, [read_given(each, MAX_MARK)])
    return [f"{MARKS}/{each.name}" for each in files]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
