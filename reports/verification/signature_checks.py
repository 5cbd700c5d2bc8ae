"""Signatures of a bundle and marks beside it: what they are over, by which key, and whether that key was expected."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.bundle.ledger import LEDGER
from harness.bundle.manifest import MANIFEST
from harness.bundle.places import ATTESTATION, MARKS, TEST_RESULT, among_exchanges
from harness.foreign import digest_of, open_inside
from reports.bundle import EVIDENCE
from reports.evidence import Evidence
from reports.journal.state import JOURNAL, PLAN
from reports.seal.dsse import MAX_ENVELOPE, NotSigned, hold, payload_of
from reports.seal.keys import KeyUnusable, NeedsExtra, keyid_of, public_key
from reports.seal.signing import MAX_MARK, MOST_MARKS
from reports.seal.statements import evidence_statement, result_statement, signer_of, subjects_of
from reports.seal.time_marks import TimeMark, time_mark
from reports.verification.outcome import VerificationLog

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope

    from reports.seal.keys import PublicKey


# Bytes and files that are read again for marks by another hash than SHA-256, what is signed first.
MOST_AGAIN, MOST_FILES_AGAIN = 256 << 20, 10_000
_FIRST = (MANIFEST, EVIDENCE, ATTESTATION, TEST_RESULT, PLAN, JOURNAL, LEDGER)


@dataclass(frozen=True, slots=True)
class SealedBundle:
    """What signatures and marks may be over.

    Attributes:
        document: is held against what was signed, where this build words it alike (``ours``).
        digests: SHA-256 of the files that were read, by name.
        heads: further digests that a mark may name, by what they are of.
    """

    document: Evidence
    ours: bool
    digests: dict[str, str]
    heads: dict[str, str] = field(default_factory=dict)

    @property
    def subjects(self) -> dict[str, str]:
        """The files that each envelope is about."""
        return {name: self.digests.get(name, "") for name in (EVIDENCE, MANIFEST)}


def check_signatures(log: VerificationLog, sealed: SealedBundle, key: PublicKey | None) -> str:
    """Hold each envelope against the files, against the key that it names and the one that was expected.

    Gives the id of the key that the envelopes name; empty where nothing is signed, or could not be read.
    """
    there = [name for name in (ATTESTATION, TEST_RESULT) if name in sealed.digests]
    if not there:
        if key is not None:
            log.wrong(ATTESTATION, "is not there: nothing is signed by the key that was expected")
        return ""
    for name in {ATTESTATION, TEST_RESULT} - {*there}:
        log.wrong(name, f"is not there, though {there[0]} is: a signature consists of both")
    before = log.total
    try:
        opened = {name: found for name in there if (found := _opened(log, name)) is not None}
        named = _signer(log, opened)
        for name, (statement, envelope) in opened.items():
            for each in (each for each in (named, key) if each is not None):
                _held(log, name, envelope, each)
            _says(log, name, statement, sealed)
    except NeedsExtra as error:
        log.left_out(f"{' and '.join(there)}: {error}")
        return ""
    if log.total == before and named is not None:
        log.checked.append(f"{len(opened)} signatures over {EVIDENCE} and {MANIFEST}, by the key {keyid_of(named)}")
    return keyid_of(named) if named is not None else ""


def _opened(log: VerificationLog, name: str) -> tuple[dict[str, Any], Envelope] | None:
    data = log.read(name, MAX_ENVELOPE)
    try:
        return None if data is None else payload_of(data)
    except NotSigned as error:
        log.wrong(name, str(error))
        return None


def _signer(log: VerificationLog, opened: dict[str, tuple[dict[str, Any], Envelope]]) -> PublicKey | None:
    """The key that the attestation names: read from the bundle, so it shows that the envelopes are whole, no more."""
    if ATTESTATION not in opened:
        return None
    try:
        return public_key(signer_of(opened[ATTESTATION][0]).encode())
    except (KeyUnusable, UnicodeEncodeError) as error:
        log.wrong(ATTESTATION, f"names no key of its signer: {error}")
        return None


def _held(log: VerificationLog, name: str, envelope: Envelope, key: PublicKey) -> None:
    try:
        hold(envelope, key)
    except NotSigned as error:
        log.wrong(name, str(error))


def _says(log: VerificationLog, name: str, statement: dict[str, Any], sealed: SealedBundle) -> None:
    said = subjects_of(statement)
    for file, digest in sealed.subjects.items():
        if said.get(file) != digest:
            log.wrong(name, f"signs another {file} than the one that is here")
    if name == ATTESTATION:
        due = evidence_statement(sealed.document, sealed.subjects, signer_of(statement))
    else:
        due = result_statement(sealed.document, sealed.subjects)
    if statement.get("predicateType") != due["predicateType"]:
        log.wrong(name, f"is not of the type {due['predicateType']}")
    elif sealed.ours and statement != due:
        log.wrong(name, f"says something else than {EVIDENCE}")


def check_marks(log: VerificationLog, sealed: SealedBundle) -> list[str]:
    """Whether each mark names something that is here; gives those that do, in words."""
    marks = sorted(name for name in sealed.digests if name.startswith(f"{MARKS}/"))
    for name in marks[MOST_MARKS:]:
        log.wrong(name, f"is one of more than {MOST_MARKS} marks: it was not read")
    found, again = [], _DigestsAgain(log, sealed)
    for name in marks[:MOST_MARKS]:
        data = log.read(name, MAX_MARK)
        if data is None:
            continue
        mark = time_mark(data)
        over = _named_in(data, name, sealed) if mark is None else again.over(mark)
        if not over and mark is not None and mark.hash != "sha256":
            # It may be over the sealed plan or a line of its ledger, whose bytes are not here.
            log.left_out(f"{name} is by {mark.hash.upper()} over something that was not found among the files here.")
            continue
        if not over:
            log.wrong(name, "names the digest of nothing that is here")
            continue
        files = ", ".join(over)
        found.append(f"{name} over {files}")
        if mark is None:
            log.left_out(
                f"{name} names the digest of {files}; who made it and when is not checked here (docs/evidence.md says "
                "how)."
            )
        else:
            when = f"{mark.at:%Y-%m-%dT%H:%M:%SZ}"
            log.left_out(
                f"{name} says that {files} was there at {when} (RFC 3161); who made it, and the signature, are not "
                "checked here (docs/evidence.md says how)."
            )
    return found


class _DigestsAgain:
    """Digests of files by the hash that a mark is by; by another one than SHA-256 each file is read once more."""

    def __init__(self, log: VerificationLog, sealed: SealedBundle) -> None:
        self._log, self._sealed = log, sealed
        self._by_hash = {"sha256": sealed.digests | sealed.heads}

    def over(self, mark: TimeMark) -> list[str]:
        """What is here and has the very digest that a token is over."""
        if mark.hash not in self._by_hash:
            self._by_hash[mark.hash] = self._again(mark.hash)
        return sorted(of for of, digest in self._by_hash[mark.hash].items() if digest == mark.digest)

    def _again(self, name: str) -> dict[str, str]:
        found, left = dict[str, str](), MOST_AGAIN
        there = self._sealed.digests
        further = sorted(each for each in there.keys() - {*_FIRST} if not among_exchanges(each))[:MOST_FILES_AGAIN]
        for of in (*(each for each in _FIRST if each in there), *further):
            try:
                with open_inside(self._log.folder, of, left) as file:
                    found[of] = digest_of(file, name)
                    left -= file.tell()
            except OSError:
                continue
        return found


def _named_in(data: bytes, name: str, sealed: SealedBundle) -> list[str]:
    """What is here and whose digest stands somewhere in a mark of another form, such as a transparency log's."""
    digests = sealed.digests | sealed.heads
    return sorted(of for of, digest in digests.items() if of != name and _names(data, digest))


def _names(data: bytes, digest: str) -> bool:
    raw = bytes.fromhex(digest)
    return raw in data or digest.encode() in data.lower() or base64.b64encode(raw) in data
