"""Which values of a bundle rest on something from outside, which are only read, and what it does not establish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.bundle.ledger import LEDGER
from harness.bundle.manifest import MANIFEST
from harness.clauses import load as load_catalogue
from reports.bundle import EVIDENCE
from reports.evidence import Evidence
from reports.journal.state import JOURNAL
from reports.text.sentences import sentences
from reports.verification.outcome import VerificationLog

if TYPE_CHECKING:
    from reports.seal.keys import PublicKey
    from reports.seal.planned import SealedFile


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known from another source than the bundle; nothing, where it is not given.

    Attributes:
        digest: SHA-256 in hex of ``manifest.json`` or ``evidence.json``.
        key: that signed.
        plan: the sealed plan; its ledger is looked for beside it.
        head: SHA-256 in hex of the last line of the journal, or of a line of the ledger.
    """

    digest: str | None = None
    key: PublicKey | None = None
    plan: SealedFile | None = None
    head: str | None = None


NOTHING_EXPECTED = Expected()


@dataclass(slots=True)
class OutsideAnchors:
    """What of a bundle was found to be what was expected; each says by what, empty where by nothing."""

    manifest: str = ""
    evidence: str = ""
    journal: str = ""
    plan: str = ""
    sealed: str = ""
    ledger: str = ""
    signer: str = ""

    def by(self, digests: dict[str, str], expected: Expected, keyid: str) -> None:
        """Manifest and document: by a digest that was expected, or by the key."""
        if expected.digest is not None:
            wanted = wanted_digest(expected.digest)
            self.manifest = "--expect-digest" if digests.get(MANIFEST) == wanted else self.manifest
            self.evidence = "--expect-digest" if digests.get(EVIDENCE) == wanted else self.evidence
        if expected.plan is not None:
            self.sealed = "--expect-plan"
        if expected.key is not None and keyid:
            self.signer = "--key"
            self.manifest, self.evidence = self.manifest or "--key", self.evidence or "--key"
        # The manifest has the digest of the document, the document those of plan and journal.
        self.evidence = self.evidence or self.manifest
        self.journal, self.plan = self.journal or self.evidence, self.plan or self.evidence
        self.sealed, self.ledger = self.sealed or self.plan, self.ledger or self.plan


def wanted_digest(text: str) -> str:
    """A digest as somebody wrote it down."""
    return text.strip().lower().removeprefix("sha256:")


def check_head(
    log: VerificationLog, document: Evidence, anchors: OutsideAnchors, head: str, ledgers: list[list[str]]
) -> None:
    """Hold the end of the journal, or the lines of the ledger, against a line that is known from elsewhere.

    Args:
        ledgers: the digests of the lines of each that is at hand.
    """
    wanted, sealed = wanted_digest(head), document.plan.sealed
    if document.run.journal_head == wanted:
        anchors.journal = "--expect-head"
        return
    known = [heads[: heads.index(wanted) + 1] for heads in ledgers if wanted in heads]
    if not known or sealed is None:
        log.wrong(
            LEDGER if sealed else JOURNAL,
            "the line whose digest was expected ends no journal and stands in no ledger here: lines are missing, or "
            "were written anew",
        )
    elif any(sealed.head in heads for heads in known):
        anchors.ledger = "--expect-head"
    else:
        log.notes.append(
            "The line of the ledger that was expected comes before this run: it vouches for the runs before."
        )


def told(
    document: Evidence | None, digests: dict[str, str], anchors: OutsideAnchors, keyid: str, marks: list[str]
) -> tuple[list[str], ...]:
    """What is anchored, what is only read from the bundle, and what it does not establish; sentences each."""
    said = sentences()
    held: list[str] = []
    read: list[str] = []
    run = document.run if document is not None else None
    sealed = document.plan.sealed if document is not None else None
    values = [
        (said("verify.manifest"), digests.get(MANIFEST, ""), anchors.manifest, "--key, --expect-digest"),
        (said("verify.evidence"), digests.get(EVIDENCE, ""), anchors.evidence, "--key, --expect-digest"),
        (said("verify.journal"), run.journal_head if run else "", anchors.journal, "--expect-head"),
        (said("verify.plan"), run.plan_sha256 if run else "", anchors.plan, "--key, --expect-digest"),
        (said("verify.sealed"), sealed.sha256 if sealed else "", anchors.sealed, "--expect-plan"),
        (said("verify.ledger"), sealed.head if sealed else "", anchors.ledger, "--expect-head"),
        (said("verify.signer"), keyid, anchors.signer, "--key"),
    ]
    for name, value, by, options in values:
        if not value:
            continue
        if by:
            held.append(said("verify.anchored", name=name, value=value, by=by))
        else:
            read.append(said("verify.only_read", name=name, value=value, options=options))
    if document is not None:
        read += _always_read(document)
    silent = [said("verify.silent_truth"), said("verify.silent_system"), said("verify.silent_time")]
    silent += [said("verify.silent_runs"), said("verify.silent_persons")]
    if not marks:
        silent.append(said("verify.silent_mark"))
    if document is not None and sealed is None:
        silent.append(said("verify.silent_plan"))
    if not keyid:
        silent.insert(0, said("verify.silent_signer"))
    return held, read, silent


def _always_read(document: Evidence) -> list[str]:
    said, run = sentences(), document.run
    people = document.report.responsible
    known = document.catalogue.digest == load_catalogue().digest
    return [
        *([] if known else [said("verify.read_catalogue", digest=document.catalogue.digest)]),
        said("verify.read_times", start=run.start, end=run.end or "-"),
        said("verify.read_endpoint", endpoint=document.item.endpoint),
        said("verify.read_tool", tool=f"{document.tester.name} {document.tester.version}"),
        said("verify.read_persons", people=people) if people else said("verify.read_no_persons"),
    ]
