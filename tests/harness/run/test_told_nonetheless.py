"""What was on record before an endpoint was lost is judged; that nothing was is no pass."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from harness.check import Check
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.memory import Memory
from harness.judging.passive.sightings import Sightings
from harness.outcome import Outcome
from harness.probing.probe import Probe
from harness.record.redact import Redactor
from harness.run.checks import load_checks
from harness.run.one_check import told_nonetheless
from harness.verdicts import Level, Verdict
from harness.wire.ahead import Ahead
from tests.harness.judging.passive.answers import PYTHON, rest


@pytest.fixture(scope="module")
def check() -> Check:
    """A check that sends nothing."""
    found = load_checks()[0].checks["security-no-answer-tells-of-inside"]
    assert found.passive
    return found


def probe_of(check: Check, text: str) -> Probe:
    """A probe of a run in which one error with that text was recorded."""
    seen = Sightings(Redactor())
    seen.look(rest(400, {"error": text}), "a")
    memory = Memory()
    memory.keep(seen)
    endpoint = cast("Endpoint", SimpleNamespace(memory=memory, ahead=Ahead([])))
    return Probe(check, endpoint, Outcome(dict.fromkeys(check.asked, Level.SHOULD)))


def test_what_was_seen_stands(check: Check) -> None:
    probe = probe_of(check, PYTHON)
    assert told_nonetheless(check, probe)
    assert probe.outcome.verdict() is Verdict.WARN


def test_nothing_seen_is_no_pass(check: Check) -> None:
    probe = probe_of(check, "x is no input")
    assert not told_nonetheless(check, probe)
    assert probe.outcome.verdict() is Verdict.UNTESTABLE
