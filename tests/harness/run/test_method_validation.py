"""What a check is said to have been seen to find: what the committed result of validation has, and no more."""

from __future__ import annotations

import json

import pytest

from harness.check import REGISTRY
from harness.run import method_validation
from harness.run.checks import load_checks
from harness.run.method_validation import NO_VALIDATION, RESULT, faults_found
from harness.run.terminal.explaining import explanation

load_checks()
BUILTIN = [check for check in REGISTRY if check.builtin]
UNSHOWN = "not yet shown"


def test_a_fault_is_found_once_the_committed_result_says_so() -> None:
    parts = json.loads(RESULT.read_bytes())["parts"]
    for check in BUILTIN:
        rows = parts["load" if check.suite == "load" else "faults"]["checks"]
        found = rows.get(check.slug, {}).get("found", {})
        assert faults_found(check) == tuple(name for name in check.faults if found.get(name)), check.slug
        said = method_validation.method_validation(check) or UNSHOWN
        assert (UNSHOWN in said) is not bool(faults_found(check)), check.slug


def test_without_a_result_nothing_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method_validation, "_document", lambda: NO_VALIDATION)
    assert not any(map(faults_found, BUILTIN))


def test_an_explanation_tells_what_was_found_from_what_is_only_named() -> None:
    for check in BUILTIN:
        told = "".join(explanation(check.slug).split())
        found = faults_found(check)
        named = [each for each in check.faults if each not in found]
        assert f"showntofailon:{','.join(found) or 'noseededfaultyet'}" in told, check.slug
        assert told.endswith(f"committedvalidation:{','.join(named)}" if named else ",".join(found) or "yet"), (
            check.slug
        )
