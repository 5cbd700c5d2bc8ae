"""Counterexamples of real runs are small: what the report prints can be read, and sent again by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import probe

pytestmark = pytest.mark.slow

# None of these faults needs a large input to show: a value, a name or a shape does.
BYTES = 4096
FAULTS = (
    ("maximum-loses-one", "echo-int32", "adversarial-echo-unchanged"),
    ("float16-above-8-elements", "echo-grid", "adversarial-echo-unchanged"),
    ("text-normalised", "echo-bytes", "adversarial-echo-unchanged"),
    ("float-overflow-clipped", "echo-fp32", "adversarial-unholdable-not-replaced"),
    ("negative-dimensions-cancel", "echo-grid", "adversarial-invalid-refused"),
    ("malformed-error-quotes-last-request", "pair", "adversarial-errors-leak-nothing"),
    ("duplicate-keys-alternate", "pair", "adversarial-invalid-same-again"),
    ("empty-tensor-answers-previous", "pair", "adversarial-same-request-same-answer"),
)


@pytest.mark.parametrize(("fault", "model", "slug"), FAULTS)
def test_what_is_reported_is_small_and_kept(fault: str, model: str, slug: str, tmp_path: Path) -> None:
    with EmbeddedServer(["--fault", fault, "--models", model]) as server:
        ran = probe(server.url, tmp_path / "evidence", "-k", slug)
    check = next(each for each in ran.evidence["checks"] if each["slug"] == slug)
    assert check["verdict"] in ("fail", "warn"), check["reason"]
    assert check["counterexamples"]
    for found in check["counterexamples"]:
        assert 0 < found["shrunk_to"] <= BYTES
        assert len(found["observed"]) < BYTES
        assert len(json.dumps(found)) < 4 * BYTES
