"""What an endpoint claims of where a model comes from: written as it should be, consistent, and what is required."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.bundle.provenance import ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.criteria import Advice, Criterion
from harness.endpoint.instances import instances
from harness.oracles.disclosure import SECRETS, disclosures
from harness.oracles.taking_turns import counted, takes_turns
from harness.probing.origin.claimed import ANSWER, Claimed, claimed, claims_of_metadata, parameters_of
from harness.probing.probe import Probe
from harness.probing.replicas.census import census_of
from harness.probing.replicas.glances import DIFFER, METADATA
from harness.provenance.claims import Claim, Contradiction, contradictions, unmet
from harness.record.exchange import Exchange, Transport
from harness.record.quoting import clip

CONSISTENT, REQUIRED, SECRET = Advice.CONSISTENT_CLAIMS.clause, Criterion.PROVENANCE.clause, Advice.NO_SECRETS.clause
MALFORMED, CONTRADICT, UNMET = "claim-malformed", "claims-contradict", "required-claim-unmet"
# Claims on record, and characters of one: how many there are is up to the endpoint.
LINKS, SHOWN = 100, 200
NO_CLAIMS = "nothing is claimed of where the model comes from under keys that are known (docs/properties.md)"


def judge_forms(probe: Probe, transport: Transport) -> None:
    """Report a case for each claim; a malformed one is looked at once more before it is told."""
    seen = _some(probe, transport)
    again = claimed(probe, transport).claims if any(each.problem for each in seen.claims) else []
    for claim in seen.claims:
        broken = bool(claim.problem) and claim in again
        probe.holds(
            not broken, clause=CONSISTENT, expected=f"{claim.kind.name} is written as a {claim.kind.form}",
            observed=f"{claim.words} {claim.problem}".rstrip(), exchange=seen.shown_by[claim.place],
            root=f"{MALFORMED}:{claim.kind.name}",
        )  # fmt: skip


def judge_places(probe: Probe, transport: Transport) -> None:
    """Report what places contradict each other, twice, while each place says the same both times."""
    seen = _some(probe, transport)
    found = list(contradictions(seen.claims))
    again = claimed(probe, transport) if found else seen
    steady = [each for each in found if each.one in again.claims and each.other in again.claims]
    for each in found:
        if each not in steady:
            probe.observe(f"said otherwise when it was asked again: {each.words}", CONSISTENT)
    _keep(probe, transport, seen.claims, {each for found in steady for each in (found.one, found.other)})
    for name in dict.fromkeys(each.kind.name for each in seen.claims):
        worst = next((each for each in steady if name == each.other.kind.name), None)
        _agree(probe, name, worst, again if worst else seen)


def _keep(probe: Probe, transport: Transport, claims: Sequence[Claim], contradicted: Collection[Claim]) -> None:
    """Put the claims on record as links of the chain of the model."""
    links = [
        ProvenanceLink(
            place="answer" if ANSWER in each.place else "endpoint",
            about=each.kind.name,
            state="contradicted" if each in contradicted else "claimed",
            claimed=clip(each.value, SHOWN),
            words=each.place,
        )
        for each in claims[:LINKS]
    ]
    chain = ProvenanceChain(model=probe.model.id, transport=transport, links=links)
    probe.outcome.series.append(ProvenanceSeen(chain=chain))


def _agree(probe: Probe, name: str, found: Contradiction | None, seen: Claimed) -> None:
    shown = found.other if found else next(each for each in seen.claims if each.kind.name == name)
    probe.holds(
        found is None, clause=CONSISTENT, expected=f"claims of {found.names if found else name} that can all be true",
        observed=found.words if found else shown.words, exchange=seen.shown_by[shown.place],
        root=f"{CONTRADICT}:{found.names if found else name}",
    )  # fmt: skip


def judge_connections(probe: Probe, transport: Transport) -> None:
    """Report claims that come in turns over new connections: those of replicas that differ."""
    census, table = census_of(probe, transport), probe.endpoint.policy.provenance
    shown = [each.shown_by[METADATA] for each in census.glances]
    said = [_by_name(claims_of_metadata(exchange, table)) for exchange in shown]
    for name in dict.fromkeys(name for each in said for name in each):
        values = [each.get(name) for each in said]
        conflict = takes_turns(values)
        told = "; ".join(f"{value!r} ({times} of {len(values)})" for value, times in counted(values))
        other = next((at for at, value in enumerate(values) if value not in (None, values[0])), 0)
        probe.holds(
            not conflict, clause=CONSISTENT, expected=f"one {name}, over whichever connection",
            observed=f"{name} in turns: {told}" if conflict else told, exchange=shown[other],
            root=f"{DIFFER}:{METADATA}",
        )  # fmt: skip


def judge_replicas(probe: Probe, transport: Transport) -> None:
    """Report claims in which replicas that were named, or that one name stands for, differ, each asked twice."""
    route = probe.model.over(transport)
    with instances(probe.endpoint, transport) as found:
        if len(found) < 2:
            return
        with route.client.recorder.unwatched():
            asked = [(each.name, [route.by(each.client).read_metadata() for _ in range(2)]) for each in found]
    steady = [(name, both[1], _steady(both, probe)) for name, both in asked]
    for kind in dict.fromkeys(kind for _, _, said in steady for kind in said):
        values = {name: said[kind] for name, _, said in steady if kind in said}
        differ = len(set(values.values())) > 1
        probe.holds(
            not differ, clause=CONSISTENT, expected=f"one {kind} at all replicas",
            observed="; ".join(f"{name}: {value!r}" for name, value in values.items()),
            exchange=_shown(steady, kind, next(iter(values.values()))), root=f"{DIFFER}:{METADATA}",
        )  # fmt: skip


def judge_required(probe: Probe, transport: Transport) -> None:
    """Report a case for each claim that the policy requires; what is not met is asked once more."""
    table = probe.endpoint.policy.provenance
    if not table.asks:
        probe.not_applicable("the policy requires no claim ([provenance])")
    seen = claimed(probe, transport)
    missed = dict(unmet(seen.claims, table))
    if missed:
        seen = claimed(probe, transport)
        missed = {name: why for name, why in unmet(seen.claims, table) if name in missed}
    if missed and not seen.whole:
        probe.untestable(f"metadata or an answer could not be read, where {', '.join(missed)} may be claimed")
    for name in table.asks:
        made = next((each for each in seen.claims if each.kind.name == name), None)
        probe.holds(
            name not in missed, clause=REQUIRED, expected=f"{name}, as the policy requires",
            observed=f"{name} {missed[name]}" if name in missed else made.words if made else name,
            exchange=seen.shown_by[made.place] if made else seen.metadata, root=f"{UNMET}:{name}",
        )  # fmt: skip


def judge_secrets(probe: Probe, transport: Transport) -> None:
    """Report secrets in the parameters of an answer that the request did not hold."""
    exchange = probe.model.over(transport).accepted().exchange
    text = parameters_of(exchange)
    if not text:
        probe.not_applicable("the answer has no parameters")
    sent = f"{exchange.request_body.decode('utf-8', 'replace')}\n{exchange.request_text}"
    found = disclosures(text, SECRETS, sent=sent)
    probe.endpoint.first.recorder.redactor.add([each.value for each in found])
    probe.holds(
        not found, clause=SECRET, expected="no secret", exchange=exchange, root="secret-in:parameters",
        observed="; ".join(each.text for each in found) or f"parameters of {ANSWER}",
    )  # fmt: skip


def _some(probe: Probe, transport: Transport) -> Claimed:
    seen = claimed(probe, transport)
    if not seen.claims:
        probe.not_applicable(NO_CLAIMS)
    return seen


def _by_name(claims: Sequence[Claim]) -> dict[str, str]:
    """What is said of each kind in which replicas may not differ, well-formed or not."""
    return {each.kind.name: each.value for each in claims if not each.kind.of_instance}


def _steady(both: Sequence[Exchange], probe: Probe) -> dict[str, str]:
    """What one replica claims both times."""
    one, again = (_by_name(claims_of_metadata(each, probe.endpoint.policy.provenance)) for each in both)
    return {name: value for name, value in one.items() if again.get(name) == value}


def _shown(steady: Sequence[tuple[str, Exchange, dict[str, str]]], kind: str, first: str) -> Exchange:
    return next((shown for _, shown, said in steady if said.get(kind, first) != first), steady[0][1])
