"""What the endpoint counts has a limit and a sentence, and a name is probed as it is or told."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.budget import Limits
from harness.declared.running import EndpointTable, LimitsTable
from harness.endpoint.bounds import NOTHING, beyond, name_of, trimmed, unsendable
from harness.endpoint.discovery import discover, split_name
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.rest_route import RestRoute
from harness.generate.inputs import candidates, fewest
from harness.policy import Policy
from harness.wire.messages import read_model_metadata
from tests.costs import cost
from tests.harness.endpoint.test_discovery import Answer, serving
from tests.harness.wire.clients import client_for

GOOD = [{"name": "x", "datatype": "FP32", "shape": [1, 2]}]
LIMITS = LimitsTable()


def described(inputs: object, outputs: object = GOOD) -> dict[str, Any]:
    """Metadata of a model."""
    return {"name": "m", "platform": "p", "inputs": inputs, "outputs": outputs}


@contextmanager
def found(
    index: object, metadata: object, tmp_path: Path, limits: LimitsTable = LIMITS
) -> Iterator[tuple[Endpoint, int]]:
    """What discovery makes of an endpoint, and how many requests it took; ``metadata`` is of "bad", or of all."""
    whole = metadata if isinstance(metadata, dict) and "inputs" not in metadata else {}

    def answer(method: str, path: str, body: bytes) -> Answer:
        del method, body
        if path.startswith("/v2/repository"):
            return 200, index
        if path.startswith("/v2/models/"):
            name = unquote(path.split("/")[3])
            return 200, whole.get(name, metadata if not whole else described(GOOD))
        return 200, {"name": "s", "version": "1", "extensions": []}

    with serving(answer) as url:
        client, _ = client_for(url, tmp_path, limits=Limits(request_seconds=30.0))
        with client:
            policy = Policy(endpoint=EndpointTable(warm_up=0), limits=limits)
            yield discover(client, None, policy), client.budget.used


@pytest.mark.parametrize(
    ("inputs", "setting"),
    [
        ([{"name": f"x{n}", "datatype": "FP64", "shape": [4_000_000]} for n in range(60)], "elements"),
        ([{"name": f"x{n}", "datatype": "FP32", "shape": [1]} for n in range(5000)], "inputs"),
        ([{"name": "x", "datatype": "FP32", "shape": [1] * 50}], "rank"),
        ([{"name": "x" * 5000, "datatype": "FP32", "shape": [1]}], "name_bytes"),
        ([{"name": "x", "datatype": "F" * 5000, "shape": [1]}], "name_bytes"),
    ],
)
def test_a_model_beyond_a_limit_says_which_the_other_is_probed(inputs: object, setting: str, tmp_path: Path) -> None:
    index = [{"name": "bad"}, {"name": "good"}]
    with found(index, {"bad": described(inputs)}, tmp_path) as (endpoint, _):
        assert [model.name for model in endpoint.models] == ["good"]
        left = endpoint.beyond[0]
        assert left.name == "bad"
        assert f"raise it with [limits] {setting} in the policy" in left.beyond
        assert left.mend.startswith(f"[limits]\n{setting} = ")
        assert len(left.beyond) < 300


def test_what_no_setting_would_allow_is_told_without_one(tmp_path: Path) -> None:
    index = [{"name": "large"}, {"name": "deep"}, {"name": "z" * 200_000}]
    metadata = {
        "large": described([{"name": "x", "datatype": "FP64", "shape": [10**200, 10**200]}]),
        "deep": described([{"name": "x", "datatype": "FP32", "shape": [1] * 5000}]),
    }
    with found(index, metadata, tmp_path) as (endpoint, _):
        assert not endpoint.models
        for model, word in zip(endpoint.beyond, ("more than 10^", "5000 dimensions", "200000 bytes"), strict=True):
            assert word in model.beyond
            assert "raise" not in model.beyond
            assert not model.mend


def test_outputs_have_a_limit_too(tmp_path: Path) -> None:
    many = [{"name": f"y{n}", "datatype": "FP32", "shape": [1]} for n in range(600)]
    with found([{"name": "bad"}], {"bad": described(GOOD, many)}, tmp_path) as (endpoint, _):
        assert "[limits] outputs" in endpoint.beyond[0].beyond


def test_a_raised_limit_lets_the_model_in(tmp_path: Path) -> None:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [3_000_000]}]
    with found([{"name": "m"}], {"m": described(inputs)}, tmp_path, LimitsTable(elements=3_000_000)) as (endpoint, _):
        assert not endpoint.beyond
        assert next(endpoint.models[0].route.candidates()).inputs[0].shape == (3_000_000,)


def test_of_many_models_the_first_are_probed_and_the_rest_is_told(tmp_path: Path) -> None:
    index = [{"name": f"m{n}"} for n in range(20_000)]
    with found(index, described(GOOD), tmp_path) as (endpoint, requests):
        assert [model.name for model in endpoint.models] == [f"m{n}" for n in range(LIMITS.models)]
        assert requests < 2 * LIMITS.models + 20
        (rest,) = endpoint.beyond
        assert rest.beyond.startswith(f"19970 of 20000 models are not probed: {LIMITS.models} are the limit: raise it")
        assert endpoint.beyond[0].mend == "[limits]\nmodels = 20000"


def test_a_list_that_is_more_than_is_read_gives_its_beginning(tmp_path: Path) -> None:
    index = "[" + ",".join('{"name":"m%d"}' % n for n in range(1_300_000)) + "]"  # noqa: UP031 -- braces
    with found(index, described(GOOD), tmp_path) as (endpoint, _):
        assert [model.name for model in endpoint.models[:2]] == ["m0", "m1"]
        assert endpoint.listed is None
        assert any("more than is read" in each.beyond for each in endpoint.beyond)


def test_a_name_that_no_path_can_hold_is_told_and_the_other_is_probed(tmp_path: Path) -> None:
    with found([{"name": "a\ud800b"}, {"name": "good"}], described(GOOD), tmp_path) as (endpoint, _):
        assert [model.name for model in endpoint.models] == ["good"]
        assert endpoint.unsendable == ["a\ud800b"]
        assert endpoint.beyond[0].id == r"a\ud800b"
        assert "half a surrogate pair" in endpoint.beyond[0].beyond


def test_a_version_and_an_input_that_nothing_can_hold(tmp_path: Path) -> None:
    index = [{"name": "a", "version": "\udc00"}, {"name": "b"}]
    bad = described([{"name": "x\ud800", "datatype": "FP32", "shape": [1]}]) | {"versions": ["1", "\ud800", "2"]}
    with found(index, {"b": bad}, tmp_path) as (endpoint, _):
        assert [model.name for model in endpoint.models] == ["a"]
        assert "half a surrogate pair" in endpoint.beyond[0].beyond
        metadata = endpoint.beyond[0].metadata
        assert metadata is not None
        assert metadata.versions == ("1", "2")


def test_a_long_name_is_never_repeated(tmp_path: Path) -> None:
    with found([{"name": "x" * 200_000}, {"name": "y" * 200_000}], described(GOOD), tmp_path) as (endpoint, requests):
        assert not endpoint.models
        assert requests < 10
        assert [each.id for each in endpoint.beyond] == ["model with a long name", "model with a long name (2)"]
        assert "200000 bytes" in endpoint.beyond[0].beyond


def test_a_name_with_nul_is_probed_under_that_name(tmp_path: Path) -> None:
    names = ["a\0b", "a:b", "c\\:d", "e:"]
    with found([{"name": name} for name in names], described(GOOD), tmp_path) as (endpoint, _):
        assert [(model.name, model.version) for model in endpoint.models] == [(name, None) for name in names]
        assert len({model.id for model in endpoint.models}) == len(names)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [("a", "a", None), ("a:1", "a", "1"), (r"a\:b", "a:b", None), (r"a\:b:2", "a:b", "2"), ("a:b:2", "a:b", "2"),
     ("a\0b", "a\0b", None), ("a\0b:1", "a\0b", "1"), ("a:", "a", None), (r"a:1\:2", "a", "1:2")],
)  # fmt: skip
def test_names_of_the_command_line(text: str, name: str, version: str | None) -> None:
    assert split_name(text) == (name, version)


TENSORS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.text(max_size=5), st.integers(0, 3000).map(lambda n: "n" * n), st.just("\ud800")),
            "datatype": st.sampled_from(["FP32", "BYTES", "INT8", "nonsense"]),
            "shape": st.one_of(
                st.lists(st.one_of(st.integers(-1, 4), st.integers(-5, 10**30)), max_size=6),
                st.integers(0, 200).map(lambda n: [1] * n),
            ),
        }
    ),
    max_size=4,
)
REPEATED = st.tuples(TENSORS, st.sampled_from([1, 1, 3, 200, 2000])).map(lambda found: found[0] * found[1])


@given(REPEATED, REPEATED, st.lists(st.text(max_size=3), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_metadata_say_what_is_made_of_them_is_bounded(inputs: Any, outputs: Any, versions: list[str]) -> None:
    limits = LimitsTable(elements=20_000)
    metadata = read_model_metadata(json.loads(json.dumps(described(inputs, outputs) | {"versions": versions})))

    def made() -> None:
        unasked: Any = None
        route = RestRoute(unasked, "m", None, NOTHING, trimmed(metadata, limits))
        model = ModelUnderTest("m", None, {"rest": route})
        why, _ = beyond(model, limits, raw=False)
        if not why:
            assert fewest(metadata.inputs) <= limits.elements
            for request in candidates(metadata.inputs, most=limits.elements):
                assert sum(len(tensor.elements) for tensor in request.inputs) <= limits.elements
                request.to_bytes()
        assert len(why) < 300

    tracemalloc.start()
    try:
        assert cost(made) < 20
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


@given(st.text(st.characters(), max_size=300))
def test_every_name_is_either_sent_or_told(name: str) -> None:
    why, _ = unsendable(name, LIMITS)
    try:
        name.encode()
    except UnicodeEncodeError:
        assert why
    else:
        assert not why or len(name.encode()) > LIMITS.name_bytes
    name_of(name, {name}).encode()
