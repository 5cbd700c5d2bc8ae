"""Find out what stands behind the endpoint: its server metadata, its models, the forms of address that work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.policy import Policy, SampleTable
from harness.record.exchange import Exchange
from harness.target.models import ModelUnderTest
from harness.target.target import Target
from harness.wire import strictjson
from harness.wire.messages import (
    InferRequest,
    ModelMetadata,
    read_infer_request,
    read_model_metadata,
    read_server_metadata,
)
from harness.wire.rest import RestClient, json_of


class TargetError(Exception):
    """The endpoint cannot be probed as asked; one clear line that says what to do (exit code 4)."""


def discover(client: RestClient, policy: Policy, named: Sequence[str] = ()) -> Target:
    """Reach the endpoint, read its metadata, and list the models under test.

    Args:
        client: recording client of the run.
        policy: the operator's policy (for sample requests).
        named: ``NAME`` or ``NAME:VERSION``; empty means every model that the endpoint lists.

    Raises:
        TargetError: unreachable, not HTTP, no such model, or none listed and none named. (An endpoint that accepts
            connections and then gives no answer is a finding instead: the checks of the server say so.)
    """
    reach(client)
    path, exchange = server_metadata(client)
    value = value_of(exchange)
    server = read_server_metadata(value) if isinstance(value, dict) else None
    target = Target(client, policy, path, exchange, server)
    listing = listed_models(client)
    target.listed = None if listing is None else tuple(dict.fromkeys(name for name, _ in listing))
    if not named and not target.listed and exchange.answered:
        raise TargetError("the endpoint lists no models (repository index, GET v2/models): name one with --oip-model")
    versions = dict(reversed(listing or []))
    for text in named or [_escaped(name) for name in target.listed or ()]:
        name, version = split_name(text)
        target.models.append(_model(client, policy, name, version, versions.get(name), named=bool(named)))
    if named:
        _refuse_unknown(client, target)
    return target


def reach(client: RestClient) -> None:
    """Send the first request.

    Raises:
        TargetError: nobody answers, or something answers that does not speak HTTP.
    """
    exchange = client.server_live()
    if exchange.error is None or exchange.status is not None:
        return
    if exchange.error.kind == "connect":
        raise TargetError(f"cannot reach {client.access.base_url}: {exchange.error.message}")
    if exchange.error.kind == "tls":
        raise TargetError(f"TLS to {client.access.base_url} failed: {exchange.error.message} (see --oip-ca)")
    if exchange.error.kind == "protocol":
        raise TargetError(f"{client.access.base_url} does not speak HTTP: {exchange.error.message}")


def server_metadata(client: RestClient) -> tuple[str, Exchange]:
    """The form of the server metadata path that gives 200, and its answer (REST-HTTP-02)."""
    first = client.server_metadata()
    if first.status == 200:
        return "v2", first
    second = client.server_metadata(slash=True)
    return ("v2/", second) if second.status == 200 else ("v2", first)


def listed_models(client: RestClient) -> list[tuple[str, str | None]] | None:
    """``(name, version)`` of every model the endpoint lists; None if it offers no listing.

    OIP itself has none: the repository extension's index and ``GET v2/models`` (KServe's own) are what servers offer.
    """
    index = client.send("POST", "/v2/repository/index", body=b"{}")
    rows = value_of(index)
    if index.status == 200 and isinstance(rows, list):
        return _rows(rows)
    models = client.send("GET", "/v2/models")
    value = value_of(models)
    if models.status == 200 and isinstance(value, dict) and isinstance(value.get("models"), list):
        return _rows(value["models"])
    return None


def _rows(rows: list[Any]) -> list[tuple[str, str | None]]:
    """Names from either listing; a model that says it is unavailable is not under test."""
    found: list[tuple[str, str | None]] = []
    for row in rows:
        if isinstance(row, str):
            found.append((row, None))
        elif isinstance(row, dict) and isinstance(row.get("name"), str) and row.get("state") != "UNAVAILABLE":
            version = row.get("version")
            found.append((row["name"], version if isinstance(version, str) and version else None))
    return found


def split_name(text: str) -> tuple[str, str | None]:
    r"""``NAME`` or ``NAME:VERSION``; a colon inside a name is written ``\:``."""
    parts = text.replace("\\:", "\0").rsplit(":", 1)
    name = parts[0].replace("\0", ":")
    version = parts[1].replace("\0", ":") if len(parts) == 2 else None
    return name, version or None


def _escaped(name: str) -> str:
    return name.replace(":", "\\:")


def _model(
    client: RestClient, policy: Policy, name: str, version: str | None, listed: str | None, *, named: bool
) -> ModelUnderTest:
    """Address one model; where the unversioned path is refused, the listed version is tried (VERS-01)."""
    address = version
    exchange = client.model_metadata(name, address)
    if address is None and exchange.status != 200 and listed is not None:
        again = client.model_metadata(name, listed)
        if again.status == 200:
            address, exchange = listed, again
    value = value_of(exchange)
    metadata: ModelMetadata | None = None
    if exchange.status == 200 and isinstance(value, dict):
        metadata = read_model_metadata(value)
    samples = _samples(policy.samples.get(name))
    return ModelUnderTest(name, version, address, exchange, metadata, samples, named)


def _refuse_unknown(client: RestClient, target: Target) -> None:
    """A model that was named, but that nothing at the endpoint knows, is a typing error rather than a finding."""
    for model in target.models:
        if model.metadata is not None or (target.listed and model.name in target.listed):
            continue
        if client.model_ready(model.name, model.version).ok:
            continue
        names = ", ".join(target.listed[:20]) if target.listed else "none listed"
        status = model.metadata_exchange.status
        if status is not None and 400 <= status < 500:
            raise TargetError(f"no model {model.id!r} at this endpoint (it answered {status}; models: {names})")


def _samples(table: SampleTable | None) -> tuple[InferRequest, ...]:
    if table is None:
        return ()
    path = Path(table.requests)
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
        return tuple(read_infer_request(msgspec.json.decode(line)) for line in lines)
    except OSError as error:
        raise TargetError(f"samples {path}: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise TargetError(f"samples {path}: {error}") from error


def value_of(exchange: Exchange) -> object:
    """The parsed JSON body, or None where there is none."""
    try:
        return json_of(exchange).value
    except strictjson.NotJson:
        return None
