"""Whose answer it is: ids, whole answers, values among the own, and answers that nobody has."""

from __future__ import annotations

from harness.oracles.isolation import answer_strayed, id_strayed
from harness.wire.tensor import Tensor


def outputs(*elements: object) -> dict[str, Tensor]:
    return {"y": Tensor("y", "FP32", (len(elements),), elements)}


ALONE = [outputs(1.0, 2.0), outputs(3.0, 4.0), outputs(5.0, 6.0)]


def test_the_own_answer_is_no_finding() -> None:
    assert answer_strayed(outputs(1.0, 2.0), 0, ALONE) is None


def test_another_kernel_is_no_finding() -> None:
    assert answer_strayed(outputs(1.0, 2.0005), 0, ALONE) is None


def test_an_echo_is_exact() -> None:
    found = answer_strayed(outputs(1.0, 2.0005), 0, ALONE, exact={"y"})
    assert found is not None
    assert found.kind == "changed"


def test_requests_with_one_answer_cannot_be_told_apart() -> None:
    assert answer_strayed(outputs(1.0, 2.0), 0, [outputs(1.0, 2.0), outputs(1.0, 2.0)]) is None


def test_another_answer_is_named_and_leaks() -> None:
    found = answer_strayed(outputs(5.0, 6.0), 0, ALONE)
    assert found is not None
    assert (found.kind, found.whose, found.leaked) == ("other-answer", 2, True)


def test_rows_of_another_beside_the_own() -> None:
    found = answer_strayed(outputs(3.0, 4.0, 1.0, 2.0), 0, ALONE)
    assert found is not None
    assert (found.kind, found.whose, found.leaked) == ("other-rows", 1, True)


def test_an_answer_that_nobody_has_is_changed() -> None:
    found = answer_strayed(outputs(9.0, 9.0), 0, ALONE)
    assert found is not None
    assert (found.kind, found.leaked) == ("changed", False)


def test_an_output_that_is_missing_is_no_crash_of_ours() -> None:
    found = answer_strayed({}, 0, ALONE, exact={"y"})
    assert found is not None
    assert found.kind == "changed"


def test_ids() -> None:
    sent = ["a", "b"]
    assert id_strayed("a", "a", sent) is None
    assert id_strayed("a", None, sent) is None
    assert id_strayed("a", "made up", sent) is None
    found = id_strayed("a", "b", sent)
    assert found is not None
    assert found.leaked
