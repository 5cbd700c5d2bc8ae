"""A sealed plan and its ledger, as a user meets them: planned, run, changed, killed, given up."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.bundle.ledger import LEDGER, LedgerReading, read_ledger
from harness.cli import main
from harness.run.embedded import EmbeddedServer
from reports.seal.planned import ledger_beside, read_sealed
from reports.verification.anchoring import Expected
from reports.verification.verify import verify
from tests.endtoend.running import PYTEST, Ran, probe

pytestmark = pytest.mark.slow

ASKED = ("--oip-model", "echo-fp32", "--oip-suite", "provenance")
POLICY = "[report]\nresponsible = ['A. Lovelace']\n[load]\nlatency = 0.2\n"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that keeps every clause."""
    with EmbeddedServer(["--models", "echo-fp32"]) as running:
        yield running.url


@pytest.fixture
def plan(server: str, tmp_path: Path) -> Path:
    """A sealed plan for it."""
    (tmp_path / "policy.toml").write_text(POLICY)
    done = planned(server, tmp_path)
    assert done.exit_code == 0, done.output
    return tmp_path / "plan.json"


def planned(server: str, folder: Path) -> Result:
    """What comes of ``art15 plan``."""
    options = ["--endpoint", server, "--oip-policy", str(folder / "policy.toml"), *ASKED]
    return CliRunner().invoke(main, ["plan", *options, "-o", str(folder / "plan.json")])


def run(server: str, plan: Path, name: str, *more: str) -> Ran:
    policy = ("--oip-policy", str(plan.parent / "policy.toml"))
    return probe(server, plan.parent / name, *ASKED, *policy, "--oip-plan", str(plan), *more)


def ledger(plan: Path) -> LedgerReading:
    return read_ledger(ledger_beside(plan).read_bytes())


def test_a_run_is_held_to_its_plan(server: str, plan: Path) -> None:
    assert planned(server, plan.parent).exit_code == 3  # nothing is written over
    first = run(server, plan, "a", "--oip-max-requests", "500")
    assert first.code == 0, first.output
    sealed = first.evidence["plan"]["sealed"]
    assert (sealed["number"], sealed["deviations"]) == (1, ["budget.requests: planned nothing, now 500"])
    assert "otherwise than sealed: budget.requests: planned nothing, now 500" in first.evidence["run"]["deviations"]
    assert (first.folder / LEDGER).is_file()
    found = verify(first.folder, Expected(plan=read_sealed(plan), head=ledger(plan).head))
    assert (found.problems, found.unchecked) == ([], [])
    refused = run(server, plan, "b", "--oip-seed", "3", "--oip-allow", "stress", "-k", "version")
    assert refused.code == 4
    for named in ("seed: planned 15, now 3", "allow: planned [], now ['stress']", "selection: planned nothing, now -k"):
        assert named in refused.output
    (plan.parent / "policy.toml").write_text(POLICY.replace("0.2", "0.3"))
    refused = run(server, plan, "b")
    assert refused.code == 4
    assert "policy.load.latency: planned 0.2, now 0.3" in refused.output
    assert not refused.folder.exists()
    assert len(ledger(plan).runs) == 1


def test_every_run_stays(server: str, plan: Path) -> None:
    """One that is killed, and one that comes to its end and tells of it."""
    command = [PYTEST, "--endpoint", server, *ASKED, "--oip-policy", plan.parent / "policy.toml"]
    command += ["--oip-plan", plan, "--oip-evidence", plan.parent / "killed", "--oip-max-rate", "1"]
    killed = subprocess.Popen([str(each) for each in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (plan.parent / "killed" / "journal.jsonl").exists():
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    told = run(server, plan, "told")
    assert told.code == 0, told.output
    reading = ledger(plan)
    assert [run.ending.ended if run.ending else None for run in reading.runs] == [None, "finished"]
    assert told.evidence["plan"]["sealed"]["unended"] == [reading.runs[0].run]
    (gap,) = (row for row in told.evidence["silence"] if row["kind"] == "runs_of_plan")
    assert "This is run 2" in gap["reason"]


def test_a_run_that_finds_nothing_stays_as_well(tmp_path: Path) -> None:
    """It had begun when it found that nobody answers."""
    (tmp_path / "policy.toml").write_text(POLICY)
    nobody = "http://127.0.0.1:9"
    assert planned(nobody, tmp_path).exit_code == 0  # nothing is sent
    plan = tmp_path / "plan.json"
    assert run(nobody, plan, "lost").code == 4
    (only,) = ledger(plan).runs
    assert only.ending is not None
    assert only.ending.ended == "abandoned before its first check"


def test_a_run_needs_its_ledger(server: str, plan: Path) -> None:
    path = ledger_beside(plan)
    path.write_bytes(path.read_bytes()[:-3])
    refused = run(server, plan, "a")
    assert refused.code == 4
    assert f"{path}: line 1 is cut" in refused.output
    assert not refused.folder.exists()
