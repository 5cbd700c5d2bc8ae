"""What is remembered of all that was seen."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness import check as checks
from harness.endpoint.memory import Memory
from harness.judging.passive import sightings as module
from harness.judging.passive.reporting import in_words, report_sightings
from harness.judging.passive.sightings import ROOTS, Sightings
from harness.probing.probe import Probe
from harness.record.intent import meant
from harness.record.redact import Redactor
from tests.harness.judging.passive.answers import PYTHON, grpc, rest

DISCLOSURE, SECRET = "advice:no-disclosure", "advice:no-secrets"


def test_alike_answers_are_one_sighting_with_a_count_and_its_checks() -> None:
    seen = Sightings(Redactor())
    for number in range(100):
        answer = rest(400, {"error": f"request {number}: {PYTHON}"})
        seen.look(replace(answer, n=number), "one" if number < 60 else "other")
    (found,) = seen.of("rest", DISCLOSURE)
    assert (found.count, len(found.examples), list(found.checks)) == (100, 1, ["one", "other"])
    assert "(100 answers, met in one, other)" in in_words(found)
    assert seen.of("grpc", DISCLOSURE) == []


def test_an_echo_does_not_hide_the_same_words_later() -> None:
    seen = Sightings(Redactor())
    answer = rest(400, {"error": PYTHON})
    seen.look(replace(answer, request_body=json.dumps({"id": PYTHON}).encode()), "echo")
    assert seen.of("rest", DISCLOSURE) == []
    seen.look(answer, "real")
    assert [list(each.checks) for each in seen.of("rest", DISCLOSURE)] == [["real"]]


def test_what_was_meant_as_valid_is_told_apart() -> None:
    seen = Sightings(Redactor())
    seen.look(rest(500, {"error": "x"}), "a")
    with meant("valid"):
        seen.look(rest(500, {"error": "x"}), "b")
    assert len(seen.of("rest", "REST-ERR-05")) == 2


def test_what_the_protocol_leaves_open_breaks_nothing() -> None:
    seen = Sightings(Redactor(), open_checks=["asks-what-is-open"])
    seen.look(rest(500, {"error": "x"}), "asks-what-is-open[iris]")
    with meant("open"):
        seen.look(rest(500, {"error": "x"}), "another")
    assert seen.of("rest", "REST-ERR-05") == []


def test_secrets_are_kept_out_of_what_is_written_next() -> None:
    redactor = Redactor()
    seen = Sightings(redactor)
    seen.look(rest(400, {"error": "AKIAIOSFODNN7EXAMPLE"}), "a")
    assert "AKIAIOSFODNN7EXAMPLE" not in redactor.text("AKIAIOSFODNN7EXAMPLE")
    assert seen.of("rest", SECRET)[0].count == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHAPES", 50)
    seen = Sightings(Redactor())
    for number in range(400):
        member = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        seen.look(rest(422, {member: "x"}), "a")
    assert len(seen.of("rest", "REST-ERR-02")) == ROOTS
    assert len(seen._shapes) <= 50


def test_a_defect_of_the_look_is_the_testers(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "look_at", broken)
    seen = Sightings(Redactor())
    seen.look(rest(400, {"error": "x"}), "a")
    memory = Memory()
    memory.keep(seen)
    probe = cast("Probe", SimpleNamespace(endpoint=SimpleNamespace(memory=memory)))
    with pytest.raises(checks.TesterFailed, match="ZeroDivisionError"):
        report_sightings(probe, "rest", DISCLOSURE, "nothing")


def test_answers_and_errors_are_counted_by_transport() -> None:
    seen = Sightings(Redactor())
    for answer in (rest(200, {}), rest(400, {"error": "x"}), grpc("OK"), replace(rest(), status=None)):
        seen.look(answer, None)
    assert (seen.answers["rest"], seen.errors["rest"], seen.answers["grpc"], seen.errors["grpc"]) == (2, 1, 1, 0)
