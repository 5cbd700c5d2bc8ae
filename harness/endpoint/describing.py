"""Ask for the metadata of each model that is to be probed, as far as the bounds of the policy and the budget go.

What is left out stands in the run as well: it is untestable, with words, and never silently absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from harness.budget import BudgetExhausted
from harness.check import EndpointLost, Untestable
from harness.data.columns import SampleError
from harness.declared.judged import SampleTable
from harness.declared.running import LimitsTable
from harness.endpoint.bounds import SURROGATE, beyond, name_of, not_probed, sendable, trimmed, unsendable
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.errors import EndpointError
from harness.endpoint.known import readable_of
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.rest_route import RestRoute
from harness.endpoint.route import AnyRoute
from harness.generate.samples import read_data, read_requests
from harness.record.exchange import Exchange, Transport
from harness.record.framing import NOT_KEPT
from harness.wire.ahead import AT_A_TIME
from harness.wire.binary import EXTENSION
from harness.wire.messages import InferRequest, ModelMetadata, read_model_metadata
from harness.wire.rest import RestClient

# Asking for metadata may take this share of the time that is left: the rest is for checks.
SHARE = 0.5


def describe_all(
    endpoint: Endpoint,
    wanted: Sequence[tuple[str, str | None]],
    versions: Mapping[str, str | None],
    *,
    named: bool,
    unread: str = "",
) -> None:
    """Fill ``endpoint.models`` and ``endpoint.beyond``.

    Args:
        wanted: name and version of each, in the order of probing.
        versions: the first version of each model that the listing names.
        named: whether the user named them.
        unread: why there are more than ``wanted`` holds; empty where there are not.

    Raises:
        EndpointError: a name was given that no message can hold.
    """
    limits, budget = endpoint.policy.limits, endpoint.first.budget
    chunk = 0
    until = budget.seconds_left * (1 - SHARE)
    for position, (name, version) in enumerate(wanted):
        if not named and position >= limits.models:
            told = f"{limits.models} are the limit: raise it with [limits] models in the policy, or name some"
            why = f"{told} with --oip-model{unread and f' (and {unread}, so that there are more)'}"
            _leave_out(endpoint, wanted[position:], why, f"[limits]\nmodels = {len(wanted)}")
            return
        why, mend = unsendable(name, limits)
        if why:
            if named:
                raise EndpointError(f"--oip-model {name_of(name, ())!r}: {why}")
            if SURROGATE.search(name):
                endpoint.unsendable.append(name)
            endpoint.beyond.append(not_probed(name_of(name, _ids(endpoint)), f"not probed: {why}", mend))
            continue
        if budget.seconds_left < until:
            _leave_out(endpoint, wanted[position:], "half of the time went into asking for metadata", "", named=named)
            return
        if position >= chunk:
            chunk = position + AT_A_TIME
            endpoint.ahead.ask(_asks(endpoint, wanted[position : min(chunk, limits.models)]), _describes)
        try:
            model = _model(endpoint, name, version, _listed(versions.get(name), limits), named=named)
        except (BudgetExhausted, EndpointLost, Untestable) as error:
            _leave_out(endpoint, wanted[position:], f"not asked for: {error}", "", named=named)
            return
        _file(endpoint, model)
    if unread:
        told = f"not probed: {unread}; name some with --oip-model"
        endpoint.beyond.append(not_probed("all that the list of models has further", told, ""))


def _asks(endpoint: Endpoint, wanted: Sequence[tuple[str, str | None]]) -> list[Callable[[], Exchange]]:
    """What asks for the metadata of models, over each transport."""
    named = [(name, version) for name, version in wanted if sendable(name, endpoint.policy.limits)]
    clients = endpoint.clients
    return [partial(client.model_metadata, name, version) for name, version in named for client in reversed(clients)]


def _describes(exchange: Exchange) -> bool:
    """Whether there is anything in it of a model: else it is asked for again, alone."""
    if exchange.rpc is not None:
        return exchange.ok
    value = readable_of(exchange) if exchange.ok else None
    return isinstance(value, dict) and "name" in value


def _listed(version: str | None, limits: LimitsTable) -> str | None:
    return version if version is not None and sendable(version, limits) else None


def _file(endpoint: Endpoint, model: ModelUnderTest) -> None:
    """Put a model where it belongs; one that is called as another is called otherwise."""
    why, model.mend = beyond(model, endpoint.policy.limits, raw=endpoint.takes_raw)
    model.beyond = f"not probed: {why}" if why else ""
    if model.id in _ids(endpoint):
        model.called = name_of(model.id, _ids(endpoint))
    (endpoint.beyond if why else endpoint.models).append(model)


def _leave_out(
    endpoint: Endpoint, rest: Sequence[tuple[str, str | None]], why: str, mend: str, *, named: bool = False
) -> None:
    """One entry for all that is left out."""
    count = len(rest)
    text = f"{count} of {count + len(endpoint.models) + len(endpoint.beyond)} models are not probed: {why}"
    called = name_of(f"{count} further model{'s' if count != 1 else ''}", _ids(endpoint))
    endpoint.beyond.append(not_probed(called, text, mend, named=named))


def _ids(endpoint: Endpoint) -> set[str]:
    return {model.id for model in (*endpoint.models, *endpoint.beyond)}


def grpc_part() -> ModuleType:
    """Loaded only where it is needed: it needs the extra ``grpc``."""
    from harness.endpoint import grpc_discovery  # noqa: PLC0415

    return grpc_discovery


def _model(endpoint: Endpoint, name: str, version: str | None, listed: str | None, *, named: bool) -> ModelUnderTest:
    """One model, over each transport that there is."""
    table = endpoint.policy.samples.get(name)
    over_grpc = None if endpoint.grpc is None else grpc_part().grpc_route(endpoint.grpc, name, version)
    routes: dict[Transport, AnyRoute] = {}
    if endpoint.rest is not None:
        over_rest = _rest_route(endpoint.rest, name, version, listed)
        over_rest.binary = endpoint.extension(EXTENSION)
        routes["rest"] = over_rest
    if over_grpc is not None:
        routes["grpc"] = over_grpc
    for route in routes.values():
        route.metadata = trimmed(route.metadata, endpoint.policy.limits)
    described = [route.metadata for route in routes.values() if route.metadata is not None]
    samples = _samples(table, next(iter(described), None))
    for route in routes.values():
        route.samples = samples
    return ModelUnderTest(name, version, routes, samples, named)


def _rest_route(client: RestClient, name: str, version: str | None, listed: str | None) -> RestRoute:
    address, exchange = _addressed(client, name, version, listed)
    value = readable_of(exchange)
    described = exchange.status == 200 and isinstance(value, dict)
    return RestRoute(client, name, address, exchange, read_model_metadata(value) if described else None)


def _addressed(client: RestClient, name: str, version: str | None, listed: str | None) -> tuple[str | None, Exchange]:
    """The version in the paths that work, and the metadata there; where the unversioned path is refused, the listed
    version is tried (VERS-01)."""
    exchange = client.model_metadata(name, version)
    if version is None and exchange.status != 200 and listed is not None:
        again = client.model_metadata(name, listed)
        if again.status == 200:
            return listed, again
    return version, exchange


def _samples(table: SampleTable | None, metadata: ModelMetadata | None) -> tuple[InferRequest, ...]:
    """The samples of the policy, requests first.

    Raises:
        EndpointError: they cannot be used.
    """
    if table is None:
        return ()
    if table.requests is None and table.data is None:
        raise EndpointError("a table [samples.MODEL] of the policy needs requests = or data =")
    try:
        requests = read_requests(Path(table.requests)) if table.requests is not None else ()
        rows = read_data(Path(table.data), metadata.inputs if metadata else ()) if table.data is not None else ()
    except SampleError as error:
        # Why a value cannot be read is said with the value.
        words = f"samples of the policy cannot be read ({NOT_KEPT}); without sensitive = true the reason is told"
        words = words if table.sensitive else str(error)
        raise EndpointError(words) from (None if table.sensitive else error)
    return (*requests, *rows)
