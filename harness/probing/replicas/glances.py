"""What a service says and answers over one connection or at one replica, so that it can be held against another's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.endpoint.endpoint import Endpoint
from harness.endpoint.route import AnyRoute
from harness.oracles.equality import Outputs, difference
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.client import Client
from harness.wire.messages import InferRequest
from harness.wire.rest import RestClient

SERVER, HEADER, METADATA, READY, VERSION = (
    "name, version and extensions of the server",
    "header Server",
    "metadata of the model",
    "readiness of the model",
    "version in the answer",
)
FACTS = (SERVER, HEADER, METADATA, READY, VERSION)
# Root causes: of answers, and of what is said, with what it is about.
DISAGREE, DIFFER = "replicas-answer-differently", "replicas-differ"
# Refusals that speak of the moment, or of who is asking, and not of what is asked for.
PASSING = (401, 403, 408, 429, 500, 502, 503, 504)
DEADLINE_EXCEEDED = 4
# NOT_FOUND and INVALID_ARGUMENT: what a replica says of a model that it has not, or not so.
LASTING_RPC = (3, 5)


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen at one place.

    Attributes:
        where: for people: which connection, or which replica.
        facts: what was said, by what it is about; what could not be read is left out.
        shown_by: the exchange that shows each of them.
        ready: the answer about readiness.
        answers: to the requests, in their order.
        outputs: of each answer; empty where there are none.
    """

    where: str
    facts: Mapping[str, str]
    shown_by: Mapping[str, Exchange]
    ready: Exchange
    answers: tuple[Exchange, ...]
    outputs: tuple[Outputs, ...]


def glance(
    endpoint: Endpoint,
    route: AnyRoute,
    client: Client,
    requests: Sequence[InferRequest],
    where: str,
    timeout: float | None = None,
) -> Glance:
    """Ask for all there is to compare, with a client of its own.

    After a request without an answer no further one is sent.

    Args:
        route: to the model.
        timeout: seconds for each inference, if less than the budget grants.
    """
    own = route.by(client)
    server = _server_metadata(endpoint, client)
    metadata, ready = own.read_metadata(), own.ready()
    answers: list[Exchange] = []
    for request in requests:
        answers.append(own.ask(request, timeout=timeout))
        if silent(answers[-1]):
            break
    facts: dict[str, tuple[str | None, Exchange]] = {
        SERVER: (_server(server), server),
        HEADER: (server.header("server"), server),
        METADATA: (_digest(metadata, "ModelMetadata"), metadata),
        READY: (_readiness(ready), ready),
        VERSION: (version_of(answers[0]), answers[0]),
    }
    return Glance(
        where,
        {name: clip(value, 200) for name, (value, _) in facts.items() if value is not None},
        {name: exchange for name, (_, exchange) in facts.items()},
        ready,
        tuple(answers),
        tuple(own.outputs(each) if each.ok else {} for each in answers),
    )


def silent(exchange: Exchange) -> bool:
    """Whether it was waited for until its time was up; over gRPC a server, or a proxy, may say so itself."""
    return exchange.timed_out or (exchange.rpc is not None and exchange.rpc.code == DEADLINE_EXCEEDED)


def same_answers(one: Glance, other: Glance) -> str | None:
    """Where the answers to the same requests differ first, in words; None if they do not, or one has none."""
    for number, (first, second) in enumerate(zip(one.outputs, other.outputs, strict=False)):
        found = difference(first, second, exact=False) if first and second else None
        if found is not None:
            return f"request {number + 1}: {found}"
        refusal = next((each.answers[number] for each in (one, other) if _is_lasting(each.answers[number])), None)
        if refusal is not None and bool(first) != bool(second):
            return f"request {number + 1}: answered against refused, {status_of(refusal)}"
    return None


def groups(glances: Sequence[Glance]) -> list[int]:
    """For each glance, the number of the first one with the same answers."""
    firsts: list[int] = []
    found = []
    for number, each in enumerate(glances):
        own = next((first for first in firsts if same_answers(glances[first], each) is None), number)
        if own == number:
            firsts.append(number)
        found.append(own)
    return found


def _server_metadata(endpoint: Endpoint, client: Client) -> Exchange:
    if isinstance(client, RestClient):
        return client.server_metadata(slash=endpoint.metadata_path.endswith("/"))
    return client.server_metadata()


def _server(exchange: Exchange) -> str | None:
    body = _body(exchange, "ServerMetadata")
    if body is None:
        return _lasting(exchange)
    extensions = body.get("extensions")
    listed = ", ".join(sorted(map(str, extensions))) if isinstance(extensions, list) else "none"
    return f"{body.get('name')} {body.get('version')} with {listed}"


def _digest(exchange: Exchange, method: str) -> str | None:
    body = _body(exchange, method)
    if body is None:
        return _lasting(exchange)
    # Servers list versions in the order in which they find them.
    if isinstance(body.get("versions"), list):
        body = {**body, "versions": sorted(map(str, body["versions"]))}
    text = json.dumps(body, sort_keys=True, default=str)
    versions = ", ".join(body.get("versions") or ()) or "none named"
    return f"versions {versions}, SHA-256 {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _readiness(exchange: Exchange) -> str | None:
    if exchange.rpc is not None:
        body = _body(exchange, "ModelReady")
        return None if body is None else ("ready" if body.get("ready") else "not ready")
    if exchange.ok:
        return "ready"
    return "not ready" if exchange.status == 503 and exchange.header("Retry-After") is None else None


def version_of(exchange: Exchange) -> str | None:
    """The version that an answer to an inference names, over either transport."""
    body = _body(exchange, "ModelInfer") or {}
    found = body.get("model_version")
    return str(found) if found not in (None, "") else None


def _body(exchange: Exchange, method: str) -> dict[str, Any] | None:
    """The answer as members, over either transport."""
    if not exchange.ok:
        return None
    if exchange.rpc is None:
        return object_or_none(exchange)
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 -- needs the extra grpc

    from harness.wire.protobuf import NotAMessage, parsed  # noqa: PLC0415 -- needs the extra grpc

    try:
        message = parsed(method, exchange.response_body)
    except NotAMessage:
        return None
    if method == "ModelInfer":
        return {"model_version": message.model_version}
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def _lasting(exchange: Exchange) -> str | None:
    """A refusal, as what is said: a replica that has not what another one has."""
    return f"refused: {status_of(exchange)}" if _is_lasting(exchange) else None


def _is_lasting(exchange: Exchange) -> bool:
    if exchange.error is not None:
        return False
    if exchange.rpc is not None:
        return exchange.rpc.code in LASTING_RPC
    return exchange.status is not None and exchange.status >= 400 and exchange.status not in PASSING
