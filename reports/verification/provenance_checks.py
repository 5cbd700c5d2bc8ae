"""Chains of provenance in a document recomputed: each state has to follow from what is claimed and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.bundle.exchange import NOT_KEPT
from harness.bundle.provenance import ProvenanceChain, ProvenanceLink
from reports.evidence import CheckResult

DIGEST = "model.digest"


def provenance_contradictions(chains: Sequence[ProvenanceChain], checks: Sequence[CheckResult]) -> Iterator[str]:
    """Where a chain contradicts itself or the verdict of its check, a sentence each."""
    passed = {check.id for check in checks if check.verdict == "pass"}
    for chain in chains:
        name = f"the chain of {chain.model!r:.80} over {chain.transport:.10}"
        for link in chain.links:
            text = _link(link)
            if text:
                yield f"{name}: {link.about:.40} in {link.place} {text}"
            if chain.check in passed and link.state in ("contradicted", "missing"):
                yield f"{name}: its check passed, but {link.about:.40} in {link.place} is {link.state}"


def _link(link: ProvenanceLink) -> str:
    """What is wrong with one link, in words; empty for nothing.

    What was found of a registry are all digests of an entry; a claimed reference is none of them.
    """
    if link.state == "computed" and not link.found:
        return "is computed, and nothing was found"
    if link.about != DIGEST or not (link.claimed and link.found) or NOT_KEPT in (link.claimed, link.found):
        return ""
    right = link.claimed in link.found.split(", ")
    if link.state == "verified" and not right:
        return "is verified, but what was found is not what is claimed"
    if link.state == "contradicted" and right and link.place == "endpoint":
        return "is contradicted, but what was found is what is claimed"
    return ""
