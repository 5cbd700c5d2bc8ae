"""Claims of an endpoint about where a model comes from, from every place where it makes some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.check import NoAcceptedRequest
from harness.endpoint.known import readable_of
from harness.probing.menu.answers import whole
from harness.probing.probe import Probe
from harness.probing.rollout.described import metadata_in
from harness.provenance.claims import Claim, claims_in, claims_in_headers
from harness.provenance.declared import ProvenanceTable
from harness.provenance.kinds import claim_kinds
from harness.record.exchange import Exchange, Transport
from harness.wire.reading import TooMuch

METADATA, ANSWER, CONFIGURATION = "the metadata", "the answer", "the configuration"
# Places of a large answer with thousands of outputs: parameters of so many are looked at.
OUTPUTS = 50


@dataclass(slots=True)
class Claimed:
    """What is claimed of one model over one transport, and the exchange that shows each place.

    ``whole`` says that metadata and an answer were there to be read.
    """

    metadata: Exchange
    whole: bool
    claims: list[Claim] = field(default_factory=list)
    shown_by: dict[str, Exchange] = field(default_factory=dict)

    def add(self, claims: list[Claim], exchange: Exchange) -> None:
        """Keep what one exchange claims."""
        self.claims += claims
        self.shown_by |= dict.fromkeys((each.place for each in claims), exchange)


def claimed(probe: Probe, transport: Transport) -> Claimed:
    """Ask for metadata, an answer and, where it is offered, the configuration; what each of them claims."""
    route, table = probe.model.over(transport), probe.endpoint.policy.provenance
    metadata = route.read_metadata()
    found = Claimed(metadata, metadata.ok)
    found.add(claims_of_metadata(metadata, table), metadata)
    try:
        answer = route.ask(route.accepted().request)
        found.add(claims_of_answer(answer, table), answer)
        found.whole &= answer.ok
    except NoAcceptedRequest:
        found.whole = False
    if transport == "rest" and probe.endpoint.extension("model_configuration"):
        path = probe.client.model_path(probe.model.name, probe.model.address)
        configuration = probe.client.send("GET", f"{path}/config")
        found.add(claims_in(_member(_object(configuration), "parameters"), CONFIGURATION, table), configuration)
    return found


def version_probed(probe: Probe, transport: Transport) -> str | None:
    """The version that is asked for, or else the one that the accepted request was answered by, if that is said."""
    route = probe.model.over(transport)
    if route.version is not None:
        return route.version
    found = _whole(route.accepted().exchange).get("model_version")
    return found if isinstance(found, str) and found else None


def claims_of_metadata(exchange: Exchange, table: ProvenanceTable, place: str = METADATA) -> list[Claim]:
    """Those of ``properties``, and of ``parameters``, as of MLServer; over REST also of headers."""
    if not exchange.ok:
        return []
    if exchange.rpc is not None:
        metadata = metadata_in(exchange)
        said = (metadata.properties, metadata.parameters) if metadata is not None else ()
        return [each for members in said for each in claims_in(members, place, table)]
    body = _object(exchange)
    found = [each for name in ("properties", "parameters") for each in claims_in(_member(body, name), place, table)]
    return found + claims_in_headers(exchange.response_headers, f"headers of {place}", table)


def claims_of_answer(exchange: Exchange, table: ProvenanceTable) -> list[Claim]:
    """Those of ``parameters`` of an inference and of its outputs, of headers, and what the policy calls its version."""
    found = claims_in_headers(exchange.response_headers, f"headers of {ANSWER}", table)
    members = _whole(exchange)
    for name, value in list(members.items())[:OUTPUTS]:
        if name.startswith("parameters") and isinstance(value, Mapping):
            found += claims_in(value, ANSWER, table)
    version = members.get("model_version")
    if table.model_version is not None and isinstance(version, str) and version:
        found.append(Claim(claim_kinds()[table.model_version], "model_version", version, ANSWER))
    return found


def parameters_of(exchange: Exchange) -> str:
    """All parameters of an inference as a text, a member a line."""
    members = list(_whole(exchange).items())[:OUTPUTS]
    return "\n".join(
        f"{key}: {value}"
        for name, each in members
        if name.startswith("parameters") and isinstance(each, Mapping)
        for key, value in each.items()
    )


def _whole(exchange: Exchange) -> Mapping[str, object]:
    try:
        answer = whole(exchange)
    except TooMuch:
        return {}
    return answer.members if answer is not None else {}


def _object(exchange: Exchange) -> dict[str, Any]:
    value = readable_of(exchange) if exchange.ok else None
    return value if isinstance(value, dict) else {}


def _member(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
