"""Whether the artefact that the policy names is the one that the endpoint claims to serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.bundle.provenance import LinkState, Place, ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.foreign import read_given
from harness.judging.origin.claims import SHOWN
from harness.probing.origin.claimed import Claimed, claimed, version_probed
from harness.probing.probe import Probe
from harness.provenance.artefact import Artefact, computed, differences
from harness.provenance.bill import LARGEST as LARGEST_BILL
from harness.provenance.bill import NoBill, stated
from harness.provenance.claims import Claim
from harness.provenance.declared import ArtefactTable
from harness.provenance.kinds import DIGEST
from harness.provenance.signature import LARGEST as LARGEST_SIGNATURE
from harness.provenance.signature import BadSignature, CannotVerify, Signed, signed_by
from harness.record.exchange import Transport
from harness.record.quoting import clip

PROVENANCE = Criterion.PROVENANCE.clause
NOT_CLAIMED, SIGNATURE, BILL = "artefact-not-the-claimed", "artefact-signature-broken", "artefact-not-in-bill"
KEY_BYTES, LISTED = 64 * 1024, 5


@dataclass(slots=True)
class ArtefactVerdict:
    """Holds one artefact against signature, bill of materials and claims, and keeps the links of the chain."""

    probe: Probe
    table: ArtefactTable
    seen: Claimed
    links: list[ProvenanceLink] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    def judge(self, transport: Transport) -> None:
        """Report all that can be said of the artefact.

        Raises:
            TesterFailed: it cannot be read.
            Untestable: the endpoint claims no digest, or the signature cannot be verified here.
        """
        try:
            signed = self._signed()
            found = self._artefact(signed)
            if signed is not None:
                self._matches(found, signed)
            if self.table.bill is not None:
                self._billed(found, read_given(Path(self.table.bill), LARGEST_BILL))
        except OSError as error:
            raise TesterFailed(f"artefact of {self.probe.model.name}: {error.strerror or error}") from None
        self._claimed(found)
        model = self.probe.model.id
        chain = ProvenanceChain(model=model, transport=transport, links=self.links)
        self.probe.outcome.series.append(ProvenanceSeen(chain=chain))
        if self.undecided:
            self.probe.untestable("; ".join(self.undecided))

    def _signed(self) -> Signed | None:
        """What the signature is about, once it is verified; None where there is none, or it does not hold."""
        if self.table.signature is None or self.table.key is None:
            return None
        bundle = read_given(Path(self.table.signature), LARGEST_SIGNATURE)
        try:
            return signed_by(bundle, read_given(Path(self.table.key), KEY_BYTES))
        except CannotVerify as error:
            self.undecided.append(str(error))
        except BadSignature as error:
            self._holds(False, "a signature that the key verifies", f"the signature {error}", SIGNATURE)
            self._link("artefact", "model.signature", "contradicted", words=f"the signature {error}")
        return None

    def _artefact(self, signed: Signed | None) -> Artefact:
        path = Path(self.table.path)
        beside = [Path(each) for each in (self.table.signature, self.table.bill) if each is not None]
        inside = [each.resolve().relative_to(path.resolve()).as_posix() for each in beside if _within(each, path)]
        algorithms = [each.value.partition(":")[0] for each in self._digests]
        found = computed(path, algorithms, signed.ignored if signed is not None else inside)
        for what, names in (("executes code when it is loaded", found.executing), ("is no file", found.passed_over)):
            if names:
                self.probe.observe(f"{len(names)} in the artefact: {what}: {', '.join(names[:LISTED])}", PROVENANCE)
        self._link("artefact", DIGEST, "computed", found=f"sha256:{found.digests['sha256']}", words=path.name)
        return found

    def _matches(self, found: Artefact, signed: Signed) -> None:
        others = list(differences(found, signed.files))
        told = f"{', '.join(others[:LISTED])} ({len(others)} in all)" if others else "every file is as it was signed"
        self._holds(not others, "the files that were signed, and no others", told, SIGNATURE)
        self._link("artefact", "model.signature", "contradicted" if others else "verified", words=told)

    def _billed(self, found: Artefact, data: bytes) -> None:
        try:
            digests = stated(data)
        except NoBill as error:
            self.undecided.append(f"the bill of materials {error}")
            return
        known = {name: digest for name, digest in digests.items() if name in found.digests}
        if not known:
            self.undecided.append(f"the bill of materials states {', '.join(digests)} of the model, and no SHA-256")
            return
        for name, digest in known.items():
            good = digest == found.digests[name]
            told = f"{name}:{digest} is stated, {name}:{found.digests[name]} computed"
            self._holds(good, "the digest that the bill of materials states", told, BILL)
            self._link("artefact", "bill of materials", "verified" if good else "contradicted", words=told)

    def _claimed(self, found: Artefact) -> None:
        """Hold what is computed against each digest that the endpoint claims."""
        if not self._digests:
            self.undecided.append(f"the endpoint claims no {DIGEST}: nothing says that it serves this artefact")
            self._link("endpoint", DIGEST, "missing")
        for claim in self._digests:
            algorithm, _, digits = claim.value.partition(":")
            if algorithm not in found.digests:
                self.undecided.append(f"{claim.words}: no {algorithm} is computed of this artefact")
                self._link("endpoint", DIGEST, "claimed", said=clip(claim.value, SHOWN), words=claim.place)
                continue
            good = digits == found.digests[algorithm]
            told = f"{claim.words}; {algorithm}:{found.digests[algorithm]} is computed"
            self._holds(good, "the digest of the artefact that the policy names", told, NOT_CLAIMED, claim)
            self._link(
                "endpoint", DIGEST, "verified" if good else "contradicted", said=clip(claim.value, SHOWN),
                found=f"{algorithm}:{found.digests[algorithm]}", words=claim.place,
            )  # fmt: skip

    @property
    def _digests(self) -> list[Claim]:
        return [each for each in self.seen.claims if each.kind.name == DIGEST and not each.problem]

    def _holds(self, condition: bool, expected: str, observed: str, root: str, claim: Claim | None = None) -> None:
        shown = self.seen.shown_by[claim.place] if claim is not None else self.seen.metadata
        self.probe.holds(
            condition, clause=PROVENANCE, expected=expected, observed=observed, exchange=shown, root=root
        )  # fmt: skip

    def _link(
        self, place: Place, about: str, state: LinkState, *, said: str = "", found: str = "", words: str = ""
    ) -> None:
        self.links.append(ProvenanceLink(place=place, about=about, state=state, claimed=said, found=found, words=words))


def judge_artefact(probe: Probe, transport: Transport) -> None:
    """Hold the artefact that the policy names for this model against what the endpoint claims, asked twice."""
    table = probe.endpoint.policy.artefact.get(probe.model.name)
    if table is None:
        probe.not_applicable("the policy names no artefact of this model ([artefact.MODEL])")
    version = version_probed(probe, transport)
    if table.version is not None and version not in (None, table.version):
        probe.not_applicable(f"the artefact is of version {table.version}, and version {version} is probed")
    first, seen = claimed(probe, transport), claimed(probe, transport)
    for claim in _changed(first, seen):
        probe.observe(f"claimed once of two times: {claim.words}", PROVENANCE)
    seen.claims = [each for each in seen.claims if each in first.claims]
    ArtefactVerdict(probe, table, seen).judge(transport)


def _changed(one: Claimed, other: Claimed) -> Iterator[Claim]:
    yield from (each for each in one.claims if each not in other.claims)
    yield from (each for each in other.claims if each not in one.claims)


def _within(path: Path, folder: Path) -> bool:
    return folder.is_dir() and path.resolve().is_relative_to(folder.resolve())
