"""An answer that breaks a clause and does not come again is told apart from one that does."""

from __future__ import annotations

import dataclasses
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.outcome import Outcome, Violation
from harness.probing.menu import sent_again
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.verdicts import Level
from harness.wire.reading import MEMORY, allow

CLAUSE = "REST-OUT-03"


def answered(value: int, url: str = "http://t/v2/models/m/infer", body: bytes = b"{}") -> Exchange:
    head = (("content-type", "application/json"),)
    said = b'{"model_name":"m","outputs":[{"name":"y","datatype":"INT32","shape":[1],"data":[%d]}]}' % value
    return Exchange(1, "POST", url, "HTTP/1.1", (), body, 200, "", "HTTP/1.1", head, said, False, None, "", 0, 0, 0,
                    None, ref="recorded")  # fmt: skip


def root_after(monkeypatch: pytest.MonkeyPatch, recorded: Exchange, answers: list[int], **check: Any) -> str:
    given = chain(answers, repeat(answers[-1] if answers else 0))
    monkeypatch.setattr(sent_again, "send_again", lambda *_: answered(next(given)))
    outcome = Outcome({CLAUSE: Level.MUST})
    outcome.violations.append(Violation(CLAUSE, "one output", "two", "two-outputs", "recorded"))
    endpoint = SimpleNamespace(rest=None, grpc=None)
    probe = SimpleNamespace(outcome=outcome, shown=[recorded], on_model=None, endpoint=endpoint)
    named = SimpleNamespace(**{"passive": False, "kind": "direct", "clauses": (CLAUSE,), **check})
    sent_again.tie(cast("Any", named), cast("Probe", probe))
    return outcome.violations[0].root


def test_what_does_not_come_again_has_a_root_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert root_after(monkeypatch, answered(1), [1, 2, 2]) == "answered-otherwise-again:two-outputs"


@pytest.mark.parametrize("answers", [[1, 2, 1, 2], [2, 2, 1, 1, 2], [2, 1, 1, 2]])
def test_what_comes_and_goes_has_a_root_of_its_own(monkeypatch: pytest.MonkeyPatch, answers: list[int]) -> None:
    assert root_after(monkeypatch, answered(1), answers) == sent_again.BY_TURNS


@pytest.mark.parametrize("answers", [[1, 1, 1], [2, 3, 4]])
def test_what_comes_again_or_varies_keeps_its_root(monkeypatch: pytest.MonkeyPatch, answers: list[int]) -> None:
    assert root_after(monkeypatch, answered(1), answers) == "two-outputs"


@pytest.mark.parametrize(
    "recorded",
    [
        answered(1, url="http://t/v2/models/m"),
        answered(1, body=b'{"parameters":{"sequence_id":1}}'),
        dataclasses.replace(answered(1), status=500),
    ],
)
def test_other_requests_are_not_sent_again(monkeypatch: pytest.MonkeyPatch, recorded: Exchange) -> None:
    assert root_after(monkeypatch, recorded, []) == "two-outputs"


def test_a_large_answer_is_neither_compared_nor_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_again, "LARGEST", 10)
    assert root_after(monkeypatch, answered(1), [1, 2, 2]) == "two-outputs"


def test_an_answer_that_costs_too_much_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: allow(MEMORY))
    allow(0)
    assert root_after(monkeypatch, answered(1), [1, 2, 2]) == "two-outputs"


def test_samplings_and_clauses_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert root_after(monkeypatch, answered(1), [], kind="sampling") == "two-outputs"
    assert root_after(monkeypatch, answered(1), [], clauses=()) == "two-outputs"
