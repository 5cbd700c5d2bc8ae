"""Whether the registry that the policy names has what the endpoint claims to serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.bundle.provenance import LinkState, ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.criteria import Criterion
from harness.judging.origin.claims import SHOWN
from harness.judging.origin.registries import registry_of
from harness.probing.origin.claimed import Claimed, claimed
from harness.probing.probe import Probe
from harness.provenance.claims import Claim
from harness.provenance.kinds import DIGEST, NAME, REGISTRY, RUN, VERSION
from harness.provenance.registry import CannotAsk, ModelRegistry, NotThere, RegistryEntry
from harness.record.exchange import Transport
from harness.record.quoting import clip

PROVENANCE = Criterion.PROVENANCE.clause
UNKNOWN, BROKEN, MOVED, OTHERWISE = (
    "registry-has-no-such-entry",
    "registry-entry-broken",
    "registry-alias-moved",
    "registry-entry-otherwise",
)
LISTED = 5
# What one version of a model has of its own: where an alias names another one, all of it differs.
OF_VERSION = (VERSION, RUN)


def judge_registry(probe: Probe, transport: Transport) -> None:
    """Look up what the endpoint claims, both times the same, in the registry of the policy.

    What is otherwise is claimed and looked up once more: versions are deployed, and aliases moved, while a run goes on.

    Raises:
        TesterFailed: credentials that the policy names are not there.
        Untestable: nothing is claimed that could be looked up, or the registry does not give it.
        Inconclusive: claims or registry changed meanwhile.
    """
    table = probe.endpoint.policy.registry
    if table is None:
        probe.not_applicable("the policy names no registry ([registry])")
    registry = registry_of(probe, table)
    verdict = _looked_up(probe, transport, registry, claimed(probe, transport))
    if verdict.wrong:
        again = _looked_up(probe, transport, registry, verdict.seen)
        if again.wrong != verdict.wrong:
            probe.inconclusive(f"what is claimed, or the registry, changed meanwhile: {verdict.told}; {again.told}")
    for case in verdict.cases:
        shown = verdict.seen.shown_by[case.claim.place]
        probe.holds(
            case.good, clause=PROVENANCE, expected=case.expected, observed=case.observed, exchange=shown, root=case.root
        )
    chain = ProvenanceChain(model=probe.model.id, transport=transport, links=verdict.links)
    probe.outcome.series.append(ProvenanceSeen(chain=chain))
    if verdict.undecided:
        probe.untestable("; ".join(verdict.undecided))


def _looked_up(probe: Probe, transport: Transport, registry: ModelRegistry, before: Claimed) -> RegistryVerdict:
    seen = claimed(probe, transport)
    steady = [each for each in seen.claims if each in before.claims and not each.problem]
    verdict = RegistryVerdict(registry, steady, seen)
    verdict.judge()
    return verdict


@dataclass(frozen=True, slots=True)
class RegistryCase:
    """What came of one claim: whether it holds, what was to be, what is, and the cause if it does not."""

    good: bool
    expected: str
    observed: str
    claim: Claim
    root: str


@dataclass(slots=True)
class RegistryVerdict:
    """Holds what is claimed of one model against the registry, and keeps cases and links of the chain."""

    registry: ModelRegistry
    claims: Sequence[Claim]
    seen: Claimed
    cases: list[RegistryCase] = field(default_factory=list)
    links: list[ProvenanceLink] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """The causes of what does not hold."""
        return [case.root for case in self.cases if not case.good]

    @property
    def told(self) -> str:
        """For people: what does not hold."""
        return "; ".join(case.observed for case in self.cases if not case.good) or "all holds"

    def judge(self) -> None:
        """Whether each entry that is claimed is there, and is what is claimed of it."""
        # Several places may claim the same.
        references = list({each.value: each for each in reversed(self._of(REGISTRY))}.values())
        for claim in reversed(references):
            self._asked(claim, claim.value)
        if references:
            return
        implied = self.registry.implied({each.kind.name: each.value for each in reversed(self.claims)})
        if implied is not None:
            self._asked(next(each for each in self.claims if each.kind.name in OF_VERSION), implied)
        elif digests := self._of(DIGEST):
            self._asked(digests[0], None)
        else:
            self.undecided.append(f"the endpoint claims no {REGISTRY} and no {DIGEST}: nothing is to be looked up")

    def _asked(self, claim: Claim, reference: str | None) -> None:
        try:
            self._look_up(claim, reference)
        except CannotAsk as error:
            self.undecided.append(str(error))

    def _look_up(self, claim: Claim, reference: str | None) -> None:
        digests = list(dict.fromkeys(each.value for each in self._of(DIGEST)))
        try:
            entry = self.registry.named(reference) if reference is not None else self.registry.holding(digests)
        except NotThere as error:
            self._holds(False, "an entry of the registry that the policy names", f"{claim.words}: {error}", claim,
                        UNKNOWN)  # fmt: skip
            self._link(claim, "missing", words=str(error))
            return
        self._holds(not entry.broken, "an entry that is whole", "; ".join(entry.broken[:LISTED]) or entry.name, claim,
                    BROKEN)  # fmt: skip
        found = ", ".join(entry.digests[:LISTED])
        self._link(claim, "contradicted" if entry.broken else "verified", found, entry.name)
        wrong = list(self._differing(entry))
        about = [each.kind.name for each, _ in wrong]
        moved = entry.moving and any(each in OF_VERSION for each in about)
        self._holds(
            not wrong, "what the endpoint claims of it", "; ".join(words for _, words in wrong[:LISTED]) or entry.name,
            wrong[0][0] if wrong else claim, MOVED if moved else f"{OTHERWISE}:{about[0] if about else DIGEST}",
        )  # fmt: skip

    def _differing(self, entry: RegistryEntry) -> Iterator[tuple[Claim, str]]:
        """Each claim that the registry says otherwise of, with words; what it says nothing of is claimed alone."""
        for name in (NAME, VERSION, RUN, "source.commit"):
            said = entry.facts.get(name)
            for claim in self._of(name) if said is not None else ():
                good = claim.value == said
                self._link(claim, "verified" if good else "contradicted", str(said), entry.name)
                if not good:
                    yield claim, f"{claim.words}, and {entry.name} has {clip(str(said), SHOWN)!r}"
        known = {each.partition(":")[0] for each in entry.digests}
        for claim in self._of(DIGEST):
            if claim.value.partition(":")[0] not in known:
                if entry.undigested:
                    self.undecided.append(f"no digest of {entry.name} is computed: {entry.undigested}")
                    self._link(claim, "claimed", words=entry.undigested)
                continue
            good = claim.value in entry.digests
            self._link(claim, "verified" if good else "contradicted",
                       claim.value if good else ", ".join(entry.digests[:LISTED]), entry.name)  # fmt: skip
            if not good:
                yield claim, f"{clip(claim.value, SHOWN)} is claimed, and is none of {entry.name}"

    def _of(self, name: str) -> list[Claim]:
        return [each for each in self.claims if each.kind.name == name]

    def _holds(self, good: bool, expected: str, observed: str, claim: Claim, root: str) -> None:
        self.cases.append(RegistryCase(good, expected, observed, claim, root))

    def _link(self, claim: Claim, state: LinkState, found: str = "", words: str = "") -> None:
        value = clip(claim.value, SHOWN)
        link = ProvenanceLink(
            place="registry", about=claim.kind.name, state=state, claimed=value, found=found, words=words
        )
        if link not in self.links:
            self.links.append(link)
