"""Drills in a whole run: a replica behind a real balancer is frozen, and every request is accounted for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from reports.verification.verify import verify
from tests.endtoend.running import ROOT, Ran, probe
from tests.harness.drills.conftest import until
from tests.ports import free_ports

CHECK = "failover-drills[pair]"
PHASES = ("before", "during", "after")
FATES = ("correct", "refused", "failed", "wrong", "lost")
STOP = "{kind = 'stop', process = {replica = 'r1'}}"
# A busy machine makes the tester late; only a second counts as slow then.
LIMITS = "max_failed = 0\nmax_recovery_s = 4.0\nafter_s = 12.0\ntimeout_s = 1.0"


def drilled(folder: Path, fault: str, *, balancer: str, allow: str = "faults", limits: str = LIMITS) -> Ran:
    """The evidence of a run with one drill."""
    policy = folder / "policy.toml"
    table = f"[[drills]]\nname = 'one'\nrate = 100\nhold_s = 3.0\n{limits}\nfault = {fault}\n"
    # A drill may be quiet for longer than other checks.
    policy.write_text(f"[budget]\ncheck_seconds = 4.0\n{table}")
    return probe(
        f"embedded-cluster:{balancer}", folder / "evidence", "--oip-model", "pair", "--oip-policy", str(policy),
        "--oip-allow", allow, "-k", "failover-drills",
    )  # fmt: skip


def serves(ready: str) -> bool:
    """Whether an address of readiness answers 200."""
    try:
        return httpx.get(ready, timeout=1.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def only(run: Ran) -> dict[str, Any]:
    """The one repetition of the one drill of a run; what a slow tester has spoilt is repeated."""
    (drill,) = run.evidence["drills"]
    (done,) = (each for each in drill["repetitions"] if each["ending"] != "invalid")
    found: dict[str, Any] = done
    return found


def bad(account: dict[str, Any]) -> int:
    """Requests that were not correct, of an account that closes."""
    for each in PHASES:
        assert account[each]["sent"] == sum(account[each][fate] for fate in FATES)
        assert account[each]["unsent"] == 0
    return sum(account[each]["sent"] - account[each]["correct"] for each in PHASES)


def test_a_frozen_replica_behind_a_balancer_that_does_not_look(tmp_path: Path) -> None:
    run = drilled(tmp_path, STOP, balancer="haproxy-loses")
    assert run.verdicts[CHECK] == "fail", run.output
    done = only(run)
    assert done["ending"] == "carried out"
    assert bad(done["account"]) > 0
    assert bad(dict.fromkeys(PHASES, done["account"]["before"])) == 0
    assert "max_failed" in done["broken"]
    assert "drill-costs-too-much:one" in (tmp_path / "evidence" / "journal.jsonl").read_text()
    _shown(run)


def _shown(run: Ran) -> None:
    """The page has the drill with its pictures, in tenths of a second, and all of it follows from the record."""
    page = (run.folder / "annex.html").read_text()
    assert '<h3 id="drill-1-one">' in page
    assert page.partition('id="drills"')[2].partition("</section>")[0].count('<img class="picture"') == 1
    done = only(run)
    (load,) = (each for each in run.evidence["series"] if each["run"] == done["run"])
    assert load["points"]["step_s"] == pytest.approx(0.1)
    assert sum(load["points"]["failed"]) == bad(done["account"])
    assert verify(run.folder).problems == []


@pytest.mark.slow
def test_the_same_behind_one_that_tries_again(tmp_path: Path) -> None:
    run = drilled(tmp_path, STOP, balancer="haproxy-good", limits=f"{LIMITS}\nmax_twice = 0")
    assert run.verdicts[CHECK] == "fail", run.output
    done = only(run)
    assert bad(done["account"]) == 0
    # At least once is the price: what the frozen replica had taken, another answered.
    assert done["executions"]["twice"] > 0
    assert done["broken"] == ["max_twice"]


@pytest.mark.slow
def test_a_replica_that_comes_back_with_other_weights(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = f"exec {sys.executable} -m harness.reference --models pair --port {port} --grpc-port 0"
    # The first start is that of the test; each later one is that of the drill.
    (tmp_path / "serve.sh").write_text(f"echo $$ > pid\ncd {ROOT}\n{server} $1\n")
    start, ready = "['sh', 'serve.sh', '--fault=wrong-on-long-connections']", f"http://127.0.0.1:{port}/v2/health/ready"
    policy = tmp_path / "policy.toml"
    policy.write_text(
        "[[drills]]\nname = 'one'\nrate = 50\nhold_s = 1\nafter_s = 4\n"
        f"fault = {{kind = 'restart', process = {{pid_file = 'pid', start = {start}, ready = '{ready}'}}}}\n"
    )
    with subprocess.Popen(["sh", "serve.sh"], cwd=tmp_path):
        try:
            assert until(lambda: serves(ready), 30)
            run = probe(
                f"http://127.0.0.1:{port}", tmp_path / "evidence", "--oip-model", "pair", "--oip-policy", str(policy),
                "--oip-allow", "faults", "-k", "failover-drills",
            )  # fmt: skip
        finally:
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    assert run.verdicts[CHECK] == "fail", run.output
    account = only(run)["account"]
    assert bad(account) > 0
    assert account["after"]["wrong"] > 0
    assert account["before"]["wrong"] == 0


@pytest.mark.slow
def test_a_control_finds_nothing(tmp_path: Path) -> None:
    run = drilled(tmp_path, "{kind = 'none'}", balancer="envoy-good")
    assert run.verdicts[CHECK] == "pass", run.output
    done = only(run)
    assert (bad(done["account"]), done["executions"]["twice"]) == (0, 0)


@pytest.mark.slow
def test_a_hook_that_cannot_take_back_is_the_testers_failure(tmp_path: Path) -> None:
    hooks = "{kind = 'hooks', inject = ['true'], revert = ['false']}"
    run = drilled(tmp_path, hooks, balancer="envoy-good")
    assert run.verdicts[CHECK] == "tool_error", run.output
    assert "not taken back" in run.output


def test_nothing_is_caused_without_permission(tmp_path: Path) -> None:
    run = drilled(tmp_path, STOP, balancer="envoy-good", allow="load")
    assert run.evidence["drills"] == []
    assert CHECK not in run.verdicts
