"""Whether the registry that the policy names has what the endpoint claims to serve."""

from __future__ import annotations

from pathlib import Path

from harness.bundle.provenance import LinkState, ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.criteria import Criterion
from harness.judging.origin.claims import SHOWN
from harness.probing.origin.claimed import claimed
from harness.probing.probe import Probe
from harness.provenance.claims import Claim
from harness.provenance.kinds import DIGEST, REGISTRY
from harness.provenance.layout import Layout
from harness.provenance.registry import CannotAsk, ModelRegistry, NotThere, RegistryEntry
from harness.record.exchange import Exchange, Transport
from harness.record.quoting import clip

PROVENANCE = Criterion.PROVENANCE.clause
UNKNOWN, OTHERWISE = "registry-has-no-such-entry", "registry-entry-otherwise"
LISTED = 5


def judge_registry(probe: Probe, transport: Transport) -> None:
    """Look up what the endpoint claims, both times the same, in the registry of the policy."""
    table = probe.endpoint.policy.registry
    if table is None:
        probe.not_applicable("the policy names no registry ([registry])")
    first, seen = claimed(probe, transport), claimed(probe, transport)
    steady = [each for each in seen.claims if each in first.claims and not each.problem]
    references = [each for each in steady if each.kind.name == REGISTRY]
    digests = [each for each in steady if each.kind.name == DIGEST]
    if not references and not digests:
        probe.untestable(f"the endpoint claims no {REGISTRY} and no {DIGEST}: nothing is to be looked up")
    registry, links = Layout(Path(table.layout)), list[ProvenanceLink]()
    try:
        for claim in references or digests[:1]:
            _look_up(probe, registry, claim, digests, links, seen.shown_by[claim.place])
    except CannotAsk as error:
        probe.untestable(str(error))
    finally:
        chain = ProvenanceChain(model=probe.model.id, transport=transport, links=links)
        probe.outcome.series.append(ProvenanceSeen(chain=chain))


def _look_up(
    probe: Probe,
    registry: ModelRegistry,
    claim: Claim,
    digests: list[Claim],
    links: list[ProvenanceLink],
    shown: Exchange,
) -> None:
    """Report whether one claimed entry is there, is sound, and is of the digest that is claimed."""
    values = list(dict.fromkeys(each.value for each in digests))
    about, value = claim.kind.name, clip(claim.value, SHOWN)
    try:
        entry = registry.named(claim.value) if about == REGISTRY else registry.holding(values)
    except NotThere as error:
        probe.holds(
            False, clause=PROVENANCE, expected="an entry of the registry that the policy names",
            observed=f"{claim.words}: {error}", exchange=shown, root=UNKNOWN,
        )  # fmt: skip
        links.append(ProvenanceLink(place="registry", about=about, state="missing", claimed=value, words=str(error)))
        return
    wrong = [*entry.broken, *_others(entry, values)]
    told = "; ".join(wrong[:LISTED]) or f"{entry.name}: every blob has its digest"
    probe.holds(
        not wrong, clause=PROVENANCE, expected="an entry that is whole, and of the digest that the endpoint claims",
        observed=told, exchange=shown, root=OTHERWISE,
    )  # fmt: skip
    state: LinkState = "contradicted" if wrong else "verified"
    found = ", ".join(entry.digests[:LISTED])
    links.append(ProvenanceLink(place="registry", about=about, state=state, claimed=value, found=found, words=told))


def _others(entry: RegistryEntry, values: list[str]) -> list[str]:
    """Claimed digests that the entry does not have; of algorithms that it says nothing of, nothing is said."""
    known = {each.partition(":")[0] for each in entry.digests}
    return [
        f"{each[:SHOWN]} is claimed, and is none of {entry.name}"
        for each in values
        if each.partition(":")[0] in known and each not in entry.digests
    ]
