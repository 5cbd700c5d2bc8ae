"""The launcher: plans in, judged records out, and no process left whatever happens."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from harness.load.analysis.load_run import read_run
from harness.load.launch import Fleet, Progress, run_load
from harness.load.plan.load_plan import LoadCase, LoadPlan, ServiceLevel
from harness.load.plan.schedule import constant
from harness.verdicts import Verdict

pytestmark = pytest.mark.slow
SECRET = "Bearer launch-secret-5f2e"
PATIENCE_S = 30.0


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the id that was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"id": json.loads(body)["id"], "outputs": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def plan_for(port: int, seconds: float = 1.0, prefix: str = "aaaa0001") -> LoadPlan:
    case = LoadCase(name="tiny", path="/infer", before=b'{"id":"', after=b'"}')
    return LoadPlan(
        host="127.0.0.1", port=port, headers=(("Authorization", SECRET),), cases=(case,), prefix=prefix,
        schedule=constant(40.0, seconds),
        level=ServiceLevel(latency_s=2.0, percentile=0.5, confidence=0.9, min_requests=1),
    )  # fmt: skip


def gone(*pids: int) -> bool:
    """Whether all processes end soon; zombies have ended."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not any(running(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def killing(pid: int) -> Callable[[Progress], None]:
    """Kills a process as soon as the run says that it is under way."""
    left = [pid]

    def heard(_: Progress) -> None:
        if left:
            os.kill(left.pop(), signal.SIGKILL)

    return heard


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_fleet_carries_out_plan_after_plan(port: int, tmp_path: Path) -> None:
    seen: list[Progress] = []
    with Fleet(2) as fleet:
        runs = [fleet.run(plan_for(port, 1.2, f"aaaa000{n}"), tmp_path, seen.append) for n in range(2)]
        pids = fleet.pids
    assert [len(run.merged.rows) for run in runs] == [48, 48]
    assert all(run.answers[0] is Verdict.PASS and run.summary.ok == 48 for run in runs)
    assert all(run.outcome.verdict is not Verdict.FAIL for run in runs)
    assert [facts.worker for facts in runs[0].facts] == [0, 1]
    assert runs[0].start_ns is not None
    assert seen
    assert seen[-1].planned == 48
    assert len(pids) == 3
    assert gone(*pids)
    left = [path.read_bytes() for path in tmp_path.iterdir()]
    assert left
    assert not any(SECRET.encode() in data for data in left)


def test_a_killed_worker_makes_the_run_invalid_at_once(port: int, tmp_path: Path) -> None:
    with Fleet(2) as fleet:
        fleet.start()
        pids = fleet.pids
        begin = time.monotonic()
        run = fleet.run(plan_for(port, 120.0), tmp_path, killing(pids[2]))
        took = time.monotonic() - begin
    assert took < 60, "it ran on although a worker was dead"
    assert run.outcome.verdict is Verdict.TOOL_ERROR
    assert "worker-lost" in {reason.code for reason in run.outcome.invalid}
    assert any("exit code -9" in facts.lost for facts in run.facts)
    assert len(run.merged.missing)
    assert gone(*pids)


def test_a_dead_master_blames_nobody_and_the_next_run_starts_anew(port: int, tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        fleet.start()
        first = fleet.pids
        run = fleet.run(plan_for(port, 20.0), tmp_path, killing(first[0]))
        assert run.outcome.verdict is Verdict.TOOL_ERROR
        assert gone(*first)
        assert fleet.run(plan_for(port, prefix="aaaa0002"), tmp_path).summary.ok == 40


def test_a_tester_without_time_of_its_own_blames_nobody(port: int, tmp_path: Path) -> None:
    """Processes that compute without end on the tester's only processor make it late, and that is its own affair."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    hogs = []
    try:
        with Fleet(1) as fleet:
            fleet.start()
            hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
            os.sched_setaffinity(0, before)
            level = ServiceLevel(latency_s=0.3, percentile=0.9, confidence=0.9, min_requests=1)
            plan = msgspec.structs.replace(plan_for(port, 2.0), schedule=constant(200.0, 2.0), level=level)
            run = fleet.run(plan, tmp_path)
    finally:
        os.sched_setaffinity(0, before)
        for each in hogs:
            each.kill()
            each.wait()
    assert run.outcome.verdict is not Verdict.FAIL, run.outcome
    assert len(run.merged.rows) == 400


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_leaves_no_process_and_no_plan(port: int, tmp_path: Path, error: type[BaseException]) -> None:
    pids: tuple[int, ...] = ()
    fleet = Fleet(1)

    def stop(_: Progress) -> None:
        nonlocal pids
        pids = fleet.pids
        raise error

    with pytest.raises(error):
        fleet.run(plan_for(port, 10.0), tmp_path, stop)
    assert fleet.pids == ()
    assert pids
    assert gone(*pids)


LAUNCHER = """
import sys, threading, msgspec
from pathlib import Path
from harness.load.launch import Fleet
from harness.load.plan.load_plan import read_plan
fleet = Fleet(1)
fleet.start()
print(*fleet.pids, flush=True)
fleet.run(read_plan(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def test_a_killed_launcher_takes_them_with_it(port: int, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plan_for(port, 30.0).write(plan)
    command = [sys.executable, "-c", LAUNCHER, str(plan), str(tmp_path / "series")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pids = [int(pid) for pid in launcher.stdout.readline().split()]
        home = Path(f"/proc/{pids[0]}/cwd").readlink()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not list((tmp_path / "series").glob("*.rec")):
            time.sleep(0.05)
        time.sleep(1.5)
        launcher.kill()
    assert len(pids) == 2
    assert gone(*pids)
    assert not [path for path in home.rglob("*") if path.is_file()], "a plan holds credentials, what they said may"
    shutil.rmtree(home)


def test_nobody_listens(tmp_path: Path) -> None:
    run = run_load(plan_for(1), tmp_path)
    assert run.summary.ok == 0
    assert {error.kind for error in run.summary.errors} == {"refused"}
    assert run.answers[0] is Verdict.UNTESTABLE


def test_what_is_left_of_a_run_can_be_judged_again(port: int, tmp_path: Path) -> None:
    plan = msgspec.structs.replace(plan_for(port), workers=1)
    run = run_load(plan, tmp_path)
    assert read_run(run.plan, tmp_path).summary == run.summary

    with contextlib.suppress(FileNotFoundError):
        (tmp_path / f"run-facts-{plan.prefix}-0.json").unlink()
    assert read_run(run.plan, tmp_path).outcome.verdict is not Verdict.FAIL
