"""Whole answers: where they differ, what is due to rows in another order, what shows of others."""

from __future__ import annotations

import pytest

from harness.oracles.whole import WholeAnswer, deviations, rearranged, shown_of_others
from harness.wire.tensor import Tensor


def answer(*elements: float, **members: object) -> WholeAnswer:
    return WholeAnswer({"status": "answered", **members}, {"y": Tensor("y", "FP32", (len(elements),), elements)})


def test_every_member_and_output_is_compared() -> None:
    due = answer(1.0, 2.0, id="a", parameters=None)
    assert deviations(due, due) == []
    assert [each.aspect for each in deviations(answer(1.0, 2.5, id="b", parameters={}), due)] == [
        "id",
        "parameters",
        "data of 'y'",
    ]
    assert [each.aspect for each in deviations(answer(1.0, id="a", parameters=None), due)] == [
        "shape of 'y'",
        "data of 'y'",
    ]
    assert deviations(answer(1.0, 2.5, id="a", parameters=None), due, {"data of 'y'"}) == []


def test_of_another_status_or_other_outputs_nothing_further_is_said() -> None:
    due = answer(1.0)
    assert [each.aspect for each in deviations(WholeAnswer({"status": "refused"}), due)] == ["status"]
    assert [each.aspect for each in deviations(WholeAnswer({"status": "answered"}), due)] == ["outputs"]


def test_the_order_of_outputs_counts() -> None:
    one, other = Tensor("a", "INT32", (1,), (1,)), Tensor("b", "INT32", (1,), (1,))
    first = WholeAnswer({"status": "answered"}, {"a": one, "b": other})
    second = WholeAnswer({"status": "answered"}, {"b": other, "a": one})
    assert [each.aspect for each in deviations(first, second)] == ["outputs"]


def test_rows_in_another_order_have_their_own_answers() -> None:
    rows = Tensor("y", "FP32", (3, 2), (1.0, 1.5, 2.0, 2.5, 3.0, 3.5))
    total = Tensor("sum", "FP32", (1,), (13.5,))
    due, unknown = rearranged(WholeAnswer({}, {"y": rows, "sum": total}), (2, 0, 1))
    assert due.outputs["y"].elements == (3.0, 3.5, 1.0, 1.5, 2.0, 2.5)
    assert unknown == {"data of 'sum'"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (answer(1.25, 7.125), "values of another request"),
        (answer(1.25, 0.0), None),
        (answer(1.25, 3.0), None),
        (answer(1.25, 2.5, id="other"), "the id of another request"),
        (answer(1.25, 2.5, parameters={"mark": "m"}), "the parameter 'mark' of another answer"),
        (answer(1.25, 2.5, parameters={"batch": 4}), None),
    ],
)
def test_only_what_is_not_there_by_chance_is_of_others(found: WholeAnswer, words: str | None) -> None:
    due = answer(1.25, 2.5, id=None, parameters=None)
    others = [answer(7.125, 0.0, 3.0, id="other", parameters={"mark": "m", "batch": 4})]
    seen = shown_of_others(found, due, others, values=True)
    assert (seen is None) if words is None else words in (seen or "")
    if "values" in (words or ""):
        assert shown_of_others(found, due, others, values=False) is None
