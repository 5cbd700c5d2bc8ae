"""Copies, training rows and exact scores: what is plain is seen, and where there is nothing, nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from harness.attacks.giving_away import copied, exactness, questions, told_apart
from harness.attacks.space import box
from tests.harness.attacks.linear import linear


def answers(rows: np.ndarray) -> list[str]:
    return list(linear(3)(rows).labels)  # type: ignore[arg-type]


def test_a_linear_model_is_copied_by_a_few_hundred_answers() -> None:
    rng = np.random.default_rng(1)
    known, held_out = rng.uniform(-1, 1, (100, 20)), rng.uniform(-1, 1, (400, 20))
    asked = np.concatenate([known, questions(box(known[0], -1, 1), known, 300, rng)[0]])
    found = copied(asked, answers(asked), held_out, answers(held_out), seed=1)
    assert found.trained_on == len(asked) == 400
    assert found.agreed / found.rows > 0.9 > found.constant / found.rows
    assert found == copied(asked, answers(asked), held_out, answers(held_out), seed=1)


def test_answers_by_chance_teach_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = rng.uniform(-1, 1, (300, 5))
    said = [str(each) for each in rng.integers(2, size=300)]
    found = copied(rows[:150], said[:150], rows[150:], said[150:], seed=1)
    assert found.agreed / found.rows < 0.65


def test_one_answer_for_everything_is_said_to_be_that() -> None:
    rows = np.zeros((10, 2))
    found = copied(rows, ["1"] * 10, rows, ["1"] * 10, seed=1)
    assert (found.kind, found.agreed, found.constant) == ("always the same", 10, 10)


def test_a_class_that_was_seen_once_does_not_stop_it() -> None:
    rng = np.random.default_rng(1)
    rows = rng.uniform(-1, 1, (60, 3))
    said = ["rare", *["0" if row[0] > 0 else "1" for row in rows[1:]]]
    assert copied(rows, said, rows, said, seed=1).agreed > 50


def test_questions_are_within_the_space() -> None:
    rng = np.random.default_rng(1)
    known = rng.uniform(-1, 1, (10, 4))
    asked, first = questions(box(known[0], -1, 1), known, 50, rng)
    assert len(asked) == len(first) == 50
    assert np.abs(asked).max() <= 1
    assert set(first) <= set(range(10))


@pytest.mark.parametrize(
    ("scores", "single", "digits"),
    [
        ([[0.5, 0.5]], False, 1),
        ([[0.25, 0.75], [0.1, 0.9]], False, 2),
        ([[0.1, 0.9]], True, 1),
        ([[1 / 3, 2 / 3]], False, 16),
    ],
)
def test_digits_are_those_that_were_sent(scores: list[list[float]], single: bool, digits: int) -> None:
    values = np.array(scores)
    if single:
        values = values.astype(np.float32).astype(np.float64)
    assert exactness(values, single=single).digits == digits


def test_the_area_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    members, others = np.round(rng.normal(0.3, 1, 80), 1), np.round(rng.normal(0, 1, 60), 1)
    area, bounds = told_apart(members, others, seed=1)
    assert area == pytest.approx(roc_auc_score([1] * 80 + [0] * 60, np.concatenate([members, others])))
    assert bounds.lower < area < bounds.upper


def test_what_overfits_is_told_apart_and_what_does_not_is_not() -> None:
    rng = np.random.default_rng(1)
    _, sure = told_apart(rng.uniform(0.9, 1, 100), rng.uniform(0.5, 1, 100), seed=1)
    _, alike = told_apart(rng.uniform(0.5, 1, 100), rng.uniform(0.5, 1, 100), seed=1)
    assert sure.lower > 0.7
    assert alike.lower < 0.5 < alike.upper
