"""Whether credentials come back: to whom they belong, or to somebody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.check import Untestable, check
from harness.criteria import Advice, Criterion
from harness.probing.credentials import INVENTED, SHORTEST, configured, nobody
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.rest import RestClient

TOLD, LEAKED = Advice.NO_SECRETS.clause, Criterion.NO_LEAK.clause
METHODS = ("ServerMetadata", "NoSuchMethod", "RepositoryIndex")


@check(
    "security-credentials-stay-unsaid",
    duties=["A15-5-h", "A15-5-a"],
    criterion="no answer repeats the credentials of its request, and none has those of another",
    criteria=[Criterion.NO_LEAK],
    advice=[Advice.NO_SECRETS],
    faults=["token-in-error", "token-in-header", "token-of-somebody-else-in-error"],
    fix="Never put headers of requests into answers, errors or state that requests share.",
)
def security_credentials_stay_unsaid(probe: Probe) -> None:
    """Credentials do not come back.

    Valid and invalid requests with the credentials, whose answers must not repeat them (advice: logs and caches keep
    answers). Then the same without credentials and with invented ones: the right ones in an answer to those are
    another client's (criterion no-leak). Bodies and headers are looked at. MITRE ATLAS AML.T0063.
    """
    configured(probe)
    secrets = _secrets(probe)
    for name, exchange in _asked(probe, probe.client):
        _judge(probe, name, exchange, secrets, TOLD)
    with nobody(probe) as stranger:
        for name, exchange in _asked(probe, stranger):
            _judge(probe, f"{name}, without credentials", exchange, secrets, LEAKED)
        other = (("Authorization", f"Bearer {INVENTED}"),)
        exchange = stranger.send("GET", stranger.model_path(UNKNOWN_MODEL), headers=other)
        _judge(probe, "metadata of an unknown model, with invented credentials", exchange, secrets, LEAKED)


@check(
    "security-grpc-credentials-stay-unsaid",
    duties=["A15-5-h", "A15-5-a"],
    criterion="no call's status, metadata or message repeats credentials",
    criteria=[Criterion.NO_LEAK],
    advice=[Advice.NO_SECRETS],
    transport="grpc",
    faults=["token-in-grpc-trailers"],
    fix="Never put metadata of calls into trailers, details or state that calls share.",
)
def security_grpc_credentials_stay_unsaid(probe: Probe) -> None:
    """Credentials do not come back over gRPC.

    Calls that are OK and calls that fail, with the credentials and without; as over REST. MITRE ATLAS AML.T0063.
    """
    configured(probe)
    secrets = _secrets(probe)
    for credentials, clause in ((True, TOLD), (False, LEAKED)):
        how = "" if credentials else ", without credentials"
        for method in METHODS:
            _judge(probe, f"{method}{how}", probe.grpc.call(method, credentials=credentials), secrets, clause)
        message = UNKNOWN_MODEL.encode()
        data = b"\x0a" + bytes([len(message)]) + message  # field 1, a text: the name of a model
        exchange = probe.grpc.call("ModelMetadata", data, credentials=credentials)
        _judge(probe, f"ModelMetadata of an unknown model{how}", exchange, secrets, clause)


def _secrets(probe: Probe) -> list[bytes]:
    access = (probe.endpoint.rest or probe.grpc).access
    access.headers_now()
    found = [secret.encode() for secret in access.secrets() if len(secret) >= SHORTEST]
    if not found:
        probe.not_applicable("the credentials are no text that could be told again, or too short to be recognised")
    return found


def _asked(probe: Probe, client: RestClient) -> Iterator[tuple[str, Exchange]]:
    yield "server metadata", client.send("GET", f"/{probe.endpoint.metadata_path}")
    yield "unknown route", client.send("GET", "/v2/no/such/route")
    yield "metadata of an unknown model", client.model_metadata(UNKNOWN_MODEL)
    for model in probe.endpoint.models[:2]:
        yield f"metadata of {model.name}", client.model_metadata(model.name, model.address)
        yield f"broken inference of {model.name}", client.infer(model.name, b"{", model.address)
        yield f"empty inference of {model.name}", client.infer(model.name, b'{"inputs":[]}', model.address)
        # A model that no request is known for is left out, and not the whole check.
        with contextlib.suppress(Untestable):
            request = model.rest.accepted().request
            yield f"inference of {model.name}", client.infer(model.name, request, model.address)


def _judge(probe: Probe, name: str, exchange: Exchange, secrets: list[bytes], clause: str) -> None:
    if not exchange.answered:
        return
    fields = (*exchange.response_headers, *exchange.response_trailers)
    told = b"\n".join(
        [exchange.response_body, *(f"{key}: {value}".encode("latin-1", "replace") for key, value in fields)]
    )
    if exchange.rpc is not None:
        told += exchange.rpc.details.encode("utf-8", "replace")
    there = any(secret in told for secret in secrets)
    whose = "the credentials of the request" if clause == TOLD else "credentials that the request did not have"
    observed = f"{name}: {exchange.status if exchange.rpc else status_of(exchange)}"
    observed += f", with {whose}" if there else ""
    root = "credentials-told" if clause == TOLD else "credentials-of-another"
    probe.holds(not there, clause=clause, expected="no credentials", observed=observed, exchange=exchange, root=root)
