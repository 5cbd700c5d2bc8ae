"""Whatever the endpoint does, a run ends in bounded time and memory, with a verdict and evidence that verifies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.endtoend.running import ROOT, probe
from tests.harness.wire.hostile import HostileServer

pytestmark = pytest.mark.slow

BEHAVIOURS = (
    "never-answers",
    "drip-header",
    "drip-body",
    "drip-1xx",
    "endless-headers",
    "endless-chunked",
    "endless-length",
    "closes-at-once",
    "reset-at-9",
    "gzip-bomb",
    "length-too-long-held",
    "header-null",
)
# Longer than the tester reads: nobody's fault, so nothing is blamed, and the setting is named that would read more.
CUT = ("endless-chunked", "endless-length")
# Generous: the point is that there is a bound at all; a run that hangs would take for ever.
BOUND_SECONDS = 600
BOUND_KILOBYTES = 600_000


@pytest.mark.battery
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("named", [True, False], ids=["model named", "no model named"])
def test_hostile_endpoint_ends_in_a_verdict(behaviour: str, named: bool, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[budget]\nrequest_timeout = 0.5\nbody_mebibytes = 1\n[endpoint]\nwarm_up = 2\npatience = 2\n")
    arguments = ["--oip-policy", str(policy), *(["--oip-model", "iris"] if named else [])]
    begin = time.monotonic()
    with HostileServer(behaviour) as url:
        ran = probe(url, tmp_path / "evidence", *arguments)
    assert time.monotonic() - begin < BOUND_SECONDS
    assert ran.peak_kilobytes < BOUND_KILOBYTES
    assert "INTERNALERROR" not in ran.output
    assert "Traceback" not in ran.output
    if ran.code == 4:
        # The endpoint answered something, but nothing that names a model: asking for one is right.
        assert "--oip-model" in ran.output or "does not speak HTTP" in ran.output
        return
    # What could not be tested is red where it was asked for by name.
    assert ran.code == (0 if behaviour in CUT and not named else 1), ran.output
    assert "tool_error" not in ran.verdicts.values()
    if behaviour in CUT:
        assert any("_mebibytes in the policy" in check["reason"] for check in ran.evidence["checks"])
    else:
        assert "fail" in ran.verdicts.values()
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "verify", str(ran.folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
