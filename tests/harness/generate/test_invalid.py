"""Drawn invalid requests: invalid in truth, by every operator, with a record, and small when shrunk."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from harness.generate.campaign import search
from harness.generate.canaries import canary, canary_request, cut_off
from harness.generate.invalid import Invalid, invalid_requests, operators
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor, flatten

BASES = {
    "grid": InferRequest((Tensor("x", "FP32", (2, 3), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),)),
    "pair": InferRequest((Tensor("a", "INT32", (2,), (1, 2)), Tensor("b", "INT32", (2,), (3, 4)))),
    "text": InferRequest((Tensor("t", "BYTES", (2,), ("ab", "c")),)),
}
DATATYPES = ("FP32", "INT32", "BYTES")


def valid(body: bytes, names: set[str]) -> bool:
    """Whether a body is a valid request after all: an independent, plain reading."""
    try:
        value = json.loads(body)
        assert isinstance(value["inputs"], list)
        assert all(_valid_input(entry) for entry in value["inputs"])
        found = [entry["name"] for entry in value["inputs"]]
        assert set(found) == names
        assert len(found) == len(names)
        assert isinstance(value.get("parameters", {}), dict)
        assert isinstance(value.get("id", ""), str)
        assert all(isinstance(each, dict) and each["name"] == "y" for each in value.get("outputs", []))
    except (AssertionError, ValueError, KeyError, IndexError, TypeError):
        return False
    return True


def _valid_input(entry: dict[str, Any]) -> bool:
    shape, flat = entry["shape"], flatten(entry["data"])
    assert isinstance(shape, list)
    assert all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in shape)
    assert isinstance(entry["data"], list)
    kinds = {"FP32": (int, float), "INT32": (int,), "BYTES": (str,)}[entry["datatype"]]
    assert all(isinstance(each, kinds) and not isinstance(each, bool) for each in flat)
    nested = any(isinstance(each, list) for each in entry["data"])
    assert not nested or [len(row) for row in entry["data"]] == [shape[1]] * shape[0]
    return math.prod(shape) == len(flat)


@pytest.mark.parametrize("name", list(BASES))
@pytest.mark.parametrize("section", ["light", "heavy"])
def test_what_is_drawn_is_invalid(name: str, section: Any) -> None:
    base = BASES[name]
    allowed = [each for each in operators(base.to_value(), section=section) if each.tolerance == "never"]
    met: set[str] = set()

    def holds(drawn: Invalid) -> bool:
        met.update(drawn.name.split("+"))
        assert drawn.why
        assert len(drawn.body) < 10_000
        return not valid(drawn.body, {tensor.name for tensor in base.inputs})

    assert search(invalid_requests(base, allowed), holds, examples=600, seed=1) is None
    assert met == {each.name for each in allowed}


def test_the_reading_of_this_test_knows_valid_ones() -> None:
    assert all(valid(base.to_bytes(), {each.name for each in base.inputs}) for base in BASES.values())
    assert valid(BASES["grid"].to_bytes(nested=True), {"x"})


def test_counterexamples_shrink_to_one_mistake() -> None:
    base = BASES["pair"]

    def holds(drawn: Invalid) -> bool:
        return "elements-more" not in drawn.name

    found = search(invalid_requests(base, operators(base.to_value())), holds, examples=300, seed=3)
    assert found is not None
    assert found.smallest.name == "elements-more"
    assert len(found.smallest.body) <= len(base.to_bytes()) + 2


def test_versions_that_exist_are_not_drawn() -> None:
    base = BASES["text"]
    allowed = [each for each in operators(base.to_value(), versions=True) if each.aspect == "version"]
    assert allowed
    assert not any(each.aspect == "version" for each in operators(base.to_value()))
    strategy = invalid_requests(base, allowed, versions=("999999",))
    assert search(strategy, lambda drawn: drawn.version not in (None, "999999"), examples=60, seed=1) is None


def test_unnamed_inputs_have_no_unknown_names() -> None:
    assert not any(each.clause == "REST-INFER-06" for each in operators(BASES["grid"].to_value(), named=False))


def test_canaries_are_found_whole_only() -> None:
    mark = canary(15)
    body = canary_request(BASES["pair"], mark).decode()
    assert mark.found_in(body) is not None
    assert mark.found_in(f"0.{mark.short}") is None
    assert mark.found_in(f"{mark.number}7") is None
    assert mark.found_in(f"got [{mark.number}]") is not None
    assert mark.found_in(f'{{"data":[1.0,{mark.short:.6e}]}}') is not None
    assert mark.found_in(f"{float(mark.number)!r} rows") is not None
    assert canary(15) == mark != canary(16)


@pytest.mark.parametrize("name", list(BASES))
def test_a_marked_request_is_cut_off_before_its_first_canary(name: str) -> None:
    mark = canary(15)
    body = canary_request(BASES[name], mark)
    lengths: set[int] = set()

    def holds(drawn: Invalid) -> bool:
        lengths.add(len(drawn.body))
        assert body.startswith(drawn.body)
        assert mark.found_in(drawn.body.decode()) is None
        return not valid(drawn.body, {tensor.name for tensor in BASES[name].inputs})

    assert search(cut_off(body, mark), holds, examples=60, seed=1) is None
    assert max(lengths) > 20


def test_a_member_that_stands_there_twice_has_two_values() -> None:
    base = BASES["grid"]
    allowed = [each for each in operators(base.to_value()) if each.name == "member-twice"]

    def holds(drawn: Invalid) -> bool:
        last = json.loads(drawn.body)
        first = json.loads(drawn.body, object_pairs_hook=lambda pairs: dict(pairs[::-1]))
        return "inputs" in last and last != first

    assert search(invalid_requests(base, allowed), holds, examples=40, seed=1) is None
