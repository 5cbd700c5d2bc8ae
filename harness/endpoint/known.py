"""Whether a model that was named is there at all: a typing error, or a wrong address, is no finding."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from textwrap import indent

from harness.allowed import did_you_mean
from harness.endpoint import address
from harness.endpoint.advice import sample_table
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.errors import EndpointError
from harness.endpoint.models import ModelUnderTest
from harness.record.exchange import Exchange
from harness.wire import strictjson
from harness.wire.messages import InferRequest
from harness.wire.rest import RestClient, json_of

# Answers to an inference by which nobody is there to infer: no such thing, or not in this way.
_NOBODY = frozenset({404, 405, 501})
# The same over gRPC: NOT_FOUND, UNIMPLEMENTED.
_NOBODY_RPC = frozenset({5, 12})
_CLOSED = frozenset({401, 403})
_CLOSED_RPC = frozenset({7, 16})
# A name that no server has: what is answered to it is answered to any.
_NO_SUCH = "art15-no-such-model"


def refuse_unknown(endpoint: Endpoint, *, is_named: bool) -> None:
    """Models that nothing at the endpoint knows, and tables of the policy for models that are not there.

    Raises:
        EndpointError: there is one; the message says what there is.
    """
    for model in endpoint.models:
        if is_named or endpoint.listed is None:
            _refuse(endpoint, model)
    for name in (*endpoint.policy.samples, *endpoint.policy.models):
        if not _exists(endpoint, name):
            there = endpoint.listed or [model.name for model in endpoint.models]
            near = did_you_mean(name, there)
            raise EndpointError(
                f"the policy has a table for model {name!r}, which is not at this endpoint{near} "
                f"(models: {nearest(name, there) or 'none listed'})"
            )


def is_described(model: ModelUnderTest) -> bool:
    """Whether there is metadata of it over either transport."""
    return any(route.metadata is not None for route in model.routes.values())


def elsewhere(endpoint: Endpoint) -> str:
    """Advice about the address, where nothing of the protocol is answered there; empty if something is."""
    client = endpoint.rest
    if endpoint.listed is not None or endpoint.server is not None:
        return ""
    if client is None:
        return address.unimplemented(endpoint.metadata_exchange)
    asked = [client.server_live(), endpoint.metadata_exchange]
    if any(exchange.status == 200 for exchange in asked) or not all(exchange.answered for exchange in asked):
        return ""
    return address.elsewhere(client, asked)


def nearest(name: str, listed: Sequence[str]) -> str:
    """Names of the endpoint, those like ``name`` first, and not too many for one line."""
    alike = difflib.get_close_matches(name, listed, n=5)
    ordered = list(dict.fromkeys([*alike, *listed]))
    return ", ".join(ordered[:20]) + (", …" if len(ordered) > 20 else "")


def _refuse(endpoint: Endpoint, model: ModelUnderTest) -> None:
    listed = endpoint.listed is not None and model.name in endpoint.listed
    if is_described(model) or (listed and model.version is None) or _is_ready(endpoint, model):
        return
    said = _said(model.route.metadata_exchange)
    if said is None:
        return  # no answer at all: that is for the checks to say
    if not listed and endpoint.listed and model.version is None and not model.samples:
        names = nearest(model.name, endpoint.listed)
        near = did_you_mean(model.name, endpoint.listed)
        raise EndpointError(f"no model {model.id!r} at this endpoint (it answered {said}; models: {names}){near}")
    if _infers(endpoint, model):
        endpoint.remarks.append(
            f"model {model.id!r}: no metadata (it answered {said}), and inference is there: what is known of its "
            f"inputs are the samples of the policy"
        )
        return
    names = nearest(model.name, endpoint.listed or ())
    if listed:
        raise EndpointError(
            f"no version {model.version!r} of model {model.name!r} at this endpoint (it answered {said}): "
            f"leave the version out, or name one that its metadata lists"
        )
    lost = elsewhere(endpoint)
    if lost:
        raise EndpointError(f"no model {model.id!r} (it answered {said}): {lost}")
    hint = ""
    if said in ("401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"):
        hint = "; it asks for credentials: ART15_TOKEN, --oip-token-command or --oip-header"
    elif not endpoint.listed and not model.samples:
        table = indent(sample_table(model.name), "    ")
        hint = f"; if it is there without metadata, give requests that it takes in the policy:\n{table}"
    raise EndpointError(
        f"no model {model.id!r} at this endpoint (it answered {said}; models: {names or 'none listed'}){hint}"
    )


def _said(exchange: Exchange) -> str | None:
    """The status in words; None where there was no answer."""
    if exchange.rpc is not None:
        return exchange.rpc.name
    return None if exchange.status is None else str(exchange.status)


def _is_ready(endpoint: Endpoint, model: ModelUnderTest) -> bool:
    if endpoint.rest is not None and endpoint.rest.model_ready(model.name, model.version).ok:
        return not endpoint.rest.model_ready(_NO_SUCH, model.version).ok
    return False


def _infers(endpoint: Endpoint, model: ModelUnderTest) -> bool:
    """Whether inference is answered: a sample of the policy, or an empty body other than by "no such thing"."""
    if endpoint.rest is not None:
        for request in model.samples[:1]:
            if (model.rest.binary or not request.is_large) and _somebody(model.rest.ask(request), _NOBODY, _CLOSED):
                return True
        if _somebody(_infer(endpoint.rest, model.name, b"{}", model.version), _NOBODY, _CLOSED):
            return _names_matter(endpoint, model)
    if endpoint.grpc is not None:
        for request in model.samples[:1]:
            exchange = model.grpc.ask(request)
            return exchange.rpc is None or exchange.rpc.code not in _NOBODY_RPC | _CLOSED_RPC
        exchange = model.grpc.ask(InferRequest(()))
        # UNKNOWN is what servers say of anything that they have not thought of, a name among them.
        return exchange.rpc is None or exchange.rpc.code not in _NOBODY_RPC | _CLOSED_RPC | {2}
    return False


def _names_matter(endpoint: Endpoint, model: ModelUnderTest) -> bool:
    """Whether an empty body is answered otherwise for a model that no server has, or the server describes nothing.

    Some servers read a body before they look up the model: with them, its answer says nothing of the name, and where
    they describe themselves, a model without metadata is a typing error.
    """
    assert endpoint.rest is not None
    if endpoint.server is None:
        return True
    return not _somebody(_infer(endpoint.rest, _NO_SUCH, b"{}", model.version), _NOBODY, _CLOSED)


def _infer(client: RestClient, name: str, body: bytes, version: str | None) -> Exchange:
    return client.infer(name, body, version)


def _somebody(exchange: Exchange, nobody: frozenset[int], closed: frozenset[int]) -> bool:
    """Whether the answer is one of somebody; no answer in time is no sign that nobody is there."""
    if exchange.status is None:
        return True
    return exchange.status not in nobody | closed and not 300 <= exchange.status < 400


def _exists(endpoint: Endpoint, name: str) -> bool:
    """Whether a model of that name is at the endpoint, as far as can be told."""
    if any(name in (model.name, model.id) for model in endpoint.models):
        return True
    if endpoint.listed is not None:
        return name in (*endpoint.listed, *endpoint.unloaded)
    asked = _questions(endpoint, name)
    return any(exchange.ok or not exchange.answered for exchange in asked)


def _questions(endpoint: Endpoint, name: str) -> Iterable[Exchange]:
    if endpoint.rest is not None:
        yield endpoint.rest.model_metadata(name)
        yield endpoint.rest.model_ready(name)
    elif endpoint.grpc is not None:
        yield endpoint.grpc.model_metadata(name)


def readable_of(exchange: Exchange) -> object:
    """As :func:`value_of`, and None where there is more than is read: for what is not judged."""
    try:
        return value_of(exchange)
    except strictjson.TooMuch:
        return None


def value_of(exchange: Exchange) -> object:
    """The parsed JSON body, or None where there is none."""
    try:
        return json_of(exchange).value
    except strictjson.NotJson:
        return None
