"""Requests of somebody without the right credentials: none at all, or wrong ones made from the right ones.

What is made from a secret is a secret: it is made known to the redactor before it is sent.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.check import Untestable
from harness.endpoint.endpoint import Endpoint
from harness.probing.guards import CLOSED, RPC_CLOSED
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Headers
from harness.wire import strictjson
from harness.wire.access import is_sensitive
from harness.wire.rest import RestClient, json_of

if TYPE_CHECKING:
    pass

INVENTED = "art15-invented-credential-7f3a"
# Below this length a piece of a secret could stand anywhere: it is not sent.
SHORTEST = 8
MODELS = 3


@dataclass(frozen=True, slots=True)
class ProtectedPath:
    """One path of the REST side: its name for people, and the request. ``health`` may be open to all."""

    name: str
    method: str
    path: str
    body: bytes | None = None
    health: bool = False

    @property
    def kind(self) -> str:
        """The name without the model: what is open for one model is, as a rule, open for the same reason for all."""
        return re.sub(r" of .*?(?=, version |$)", "", self.name).partition(", version ")[0] + (
            ", with a version" if ", version " in self.name else ""
        )


def configured(probe: Probe, *, or_required: bool = False) -> None:
    """End the check where the operator gave no credentials: then nothing can be left out.

    With ``or_required`` it goes on without any where the policy says that the endpoint has to ask for some.
    """
    required = or_required and probe.endpoint.policy.criteria.credentials == "required"
    if not probe.endpoint.first.access.has_credentials and not required:
        probe.not_applicable("no credentials were given (ART15_TOKEN, --oip-header, --oip-cert): nothing to leave out")


def protected_paths(endpoint: Endpoint) -> list[ProtectedPath]:
    """Every route that only reads or infers, for the first models; management only where it only reads."""
    path = endpoint.client.model_path
    found = [
        ProtectedPath("live", "GET", "/v2/health/live", health=True),
        ProtectedPath("ready", "GET", "/v2/health/ready", health=True),
        ProtectedPath("server metadata", "GET", f"/{endpoint.metadata_path}"),
        ProtectedPath("list of models", "GET", "/v2/models"),
        ProtectedPath("repository index", "POST", "/v2/repository/index", b"{}"),
        ProtectedPath("repository index, no body", "POST", "/v2/repository/index"),
        ProtectedPath("log settings", "GET", "/v2/logging"),
        ProtectedPath("trace settings", "GET", "/v2/trace/setting"),
        ProtectedPath("statistics", "GET", "/v2/models/stats"),
        ProtectedPath("shared memory", "GET", "/v2/systemsharedmemory/status"),
        ProtectedPath("metrics", "GET", "/metrics"),
    ]
    for model in endpoint.models[:MODELS]:
        name, version = model.name, model.address
        listed = model.metadata.versions if model.metadata and model.metadata.versions else ()
        found += [
            ProtectedPath(f"readiness of {name}", "GET", path(name, version, "ready"), health=True),
            ProtectedPath(f"metadata of {name}", "GET", path(name, version)),
            ProtectedPath(f"configuration of {name}", "GET", path(name, version, "config")),
            ProtectedPath(f"statistics of {name}", "GET", path(name, version, "stats")),
        ]
        for each in listed[:1]:
            found.append(ProtectedPath(f"metadata of {name}, version {each}", "GET", path(name, each)))
        found += _inferences(endpoint, model.name, version, listed[:1])
    return found


def _inferences(endpoint: Endpoint, name: str, version: str | None, listed: tuple[str, ...]) -> list[ProtectedPath]:
    model = next(each for each in endpoint.models if each.name == name)
    try:
        body = model.rest.accepted().request.to_bytes()
    except Untestable:
        return []
    path = endpoint.client.model_path
    found = [ProtectedPath(f"inference of {name}", "POST", path(name, version, "infer"), body)]
    for each in listed:
        what = f"inference of {name}, version {each}"
        found += [ProtectedPath(what, "POST", path(name, each, "infer"), body)]
    return found


def ordinary(probe: Probe) -> Headers:
    """The headers of access that are no credentials, such as those that say where a request is to go."""
    return tuple(header for header in probe.endpoint.first.access.headers if not is_sensitive(header[0]))


@contextmanager
def nobody(probe: Probe) -> Iterator[RestClient]:
    """A client without any credentials, without a client certificate as well."""
    access = probe.client.access
    at = replace(access.address, user=None)
    bare = replace(access, at=at, headers=ordinary(probe), token=None, token_command=None, cert=None, key=None)
    with RestClient(bare, probe.client.recorder, probe.client.budget) as client:
        yield client


def wrong_headers(probe: Probe) -> list[tuple[str, Headers]]:
    """Headers of access with wrong credentials in place of the right ones, each with what is wrong in words."""
    access = probe.endpoint.first.access
    made: dict[str, Headers] = {}
    for name, value in access.headers_now():
        if not is_sensitive(name):
            continue
        scheme, space, secret = value.rpartition(" ")
        for why, wrong in wrong_secrets(secret):
            probe.endpoint.first.recorder.redactor.add([wrong])
            made[f"{name} with {why}"] = (*ordinary(probe), (name, f"{scheme}{space}{wrong}".rstrip()))
        if name.lower() == "authorization" and scheme.lower() != "basic":
            invented = base64.b64encode(f"art15:{INVENTED}".encode()).decode()
            made["Authorization of another scheme"] = (*ordinary(probe), (name, f"Basic {invented}"))
    return list(made.items())


def wrong_secrets(secret: str) -> list[tuple[str, str]]:
    """Texts that are not the secret, each with what is wrong with it.

    Other case is left out for hexadecimal digits, which mean the same in either. A changed last
    character is not among them: that of a signature in base64 may stand for the very same bytes.
    """
    found = [("an invented value", INVENTED), ("an empty value", "")]
    if secret.swapcase() != secret and not re.fullmatch(r"[0-9a-fA-F-]*", secret):
        found.append(("its letters in other case", secret.swapcase()))
    middle = len(secret) // 2
    if middle >= SHORTEST:
        # Four more characters are three more bytes of base64: no decoder may overlook them.
        found += [("its first half only", secret[:middle]), ("four characters more", f"{secret}AAAA")]
        other = "B" if secret[middle] != "B" else "C"
        found.append(("another character in the middle", secret[:middle] + other + secret[middle + 1 :]))
    unsigned = _unsigned(secret)
    return [*found, ("the signature taken off (alg none)", unsigned)] if unsigned else found


def _unsigned(secret: str) -> str | None:
    """A JSON web token with the algorithm ``none`` and the same claims (RFC 8725, 2.1); None for other secrets."""
    head, dot, rest = secret.partition(".")
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return None
    if not dot or rest.count(".") != 1 or not isinstance(header, dict) or "alg" not in header:
        return None
    forged = base64.urlsafe_b64encode(json.dumps({**header, "alg": "none"}).encode()).decode().rstrip("=")
    return f"{forged}.{rest.partition('.')[0]}."


def refuses_credentials(exchange: Exchange) -> bool:
    """Whether the answer asks for credentials or says that they are not enough."""
    if exchange.rpc is not None:
        return exchange.rpc.name in RPC_CLOSED
    return exchange.status in CLOSED


def served(exchange: Exchange, right: Exchange) -> bool:
    """Whether an answer gives what the one with the right credentials gave: 2xx and a body of the same members.

    A page that asks to sign in, with whatever status, is none of it; a refusal that brings the answer along is.
    """
    if exchange.error is not None or not right.ok:
        return False
    ours, theirs = _members(exchange), _members(right)
    if not exchange.ok:
        return isinstance(ours, frozenset) and isinstance(theirs, frozenset) and len(theirs) > 1 and theirs <= ours
    if exchange.response_body == right.response_body:
        return True
    if theirs is None:
        return exchange.media_type == right.media_type and exchange.media_type != "text/html"
    return ours == theirs


def _members(exchange: Exchange) -> frozenset[str] | int | None:
    try:
        value = json_of(exchange).value
    except strictjson.NotJson:
        return None
    return frozenset(value) if isinstance(value, dict) else (0 if isinstance(value, list) else None)
