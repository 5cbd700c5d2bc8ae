"""What an answer decides, and where another one decides otherwise."""

from __future__ import annotations

from harness.oracles.decisions import deciding, other_decision
from harness.wire.tensor import Tensor


def tensor(datatype: str, shape: tuple[int, ...], *elements: object) -> Tensor:
    return Tensor("y", datatype, shape, elements)


def test_texts_whole_numbers_and_truth_values_are_labels() -> None:
    outputs = {
        "text": tensor("BYTES", (1,), "cat"),
        "class": tensor("INT64", (1,), 3),
        "flag": tensor("BOOL", (1,), True),
        "score": tensor("FP32", (1,), 0.7),
    }
    assert deciding(outputs) == ["text", "class", "flag"]


def test_a_distribution_over_classes_is_a_decision_and_other_floats_are_none() -> None:
    assert deciding({"p": tensor("FP32", (2, 3), 0.2, 0.3, 0.5, 1.0, 0.0, 0.0)}) == ["p"]
    assert deciding({"p": tensor("FP32", (1, 3), 0.2, 0.3, 0.6)}) == []
    assert deciding({"p": tensor("FP32", (1, 2), -1.0, 2.0)}) == []
    assert deciding({"p": tensor("FP32", (), 1.0)}) == []
    assert deciding({"p": tensor("FP32", (0, 2))}) == []


def test_the_largest_share_counts_and_not_its_size() -> None:
    due = {"p": tensor("FP32", (2, 2), 0.9, 0.1, 0.4, 0.6)}
    assert other_decision({"p": tensor("FP32", (2, 2), 0.6, 0.4, 0.1, 0.9)}, due, ["p"]) is None
    found = other_decision({"p": tensor("FP32", (2, 2), 0.6, 0.4, 0.7, 0.3)}, due, ["p"])
    assert found == "output 'p', decision 1: 1 against 0"


def test_labels_are_compared_as_they_are() -> None:
    due = {"y": tensor("BYTES", (1,), "cat")}
    assert other_decision({"y": tensor("BYTES", (1,), b"cat")}, due, ["y"]) is None
    assert other_decision({"y": tensor("BYTES", (1,), "dog")}, due, ["y"]) is not None
    assert other_decision({}, due, ["y"]) == "output 'y' is missing"
    assert other_decision({"y": tensor("BYTES", (2,), "cat", "cat")}, due, ["y"]) is not None
