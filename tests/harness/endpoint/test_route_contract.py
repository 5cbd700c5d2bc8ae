"""What every route keeps, whatever its transport: asked of each against the reference server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from harness.budget import Budget, Limits
from harness.check import NoAcceptedRequest, NotApplicable
from harness.endpoint.discovery import discover
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import NO_ADDRESS, ModelUnderTest
from harness.endpoint.route import AnyRoute, with_id
from harness.policy import Policy
from harness.record.exchange import Exchange, Transport
from harness.record.redact import Redactor
from harness.record.store import Recorder
from harness.run.embedded import EmbeddedServer
from harness.wire.access import Access
from harness.wire.address import read_grpc
from harness.wire.rest import RestClient
from harness.wire.rpc import GrpcClient
from tests.harness.wire.clients import store_at

TRANSPORTS: tuple[Transport, ...] = get_args(Transport)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The reference server over every transport, with an echo, a model of batches and one of texts."""
    root = tmp_path_factory.mktemp("routes")
    recorder = Recorder(store_at(root), Redactor(), lambda _: None)
    budget = Budget(Limits(request_seconds=10.0))
    with EmbeddedServer(["--models", "matrix,echo-fp32,echo-fp16,text,fixed"]) as server:
        assert server.grpc is not None
        with (
            RestClient(Access(server.url), recorder, budget) as rest,
            GrpcClient(Access(read_grpc(server.grpc)), recorder, budget) as grpc,
        ):
            yield discover(rest, grpc, Policy())


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Transport:
    found: Transport = request.param
    return found


def model(endpoint: Endpoint, name: str) -> ModelUnderTest:
    return next(each for each in endpoint.models if each.name == name)


@pytest.fixture
def echo(endpoint: Endpoint, transport: Transport) -> AnyRoute:
    return model(endpoint, "echo-fp32").over(transport)


def test_a_route_says_which_it_is(echo: AnyRoute, transport: Transport) -> None:
    assert echo.transport == transport
    assert echo.client.transport == transport
    assert echo.title
    assert set(NO_ADDRESS) == set(TRANSPORTS)


def test_readiness_and_metadata(echo: AnyRoute) -> None:
    assert echo.ready().ok
    assert echo.read_metadata().ok
    assert echo.metadata is not None
    assert echo.metadata.name == "echo-fp32"
    assert echo.metadata_exchange.ok


def test_a_request_is_accepted_and_found_once(endpoint: Endpoint, transport: Transport) -> None:
    for each in endpoint.models:
        route = each.over(transport)
        found = route.accepted()
        assert found.exchange.ok
        assert found.exchange.transport == transport
        assert route.accepted() is found
        assert route.known is found
        assert route.first_answer() is found.exchange
        assert route.refusals == ()


def test_what_was_accepted_is_taken_again(endpoint: Endpoint, transport: Transport) -> None:
    for each in endpoint.models:
        route = each.over(transport)
        request = route.accepted().request
        answers = [route.ask(request), route.ask(request, fresh=True), route.ask(request, timeout=5.0)]
        assert all(answer.ok for answer in answers)
        assert all(route.outputs(answer).keys() == route.outputs(answers[0]).keys() for answer in answers)
        assert answers[1].connection is not None
        assert answers[1].connection.request_index == 1


def test_the_plainest_form_is_sent_before_anything_is_known(endpoint: Endpoint, transport: Transport) -> None:
    route = model(endpoint, "echo-fp16").over(transport).at(None)
    route._accepted = None
    assert route.ask(next(route.candidates())).ok


def test_the_id_of_an_answer(echo: AnyRoute) -> None:
    request = echo.accepted().request
    assert echo.request_id(echo.ask(with_id(request, "mine-42"))) == "mine-42"
    assert not echo.request_id(echo.ask(with_id(request, None)))


def test_what_is_no_answer_has_neither_outputs_nor_id(endpoint: Endpoint, transport: Transport) -> None:
    nobody = model(endpoint, "echo-fp32").over(transport).at("no-such-version")
    refused: Exchange = nobody.ask(nobody.accepted().request)
    assert not refused.ok
    assert nobody.outputs(refused) == {}
    assert nobody.request_id(refused) is None


def test_batches(endpoint: Endpoint, transport: Transport) -> None:
    found = model(endpoint, "matrix").over(transport).batch(3)
    assert found.exchange.ok
    assert all(tensor.shape[0] == 3 for tensor in found.request.inputs)
    assert model(endpoint, "matrix").over(transport).batch(3) is found
    fixed = model(endpoint, "fixed").over(transport)
    with pytest.raises(NotApplicable, match="no batch to speak of"):
        fixed.batch(3)


def test_an_echo_is_seen_and_a_steady_model_is_steady(echo: AnyRoute) -> None:
    assert len(echo.echoes()) == 1
    assert echo.steady()


def test_candidates_are_taken(endpoint: Endpoint, transport: Transport) -> None:
    for each in endpoint.models:
        route = each.over(transport)
        assert any(route.ask(request).ok for request in route.candidates())


def test_another_version_is_named_and_what_is_known_stays(echo: AnyRoute) -> None:
    known = echo.accepted()
    other = echo.at("7")
    assert (other.version, echo.version) == ("7", None)
    assert other.known is known
    assert type(other) is type(echo)


def test_a_model_that_takes_nothing_is_quoted(endpoint: Endpoint, transport: Transport) -> None:
    route = model(endpoint, "echo-fp32").over(transport).at("no-such-version")
    route._accepted, route._refusals, route._unanswered = None, [], []
    with pytest.raises(NoAcceptedRequest, match=r"model 'echo-fp32' refused every one of \d+ valid"):
        route.accepted()
    sent = len(route.refusals)
    with pytest.raises(NoAcceptedRequest):
        route.accepted()
    assert len(route.refusals) == sent, "it is not asked again"
    assert route.first_answer() is route.refusals[0]
