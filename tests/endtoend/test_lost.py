"""An endpoint, or a tester, gone before the end: one true sentence, no clause blamed, nothing claimed for it."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.unpack import PackReader
from tests.endtoend.mortal import Mortal, after_requests
from tests.endtoend.running import PYTEST, ROOT, probe

pytestmark = pytest.mark.slow

POLICY = """
[endpoint]
patience = {patience}
[budget]
request_timeout = 2.0
"""
MODEL = ("--models", "pair")
RUN = ("--oip-model", "pair", "--oip-profile", "quick", "--oip-suite", "conformance", "--oip-suite", "security")
# Requests that such a run makes are about twice as many.
MOMENTS = random.Random(15).sample(range(5, 700), 30)


def moments(first: int = 1) -> list[Any]:
    """Thirty moments, by the number of requests before it; all but the first few only in the whole battery."""
    return [
        pytest.param(moment, id=f"after-{moment}", marks=[] if place < first else [pytest.mark.battery])
        for place, moment in enumerate(MOMENTS)
    ]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run that nothing disturbs."""
    with Mortal(MODEL) as server:
        folder = tmp_path_factory.mktemp("whole") / "evidence"
        return probe(server.url, folder, "--oip-grpc", server.grpc, *RUN).evidence


def policy(folder: Path, patience: float = 1.0) -> list[str]:
    """Options with a policy that does not wait for long."""
    path = folder / "policy.toml"
    path.write_text(POLICY.format(patience=patience))
    return ["--oip-policy", str(path)]


def supported(document: dict[str, Any]) -> set[str]:
    """Duties that anything speaks for."""
    return {row["id"] for row in document["duties"] if row["state"] == "supported"}


def failed_clauses(document: dict[str, Any]) -> list[str]:
    """Clauses of the protocol that are said to be broken."""
    return [row["id"] for row in document["catalogue"]["clauses"] if row["verdict"] in ("fail", "warn")]


def assert_honest(document: dict[str, Any], whole: dict[str, Any], *, short: bool) -> None:
    """No clause is blamed, nothing gains, and where items are missing the document says how many."""
    assert failed_clauses(document) == []
    assert supported(document) <= supported(whole)
    run, missing = document["run"], [item for group in document["run"]["unreached"] for item in group["items"]]
    assert document["report"]["cut_short"] is short
    assert run["planned"] - run["carried_out"] == len(missing)
    assert bool(missing) is short
    if short:
        said = document["report"]["cut_short_reason"]
        assert f"{run['carried_out']} of {run['planned']} planned checks" in said
        assert document["summary"]["statements"][0].startswith("Cut short:")


def assert_verifies(folder: Path) -> None:
    """The bundle is whole."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "verify", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("moment", moments(2))
def test_killed_for_good(moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()
    with Mortal(MODEL) as server:
        watcher = after_requests(folder, moment, server.kill, over)
        ran = probe(server.url, folder, "--oip-grpc", server.grpc, *RUN, *policy(tmp_path))
        over.set()
        watcher.join(10)
    document = ran.evidence
    assert_honest(document, whole, short=True)
    (incident,) = document["run"]["incidents"]
    assert incident["kind"] == "gone"
    assert incident["back_after_s"] is None
    assert ran.output.count("did not come back within 1 s") >= 1
    findings = [each for each in document["summary"]["findings"] if each["verdict"] == "fail"]
    assert [each["clauses"] for each in findings] == [["policy:no-crash"]]
    assert ran.code == 1
    assert_verifies(folder)


@pytest.mark.parametrize("moment", moments(2))
def test_killed_and_started_again(moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()
    with Mortal(MODEL, supervised=True) as server:
        watcher = after_requests(folder, moment, server.kill, over)
        ran = probe(server.url, folder, "--oip-grpc", server.grpc, *RUN, *policy(tmp_path, 20.0))
        over.set()
        watcher.join(10)
        assert server.deaths == 1
    document = ran.evidence
    assert_honest(document, whole, short=False)
    (incident,) = document["run"]["incidents"]
    assert incident["back_after_s"] is not None
    findings = [each for each in document["summary"]["findings"] if each["verdict"] == "fail"]
    assert [each["clauses"] for each in findings] == [["policy:no-crash"]]
    assert ran.code == 1


@pytest.mark.parametrize("moment", moments())
def test_stopped_and_resumed(moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()
    with Mortal(MODEL) as server:
        watcher = after_requests(folder, moment, lambda: server.pause(5.0), over)
        ran = probe(server.url, folder, "--oip-grpc", server.grpc, *RUN, *policy(tmp_path, 20.0))
        over.set()
        watcher.join(10)
    document = ran.evidence
    assert_honest(document, whole, short=False)
    assert {each["kind"] for each in document["run"]["incidents"]} <= {"silent"}
    assert [each for each in document["summary"]["findings"] if each["verdict"] == "fail"] == []
    assert ran.code == 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("moment", moments())
def test_interrupted(name: str, moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()
    with Mortal(MODEL) as server:
        command = [str(PYTEST), "--endpoint", server.url, "--oip-grpc", server.grpc, "--oip-evidence", str(folder)]
        process = subprocess.Popen([*command, *RUN, "-q"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        watcher = after_requests(folder, moment, lambda: process.send_signal(getattr(signal, name)), over)
        output, _ = process.communicate(timeout=300)
        over.set()
        watcher.join(10)
    assert process.returncode == 2, output.decode()
    if not (folder / "evidence.json").exists():
        # Before anything was planned: nothing was tested, and nothing is left that could be taken for evidence.
        assert not folder.exists()
        return
    document = json.loads((folder / "evidence.json").read_bytes())
    assert_honest(document, whole, short=True)
    assert f"the run ended before: {name}" in document["report"]["cut_short_reason"]
    assert_verifies(folder)


@pytest.mark.parametrize("moment", moments())
def test_the_tester_is_killed(moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    folder, over = tmp_path / "evidence", threading.Event()
    with Mortal(MODEL) as server:
        command = [str(PYTEST), "--endpoint", server.url, "--oip-grpc", server.grpc, "--oip-evidence", str(folder)]
        process = subprocess.Popen([*command, *RUN, "-q"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        watcher = after_requests(folder, moment, process.kill, over)
        process.communicate(timeout=300)
        over.set()
        watcher.join(10)
    assert process.returncode == -signal.SIGKILL
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_bytes().split(b"\n")[:-1]]
    named = {line["data"]["sha256"] for line in lines if line["kind"] == "exchange"}
    assert len(named) >= moment
    packed = {exchange.digest for exchange in PackReader(folder).exchanges()}
    assert named <= packed
    art15 = [sys.executable, "-m", "harness.cli"]
    reported = subprocess.run([*art15, "report", str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert reported.returncode == 0, reported.stderr
    assert_honest(json.loads((folder / "evidence.json").read_bytes()), whole, short=True)
    assert "cut short" in (folder / "annex.html").read_text().lower()
    verified = subprocess.run([*art15, "verify", str(folder)], cwd=ROOT, capture_output=True, text=True)
    # Right, but nothing shows whether lines were taken away.
    assert verified.returncode == 3, verified.stdout + verified.stderr


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_stopped_at_the_first_failure(option: str, whole: dict[str, Any], tmp_path: Path) -> None:
    with Mortal([*MODEL, "--fault", "drops-request-id"]) as server:
        ran = probe(server.url, tmp_path / "evidence", "--oip-grpc", server.grpc, *RUN, option)
    document = ran.evidence
    assert document["report"]["cut_short"] is True
    assert "stopping after 1 failures" in document["report"]["cut_short_reason"]
    assert supported(document) <= supported(whole)
    assert ran.code == 1


@pytest.mark.parametrize("moment", moments())
def test_budget(moment: int, whole: dict[str, Any], tmp_path: Path) -> None:
    with Mortal(MODEL) as server:
        ran = probe(server.url, tmp_path / "e", "--oip-grpc", server.grpc, *RUN, "--oip-max-requests", str(moment + 10))
    document = ran.evidence
    assert_honest(document, whole, short=True)
    assert "the budget was used up" in document["report"]["cut_short_reason"]
    assert ran.code == 0
