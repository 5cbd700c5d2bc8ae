"""locust's face: alone, over workers, and with a worker killed. Real locust processes against a small server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.load.plan.load_plan import Connections, LoadPlan
from harness.load.records.rows import Status, merge
from harness.run.bundles.load_bundle import NoRuns, bundle_of, is_series
from reports.bundle import finish
from reports.verification.verify import verify
from tests.harness.load.engines import ROOT, plan_for
from tests.harness.load.hostile_server import answer, body_of, http, serving
from tests.ports import free_port

pytestmark = pytest.mark.slow
FILE = ROOT / "harness" / "load" / "locust" / "locustfile.py"


def every_tenth_fails(connection: socket.socket, body: bytes, number: int) -> bool:
    bad = number % 10 == 9
    head = b"HTTP/1.1 503 Busy" if bad else b"HTTP/1.1 200 OK"
    connection.sendall(answer(body_of(body), head=head))
    return True


def locust(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "locust", "-f", str(FILE), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = (folder / f"log-{time.monotonic_ns()}").open("w")
    with log:
        return subprocess.Popen(command, cwd=folder, env=environment, text=True, stdout=log, stderr=log)


def logs(folder: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("log-*")))


def arguments(plan: LoadPlan, folder: Path) -> list[str]:
    plan.write(folder / "plan.json")
    given = [
        "--host",
        "http://127.0.0.1:1",
        "--headless",
        "--oip-plan",
        str(folder / "plan.json"),
        "--json-file",
        "out",
    ]
    return [*given, "--oip-series", str(folder / "series"), "--exit-code-on-error", "1"]


def agree(folder: Path, plan: LoadPlan) -> None:
    """locust's counts are those of the records."""
    paths = sorted((folder / "series").glob("load-*.rec"))
    planned = len(plan.workload()[0])
    merged = merge(paths, planned, plan.workers, plan.digest)
    assert len(merged.rows) == planned
    assert not len(merged.missing)
    (entry,) = json.loads((folder / "out.json").read_text("utf-8"))
    assert entry["num_requests"] == planned
    assert entry["num_failures"] == int((merged.rows["status"] != Status.OK).sum()) > 0
    assert sum(entry["response_times"].values()) == planned


def shown(series: Path, plan: LoadPlan) -> None:
    """The records become a bundle that says what it is, once."""
    assert is_series(series)
    bundle = bundle_of(series)
    page = finish(bundle).read_text("utf-8")
    assert "Only load was measured" in page
    assert 'src="data:image/svg+xml;base64,' in (bundle / "annex.html").read_text("utf-8")
    assert not verify(bundle).problems
    (run,) = json.loads((bundle / "evidence.json").read_bytes())["series"]
    assert run["tried"] == len(plan.workload()[0])
    assert run["ok"] < run["tried"]
    assert bundle_of(series) == bundle
    assert not is_series(bundle)


def test_records_that_belong_to_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRuns):
        bundle_of(tmp_path)
    (tmp_path / "plan-0.json").write_text("{}")
    with pytest.raises(NoRuns, match="plan-0"):
        bundle_of(tmp_path)


def test_alone_it_agrees_with_its_records(tmp_path: Path) -> None:
    with serving(http(every_tenth_fails)) as port:
        plan = plan_for(port, rate=200, seconds=1, connections=Connections(cap=64, preconnect=4))
        process = locust(*arguments(plan, tmp_path), folder=tmp_path)
        assert process.wait(40) != 0, logs(tmp_path)
    agree(tmp_path, plan)
    assert "http_error 503" in logs(tmp_path)
    shown(tmp_path / "series", plan)


def test_two_workers_send_the_same_requests(tmp_path: Path) -> None:
    port = free_port()
    with serving(http(every_tenth_fails)) as target:
        plan = plan_for(target, rate=200, seconds=1, workers=2, connections=Connections(cap=64, preconnect=4))
        given = ["--master", "--master-bind-port", str(port), "--expect-workers", "2", *arguments(plan, tmp_path)]
        master = locust(*given, "--expect-workers-max-wait", "30", folder=tmp_path)
        workers = [locust("--worker", "--master-port", str(port), folder=tmp_path) for _ in range(2)]
        try:
            assert master.wait(60) != 0
            assert [worker.wait(20) for worker in workers] == [0, 0], logs(tmp_path)
        finally:
            for each in (master, *workers):
                each.kill()
                each.wait()
    agree(tmp_path, plan)


def test_a_killed_worker_makes_the_run_invalid_at_once(tmp_path: Path) -> None:
    port = free_port()
    with serving(http(every_tenth_fails)) as target:
        plan = plan_for(target, rate=100, seconds=120, workers=2)
        given = ["--master", "--master-bind-port", str(port), "--expect-workers", "2", *arguments(plan, tmp_path)]
        master = locust(*given, "--expect-workers-max-wait", "30", folder=tmp_path)
        workers = [locust("--worker", "--master-port", str(port), folder=tmp_path) for _ in range(2)]
        try:
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline and len(list((tmp_path / "series").glob("*.rec"))) < 2:
                time.sleep(0.1)
            time.sleep(1.5)
            workers[1].send_signal(signal.SIGKILL)
            killed = time.monotonic()
            while time.monotonic() < killed + 60 and "is lost: no word" not in logs(tmp_path):
                time.sleep(0.05)
            noticed = time.monotonic() - killed
            assert master.wait(30) == 3, logs(tmp_path)
        finally:
            for each in (master, *workers):
                each.kill()
                each.wait()
    assert noticed < 60, logs(tmp_path)
    assert "INVALID" in logs(tmp_path)
